"""gt-batch tells how its batch went, and says what it could not tell."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from support.notified import NotifiedServer
from support.samples.batches import SCRIPTED, gt_batch, no_broker, write_list


@pytest.fixture
def server() -> Iterator[NotifiedServer]:
    """Yield a running server."""
    with NotifiedServer.run() as server:
        yield server


def test_it_tells_the_first_cause_the_end_and_the_end_of_a_retry(
    server: NotifiedServer, tmp_path: Path
) -> None:
    environment = no_broker(tmp_path, GT_NOTIFY=f"{server.url('phone')},{server.url('dead')}")
    server.answers["dead"] = 500
    listed = write_list(tmp_path, [{"do": "permanent"}, {"do": "permanent"}, {}])
    done = gt_batch(environment, "-f", str(listed), "--batch-id", "b1", *SCRIPTED)
    assert done.returncode == 1, done.stderr
    assert sorted(one.title for one in server.of("phone")) == [
        "Batch b1: 2 failed, 1 video made",
        "Batch b1: 2 of 3 stories failed for the same reason",
    ]
    assert "gt-batch --retry-failed b1" in server.of("phone")[-1].body
    unsent = [line for line in done.stderr.splitlines() if "could not be sent" in line]
    assert [line.split(";")[0] for line in unsent] == ["2 notifications could not be sent yet"]
    assert "error=500" in (tmp_path / "outputs" / "b1" / "batch.log").read_text()

    again = gt_batch(environment, "--retry-failed", "b1")
    assert again.returncode == 1, again.stderr
    titles = [one.title for one in server.of("phone")][2:]
    assert titles.count("Batch b1: 2 failed, 1 video made") == 1


def test_every_stop_of_a_batch_is_told(server: NotifiedServer, tmp_path: Path) -> None:
    environment = no_broker(tmp_path, GT_NOTIFY=server.url("phone"))
    listed = write_list(tmp_path, [{"do": "permanent"}] * 3)
    rule = ("--max-failures", "1")
    first = gt_batch(environment, "-f", str(listed), "--batch-id", "b1", *rule, *SCRIPTED)
    second = gt_batch(environment, "--resume", "b1", *rule)
    assert (first.returncode, second.returncode) == (5, 5), first.stderr + second.stderr
    stops = [one for one in server.of("phone") if one.title == "Batch b1: stopped by a rule"]
    assert [one.body.splitlines()[-1] for one in stops] == ["Or: gt-batch --resume b1"] * 2


def test_an_address_that_is_none_is_refused_before_anything_is_made(tmp_path: Path) -> None:
    listed = write_list(tmp_path, [{}])
    environment = no_broker(tmp_path, GT_NOTIFY="nobody://here")
    refused = gt_batch(environment, "-f", str(listed), "--batch-id", "b1", *SCRIPTED)
    assert refused.returncode == 2
    assert "GT_NOTIFY: address 1 does not begin with the name of a service" in refused.stderr
    assert not (tmp_path / "runs").exists()
    assert not (tmp_path / "ledger.db").exists()
