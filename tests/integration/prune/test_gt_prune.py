"""gt-prune on what gt-batch and gt-produce leave: previewed, removed, remembered."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from pydantic import SecretStr

from gt_common.batches import batch_journal, batch_lock
from gt_common.errors import UsageError
from gt_common.files import locked
from gt_common.ledger import open_ledger
from gt_common.messages import BatchOpened, BatchStories, StoryEntry, StorySucceeded
from gt_common.settings import Settings
from gt_consumer.prune import command
from gt_consumer.storage.batch_files import Entry
from gt_producer.produce.journal import Journal
from gt_producer.produce.journal_state import Header
from support.fleet import BIN, TESTS
from support.samples.batches import SCRIPTED, gt_batch, ledger_url, no_broker, write_list
from support.samples.events import NOON

Captured = pytest.CaptureFixture[str]
LONG_AGO = {"at": NOON.replace(year=2020)}


def run(environment: Mapping[str, str], name: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [BIN / name, *arguments],
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        cwd=TESTS,
    )


def prune(
    folder: Path, capsys: Captured, older_than: str = "90d", ledger: str = "", **given: bool
) -> tuple[int, str, str]:
    """Run gt-prune in this process; return its exit code and what it printed and said."""
    settings = Settings(
        ledger_url=SecretStr(ledger or ledger_url(folder)),
        output=folder / "outputs",
        state_dir=folder / "state",
    )
    capsys.readouterr()
    code = command.run(command.Request(older_than, **({"yes": True} | given)), settings, lambda _: False)
    return code, *capsys.readouterr()


def files(folder: Path) -> set[str]:
    found = (path.relative_to(folder) for path in folder.rglob("*") if path.is_file())
    return {str(path) for path in found if path.parts[0] != "ledger.db"}


def old_batch(folder: Path, batch_id: str, url: str) -> None:
    """Store an old batch whose story succeeded, in the ledger and in a journal."""
    story = {"story_id": f"{batch_id}-1", "position": 1, "url": url}
    with open_ledger(ledger_url(folder)) as ledger:
        ledger.apply(
            [
                BatchOpened(batch_id=batch_id, total=1, **LONG_AGO),
                BatchStories(batch_id=batch_id, stories=(StoryEntry(**story),), **LONG_AGO),
                StorySucceeded(batch_id=batch_id, output_path="/elsewhere/x.mp4", **story, **LONG_AGO),
            ]
        )
    with Journal.open(folder / "state" / "journals", batch_id) as journal:
        journal.begin(Header(batch_id, "gt", "f"))
        journal.seal()
    os.utime(batch_journal(folder / "state", batch_id), (0, 0))


def test_a_batch_of_gt_batch_is_forgotten_and_its_stories_still_count_as_made(
    tmp_path: Path, capsys: Captured
) -> None:
    environment = no_broker(tmp_path)
    stories = write_list(tmp_path, [{}, {}])
    made = gt_batch(environment, "-f", str(stories), "--batch-id", "one", *SCRIPTED)
    assert made.returncode == 0, made.stderr
    old_batch(tmp_path, "other", "https://redd.it/zzz")
    other = run(environment, "gt-report", "other", "--json").stdout
    before = files(tmp_path)

    plan = json.loads(prune(tmp_path, capsys, "0s", dry_run=True, as_json=True)[1])
    assert plan["dry_run"]
    assert [(one["batch_id"], one["total"], one["files"]) for one in plan["batches"]] == [
        ("other", 1, 1),
        ("one", 2, 2),
    ]
    assert plan["file_bytes"] > 0
    assert files(tmp_path) == before, "a dry run changes nothing"
    with pytest.raises(UsageError, match="add -y, or preview it with -n"):
        prune(tmp_path, capsys, "0s", yes=False)

    # The other batch is being published again, so it is kept.
    with locked(batch_journal(tmp_path / "state", "other"), append=True):
        code, out, _ = prune(tmp_path, capsys, "0s", as_json=True)
    assert code == 0
    document = json.loads(out)
    assert [one["batch_id"] for one in document["batches"]] == ["one"]
    assert document["kept"] == [{"batch_id": "other", "reason": "a gt-produce is publishing it"}]
    assert files(tmp_path) == before - {"outputs/one/batch.log", "state/batches/one.json"}
    assert run(environment, "gt-report", "other", "--json").stdout == other
    shown = run(environment, "gt-report", "one")
    assert shown.returncode == 6
    assert "'one' was removed by gt-prune" in shown.stderr

    listed = json.loads(gt_batch(environment, "-f", str(stories), "-n", "--json", *SCRIPTED).stdout)
    assert [one["batch_id"] for one in listed["already_made"]] == ["one", "one"]
    assert "video_removed_at" not in listed["already_made"][0]
    resumed = gt_batch(environment, "--resume", "one")
    assert (resumed.returncode, "was removed by gt-prune" in resumed.stderr) == (6, True)
    for refused in (
        gt_batch(environment, "-f", str(stories), "--batch-id", "one", "--force", *SCRIPTED),
        run(environment, "gt-produce", "-f", str(stories), "--batch-id", "one", "--dry-run"),
    ):
        assert refused.returncode == 2
        assert "choose another batch id" in refused.stderr

    # A later run takes the videos along, and the stories still count as made.
    again = run(environment, "gt-prune", "--older-than", "300d", "--videos", "-y")
    assert again.returncode == 0, again.stderr
    assert "2 videos among them" in again.stderr
    assert not (tmp_path / "outputs" / "one").exists()
    compared = gt_batch(environment, "-f", str(stories), "-n", "--json", *SCRIPTED)
    listed = json.loads(compared.stdout)
    assert [bool(one["video_removed_at"]) for one in listed["already_made"]] == [True, True]
    assert "(video removed by gt-prune on " in compared.stderr
    assert prune(tmp_path, capsys, "300d", videos=True)[:2] == (0, "")


def test_a_batch_that_is_being_run_is_left_alone(tmp_path: Path, capsys: Captured) -> None:
    old_batch(tmp_path, "one", "https://redd.it/abc")
    before = files(tmp_path)
    (tmp_path / "state" / "batches").mkdir()
    with locked(batch_lock(tmp_path / "state", "one")):
        code, _, said = prune(tmp_path, capsys)
    assert code == 0
    assert "kept: batch one: a gt-batch is running it" in said
    assert files(tmp_path) == before
    # Published lately: the ledger may not have it yet.
    os.utime(batch_journal(tmp_path / "state", "one"))
    [kept] = json.loads(prune(tmp_path, capsys, dry_run=True, as_json=True)[1])["kept"]
    assert kept["reason"].startswith("gt-produce published stories of it on ")


@pytest.mark.postgres
def test_what_was_pruned_on_one_machine_is_cleared_up_on_another(
    tmp_path: Path, postgres_url: str, capsys: Captured
) -> None:
    one, two = (tmp_path / name for name in ("one", "two"))
    for folder in one, two:
        folder.mkdir()
        old_batch(folder, "b", "https://redd.it/abc")
        (folder / "ledger.db").unlink()
    with open_ledger(postgres_url) as ledger:
        story = StoryEntry(story_id="b-1", position=1, url="https://redd.it/abc")
        fields = {"batch_id": "b", "story_id": "b-1", "position": 1, "url": story.url}
        ledger.apply(
            [
                BatchOpened(batch_id="b", total=1, **LONG_AGO),
                BatchStories(batch_id="b", stories=(story,), **LONG_AGO),
                StorySucceeded(**fields, output_path="/elsewhere/x.mp4", **LONG_AGO),
            ]
        )
    for folder, removed in (one, "1 batch removed, "), (two, "1 batch of earlier runs completed, "):
        code, _, said = prune(folder, capsys, ledger=postgres_url)
        assert code == 0
        assert f"{removed}1 file" in said
        assert files(folder) == set()


def test_without_a_ledger_there_is_nothing_to_remove(tmp_path: Path, capsys: Captured) -> None:
    code, out, said = prune(tmp_path, capsys)
    assert (code, out) == (0, "")
    assert said.startswith("nothing to remove from before ")
    assert not (tmp_path / "ledger.db").exists()


def test_what_cannot_be_removed_is_said_and_the_rest_goes(tmp_path: Path, capsys: Captured) -> None:
    for batch_id in "ab":
        old_batch(tmp_path, batch_id, "https://redd.it/abc")
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(Entry, "remove", _refuse_the_first(Entry.remove))
        code, _, said = prune(tmp_path, capsys)
    assert code == 1
    assert "not removed: batch a: Operation not permitted" in said
    assert "2 batches removed, 1 file" in said
    # What was left is found again.
    assert prune(tmp_path, capsys)[0] == 0
    assert files(tmp_path) == set()


def _refuse_the_first(remove: Callable[[Entry], bool]) -> Callable[[Entry], bool]:
    refused: list[Entry] = []

    def removed(entry: Entry) -> bool:
        if not refused:
            refused.append(entry)
            raise PermissionError(1, "Operation not permitted")
        return remove(entry)

    return removed
