"""gt-control notify-test: one message to each target, and who accepted it."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.fleet import BIN
from support.notified import NotifiedServer
from support.samples.batches import no_broker


@pytest.fixture
def server() -> Iterator[NotifiedServer]:
    """Yield a running server."""
    with NotifiedServer.run() as server:
        yield server


def notify_test(folder: Path, notify: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [BIN / "gt-control", "notify-test", *arguments],
        env=no_broker(folder, GT_NOTIFY=notify),
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_each_target_is_tried_and_the_one_that_refuses_is_named(
    server: NotifiedServer, tmp_path: Path
) -> None:
    server.answers["bad"] = 403
    both = f"{server.url('good')},{server.url('bad', 'anna:s3cretWord@')}"
    done = notify_test(tmp_path, both)
    assert done.returncode == 1, done.stderr
    good, bad = done.stdout.splitlines()
    assert good.startswith("ok    json-")
    assert bad.startswith("fail  json-")
    assert bad.endswith("error=403.")
    assert "s3cretWord" not in done.stdout + done.stderr
    assert [one.target for one in server.received if "test message" in one.title] in (
        ["good", "bad"],
        ["bad", "good"],
    )


def test_json_has_the_same(server: NotifiedServer, tmp_path: Path) -> None:
    done = notify_test(tmp_path, server.url("good"), "--json")
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    (target,) = document["targets"]
    assert document == {"schema": 1, "targets": [{"target": target["target"], "ok": True, "error": None}]}


def test_without_anybody_to_tell_it_is_wrong_usage(tmp_path: Path) -> None:
    done = notify_test(tmp_path, "")
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1].endswith("GT_NOTIFY names nobody; see docs/notifications.md")
