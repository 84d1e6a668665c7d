"""One trace for each story over producer, worker, aggregator and gt-dlq, as a collector receives it."""

from __future__ import annotations

import json
from pathlib import Path

from gt_common.ledger import read_ledger
from gt_common.lifecycle import BatchPhase, BatchState, StoryState
from gt_common.messaging.browse import open_browser
from gt_common.messaging.names import Names
from gt_common.settings import Settings
from gt_common.tracing.context import TRACEPARENT
from support.collector import Collector, Received, attempt, collecting, trees
from support.fleet import command, run_command, stopped
from support.waiting import until

SCRIPTED = ("--orchestrator", "support.orchestrators.fleet:Scripted")


def write_list(folder: Path, *deeds: str) -> Path:
    """Write a list with one story for each deed of `Scripted`; runs are long enough to be reported."""
    lines = [
        {
            "url": f"https://redd.it/t{n}",
            "options": {"runs": str(folder / "runs"), "do": deed, "seconds": 0.8},
        }
        for n, deed in enumerate(deeds)
    ]
    path = folder / "list.jsonl"
    path.write_text("\n".join(map(json.dumps, lines)))
    return path


def batch(settings: Settings) -> BatchState:
    with read_ledger(settings.ledger) as ledger:
        return ledger.batch("b1")


def story(settings: Settings, position: int) -> StoryState:
    return next(found for found in batch(settings).stories.values() if found.position == position)


def ended(settings: Settings) -> bool:
    with read_ledger(settings.ledger) as ledger:
        return ledger.knows("b1") and ledger.phase("b1") is not BatchPhase.OPEN


def names_of(spans: list[Received]) -> set[tuple[str, str]]:
    return {(span.program, span.message.name) for span in spans}


async def test_each_story_has_one_trace_and_a_replay_a_linked_one(
    settings: Settings, environment: dict[str, str], tmp_path: Path
) -> None:
    listed = write_list(tmp_path, "ok", "fail_once", "permanent_once")
    with collecting() as collector:
        traced = {**environment, "OTEL_EXPORTER_OTLP_ENDPOINT": collector.endpoint}
        code, said = await run_command(traced, "gt-produce", "-f", str(listed), "--batch-id", "b1")
        assert code == 0, said
        async with (
            command(traced, "gt-aggregate") as aggregator,
            command(traced, "gt-consume", "--prefetch", "2", *SCRIPTED) as worker,
        ):
            await until(lambda: ended(settings))
            code, said = await run_command(traced, "gt-dlq", "replay", "--batch", "b1", "-y")
            assert code == 0, said
            await until(lambda: batch(settings).phase is BatchPhase.DONE)
            assert await stopped(worker, aggregator) == [143, 143]
            lines = [json.loads(line) for line in worker.lines]
        _check(collector, settings, lines)


def _check(collector: Collector, settings: Settings, lines: list[dict[str, str]]) -> None:
    ok, once, dead = (story(settings, position).story_id for position in (1, 2, 3))
    made = attempt("ledger story.started", "ledger story.succeeded")
    failed = attempt("ledger story.started", "ledger story.retrying")
    died = attempt("dead letter", "ledger story.failed", "ledger story.started")
    queued, waited, requeued = ("queue", ()), ("wait", ()), ("ledger story.requeued", ())
    assert trees(collector.of_story(ok)) == [("publish", (made, queued))]
    assert trees(collector.of_story(once)) == [("publish", (failed, made, queued, waited))]
    assert trees(collector.of_story(dead)) == [("publish", (died, queued))]
    assert trees(collector.of_story(dead, 2)) == [("replay", (made, requeued, queued))]
    [root] = [span for span in collector.of_story(dead, 2) if span.message.name == "replay"]
    [link] = root.message.links
    [cause] = [span for span in collector.of_story(dead) if span.message.name == "attempt"]
    assert (link.trace_id, link.span_id) == (cause.message.trace_id, cause.message.span_id)
    assert len({span.trace for span in collector.spans}) == 4
    assert names_of(collector.of_story(once)) == {
        ("gt-produce", "publish"),
        *{("gt-consume", name) for name in ("queue", "wait", "attempt", "child", "working")},
        ("gt-aggregate", "ledger"),
    }
    assert {span.attributes["gt.batch_id"] for span in collector.spans} == {"b1"}
    attempts = [span for span in collector.of_story(once) if span.message.name == "attempt"]
    assert [(span.attributes["gt.attempt"], span.attributes["gt.outcome"]) for span in attempts] == [
        (1, "retrying"),
        (2, "success"),
    ]
    [wait] = [span for span in collector.of_story(once) if span.message.name == "wait"]
    assert str(wait.attributes["messaging.destination.name"]).startswith(Names(settings.namespace).retry)
    assert wait.message.end_time_unix_nano - wait.message.start_time_unix_nano >= 90_000_000
    traces = {span.trace for span in collector.of_story(once)}
    assert {line.get("trace_id") for line in lines if line.get("story_id") == once} == traces


async def test_without_a_collector_that_answers_all_stories_are_made_as_fast(
    settings: Settings, environment: dict[str, str], tmp_path: Path
) -> None:
    listed = write_list(tmp_path, "ok", "fail_once", "ok")
    dead = {
        **environment,
        "OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9",
        "OTEL_BSP_SCHEDULE_DELAY": "100",
    }
    code, said = await run_command(dead, "gt-produce", "-f", str(listed), "--batch-id", "b1")
    assert code == 0, said
    async with command(dead, "gt-consume", "--until-empty", *SCRIPTED) as worker:
        await worker.says("traces_lost")
        assert await worker.ends() == 0
        assert sum("traces_lost" in line for line in worker.lines) == 1
        assert not any("Traceback" in line for line in worker.lines)
    code, said = await run_command(dead, "gt-aggregate", "--until-idle")
    assert code == 0, said
    assert batch(settings).phase is BatchPhase.DONE


async def test_without_an_endpoint_messages_have_no_header_and_nothing_is_loaded(
    settings: Settings, environment: dict[str, str], tmp_path: Path
) -> None:
    code, said = await run_command(
        environment, "gt-produce", "-f", str(write_list(tmp_path, "ok")), "--batch-id", "b1"
    )
    assert code == 0, said
    async with open_browser(settings, Names(settings.namespace).stories, "test") as browser:
        async for group in browser.groups(10):
            assert [delivery.headers.get(TRACEPARENT) for delivery in group] == [None]
