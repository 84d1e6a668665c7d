"""The metrics of a real worker and a real aggregator while they work, and when something is missing."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from urllib.error import URLError

from gt_common.messaging.names import Names
from gt_common.metrics.fleet import FleetMetrics
from gt_common.settings import Settings
from support.fleet import command, publish, scripted_story, stopped
from support.metrics import free_port, scrape, value
from support.waiting import until

SCRIPTED = ("--orchestrator", "support.orchestrators.fleet:Scripted")


async def page_with(port: int, expected: Mapping[tuple[str, str, str], float]) -> str:
    """Return the page of a program as soon as it has these values, by name, label and its value."""
    page = ""

    async def has_them() -> bool:
        nonlocal page
        with suppress(URLError):  # it has not started yet
            page = await asyncio.to_thread(scrape, port)
        return all(
            value(page, name, **({label: said} if label else {})) == number
            for (name, label, said), number in expected.items()
        )

    try:
        await until(has_them)
    except TimeoutError:
        raise AssertionError(page) from None
    return page


async def test_a_batch_is_seen_on_the_pages_of_worker_and_aggregator(
    settings: Settings, environment: dict[str, str], tmp_path: Path
) -> None:
    names, gate = Names(settings.namespace), tmp_path / "gate"
    asks, works = free_port(), free_port()
    stories = [
        scripted_story("batch-of-no-page", 1, tmp_path / "runs", until=str(gate)),
        scripted_story("batch-of-no-page", 2, tmp_path / "runs", do="fail_once"),
        scripted_story("batch-of-no-page", 3, tmp_path / "runs", do="permanent"),
    ]
    async with (
        command({**environment, "GT_METRICS_PORT": str(asks)}, "gt-aggregate") as aggregator,
        command(
            {**environment, "GT_METRICS_PORT": str(works)}, "gt-consume", "--prefetch", "2", *SCRIPTED
        ) as worker,
    ):
        await worker.says("worker_started")
        await publish(settings, *stories)
        running = {
            ("gt_worker_slots", "", ""): 2,
            ("gt_worker_slots_busy", "", ""): 1,
            ("gt_attempts_total", "outcome", "success"): 1,
            ("gt_attempts_total", "outcome", "retrying"): 1,
            ("gt_attempts_total", "outcome", "failed"): 1,
            ("gt_attempts_started_total", "", ""): 4,
            ("gt_stage_seconds_count", "stage", "working"): 3,
            ("gt_publishes_again_total", "", ""): 0,
        }
        await page_with(works, running)
        gate.touch()
        done = {
            ("gt_stories", "state", "success"): 2,
            ("gt_stories", "state", "failed"): 1,
            ("gt_batches", "state", "done_with_failures"): 1,
            ("gt_dead_letters", "cause", "PermanentError in working"): 1,
            ("gt_queue_messages", "queue", names.dlq): 1,
            ("gt_queue_messages", "queue", names.stories): 0,
            ("gt_queue_consumers", "queue", names.stories): 1,
            ("gt_oldest_story_seconds", "", ""): 0,
            ("gt_ledger_lag_seconds", "", ""): 0,
            ("gt_ledger_up", "", ""): 1,
            ("gt_broker_up", "", ""): 1,
        }
        page = await page_with(asks, done)
        # The batch, its list, and four ends of runs; runs that are over at once do not report their start.
        assert (value(page, "gt_ledger_events_total") or 0) >= 6
        assert not any(story.story_id in page or story.batch_id in page for story in stories)
        async with command({**environment, "GT_METRICS_PORT": str(asks)}, "gt-aggregate") as standby:
            await standby.says("metrics_not_served")
            await standby.says("aggregator_started")
            assert await stopped(standby) == [143]
        assert await stopped(worker, aggregator) == [143, 143]


async def test_what_cannot_be_read_is_left_out_and_told(tmp_path: Path) -> None:
    broken = tmp_path / "ledger.db"
    broken.write_text("this is not a database" * 500)
    settings = Settings.model_validate(
        {"amqp_url": "amqp://127.0.0.1:1/", "ledger_url": f"sqlite:///{broken}", "connect_timeout": "1s"}
    )
    fleet = FleetMetrics(settings, "test")
    page = (await fleet.page()).decode()
    await fleet.aclose()
    assert value(page, "gt_ledger_up") == value(page, "gt_broker_up") == 0
    assert "gt_stories" not in page
    assert "gt_queue_messages" not in page
