"""gt-batch --discover: finds stories, makes their videos, and does not find them again."""

from __future__ import annotations

from pathlib import Path

from support.reddit import FakeReddit
from support.samples.batches import gt_batch, no_broker

FAKE = ("--orchestrator", "support.orchestrators.fakes:success")


def test_found_stories_are_made_once(fake_reddit: FakeReddit, tmp_path: Path) -> None:
    fake_reddit.add("tifu", "one", title="TIFU by doing it", ups=5000)
    fake_reddit.add("AmItheAsshole", "two", title="AITA for this?", ups=4000)
    fake_reddit.add("tifu", "three", title="TIFU again", ups=3000)
    environment = no_broker(tmp_path, NO_PROXY="127.0.0.1")
    dry = gt_batch(environment, "--discover", "--limit", "2", "-n", *FAKE)
    assert dry.returncode == 0, dry.stderr
    assert len(dry.stdout.splitlines()) == 2
    assert not (tmp_path / "ledger.db").exists()
    first = gt_batch(environment, "--discover", "--limit", "2", "--batch-id", "b1", *FAKE)
    assert first.returncode == 0, first.stderr
    assert len(list((tmp_path / "outputs" / "b1").glob("*.mp4"))) == 2
    second = gt_batch(environment, "--discover", "--limit", "2", "--batch-id", "b2", *FAKE)
    assert second.returncode == 0, second.stderr
    assert len(list((tmp_path / "outputs" / "b2").glob("*.mp4"))) == 1
    third = gt_batch(environment, "--discover", *FAKE)
    assert third.returncode == 0, "a search that finds nothing new is not an error"
    assert third.stderr.splitlines()[-1] == "nothing to do: no stories are left to make"
    assert third.stdout == ""
