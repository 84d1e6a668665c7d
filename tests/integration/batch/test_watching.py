"""What gt-batch shows of itself: its metrics while it works, and a trace for each story."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from urllib.error import URLError

from support.collector import attempt, collecting, trees
from support.fleet import command
from support.metrics import free_port, scrape, value
from support.samples.batches import SCRIPTED, batch_state, gt_batch, no_broker, write_list
from support.waiting import until

WANTED: Mapping[tuple[str, str, str], float] = {
    ("gt_stories", "state", "running"): 1,
    ("gt_stories", "state", "success"): 1,
    ("gt_stories", "state", "failed"): 1,
    ("gt_batches", "state", "open"): 1,
    ("gt_attempts_started_total", "", ""): 4,
    ("gt_attempts_total", "outcome", "success"): 1,
    ("gt_attempts_total", "outcome", "retrying"): 1,
    ("gt_attempts_total", "outcome", "failed"): 1,
    ("gt_stage_seconds_count", "stage", "working"): 3,
    ("gt_worker_slots", "", ""): 2,
    ("gt_worker_slots_busy", "", ""): 1,
}


async def test_the_metrics_of_a_batch_are_served_while_it_runs(tmp_path: Path) -> None:
    port, gate = free_port(), tmp_path / "gate"
    listed = write_list(tmp_path, [{"until": str(gate)}, {"do": "fail_once"}, {"do": "permanent"}])
    given = {**no_broker(tmp_path), "GT_METRICS_PORT": str(port)}
    page = ""

    async def has_all() -> bool:
        nonlocal page
        with suppress(URLError):  # not served yet
            page = await asyncio.to_thread(scrape, port)
        found = {key: value(page, key[0], **({key[1]: key[2]} if key[1] else {})) for key in WANTED}
        return found == WANTED

    async with command(given, "gt-batch", "-f", str(listed), "-j", "2", *SCRIPTED) as running:
        try:
            await until(has_all)
        except TimeoutError:
            raise AssertionError(page) from None
        gate.touch()
        assert await running.ends() == 1
    assert "gt_dead_letters" in page
    for of_a_broker in ("gt_publishes_again_total", "gt_broker_up", "gt_oldest_story_seconds"):
        assert of_a_broker not in page


def test_a_port_that_is_taken_is_said_and_the_videos_are_made(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        given = {**no_broker(tmp_path), "GT_METRICS_PORT": str(port)}
        done = gt_batch(given, "-f", str(write_list(tmp_path, [{}])), *SCRIPTED)
    assert done.returncode == 0
    assert f"GT_METRICS_PORT: no metrics at 127.0.0.1:{port}: Address already in use" in done.stderr


def test_each_story_is_one_trace_and_a_retried_failure_another(tmp_path: Path) -> None:
    deeds: list[dict[str, object]] = [
        {"seconds": 0.8},
        {"do": "fail_once", "seconds": 0.8},
        {"do": "permanent_once", "seconds": 0.8},
    ]
    listed = write_list(tmp_path, deeds)
    with collecting() as collector:
        given = {**no_broker(tmp_path), "OTEL_EXPORTER_OTLP_ENDPOINT": collector.endpoint}
        done = gt_batch(given, "-f", str(listed), "-j", "3", "--batch-id", "b1", *SCRIPTED)
        assert done.returncode == 1, done.stderr
        again = gt_batch(given, "--retry-failed", "b1")
        assert again.returncode == 0, again.stderr
    stories = sorted(batch_state(tmp_path, "b1").stories.values(), key=lambda story: story.position)
    ok, once, dead = (story.story_id for story in stories)
    made = attempt("ledger story.started", "ledger story.succeeded")
    failed = attempt("ledger story.started", "ledger story.retrying")
    died = attempt("dead letter", "ledger story.failed", "ledger story.started")
    queued, waited = ("queue", ()), ("wait", ())
    assert trees(collector.of_story(ok)) == [("publish", (made, queued))]
    assert trees(collector.of_story(once)) == [("publish", (failed, made, queued, waited))]
    assert trees(collector.of_story(dead)) == [("publish", (died, queued))]
    assert trees(collector.of_story(dead, 2)) == [("replay", (made, queued))]
    assert {span.program for span in collector.spans} == {"gt-batch"}
    [wait] = [span for span in collector.of_story(once) if span.message.name == "wait"]
    assert wait.message.end_time_unix_nano - wait.message.start_time_unix_nano >= 90_000_000
    log = (tmp_path / "outputs" / "b1" / "batch.log").read_text()
    lines = [line for line in map(json.loads, log.splitlines()) if line.get("story_id") == once]
    assert {line.get("trace_id") for line in lines} == {span.trace for span in collector.of_story(once)}
