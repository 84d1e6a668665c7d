"""Every metric is exported as the catalogue and docs/metrics.md say, and no more."""

from __future__ import annotations

import asyncio
import re
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

from prometheus_client import generate_latest
from prometheus_client.core import Metric as Family
from prometheus_client.parser import text_string_to_metric_families

from gt_common.ledger.queries.figures import Figures
from gt_common.lifecycle import BatchPhase, StoryStatus
from gt_common.messaging.lookup import QueueInfo
from gt_common.messaging.names import Names
from gt_common.metrics.aggregator import AggregatorMetrics
from gt_common.metrics.catalogue import ALL
from gt_common.metrics.fleet import FleetMetrics, FleetState, Slots
from gt_common.metrics.worker import WorkerMetrics
from gt_common.settings import Settings

PAGE = (Path(__file__).parents[3] / "docs" / "metrics.md").read_text()
STATE = FleetState(
    Figures(
        dict.fromkeys(StoryStatus, 1), dict.fromkeys(BatchPhase, 1), dead_letters={'E in "voice"\\\n': 3}
    ),
    {"gt.stories": QueueInfo("gt.stories", 4, 0), "gt.delay.3": QueueInfo("gt.delay.3", 2, 0)},
    Slots(2, 8, 3),
)


class GivenFleet(FleetMetrics):
    """A fleet whose state is known."""

    async def read(self) -> FleetState:
        return STATE


def worker_page() -> bytes:
    """The page of a worker that has done everything once."""
    metrics = WorkerMetrics(2, lambda: 7)
    metrics.run_started()
    metrics.stage_ended("voice", 3.5)
    metrics.settled("success")
    metrics.waited("gemini", 2.0)
    metrics.run_ended({"gemini": 1_500_000})
    return generate_latest(metrics.registry)


async def aggregator_page() -> bytes:
    """The page of an aggregator."""
    fleet = GivenFleet(Settings(), "test")
    metrics = AggregatorMetrics(fleet, Names("gt"), asyncio.get_running_loop(), lambda: 12, lambda: 0.5)
    return await asyncio.to_thread(generate_latest, metrics.registry)


def families(*pages: bytes) -> Iterable[Family]:
    for page in pages:
        yield from text_string_to_metric_families(page.decode())


async def test_what_is_exported_is_in_the_catalogue_and_in_the_docs() -> None:
    exported = {}
    for family in families(worker_page(), await aggregator_page()):
        assert family.documentation
        labels = {name for sample in family.samples for name in sample.labels} - {"le"}
        suffix = "_total" if family.type == "counter" else ""
        exported[f"{family.name}{suffix}"] = (family.type, tuple(sorted(labels)))
    assert exported == {metric.name: (metric.kind, metric.labels) for metric in ALL}
    rows = re.findall(r"^\| `(gt_\w+)` \| (\w+) \| (?:`(\w+)`)? *\|", PAGE, re.MULTILINE)
    assert {name: (kind, (label,) if label else ()) for name, kind, label in rows} == exported


async def test_a_page_has_one_help_and_one_type_for_each_metric_and_survives_any_label() -> None:
    text = (await aggregator_page()).decode()
    assert 'gt_dead_letters{cause="E in \\"voice\\"\\\\\\n"} 3.0' in text
    assert 'gt_queue_messages{queue="gt.delay"} 2.0' in text
    for kind in ("HELP", "TYPE"):
        names = re.findall(rf"^# {kind} (\S+)", text, re.MULTILINE)
        assert len(names) == len(set(names)) > 5


async def test_the_page_for_a_server_of_others_says_the_same() -> None:
    text = (await GivenFleet(Settings(), "test").page()).decode()
    assert text in (await aggregator_page()).decode()


def test_programs_without_metrics_and_traces_load_no_library_for_them() -> None:
    modules = (
        "gt_consumer.worker.command",
        "gt_consumer.batch.foreground",
        "gt_consumer.aggregator.command",
        "gt_producer.produce.command",
    )
    unwanted = "{'prometheus_client', 'opentelemetry'}"
    code = f"import sys, {', '.join(modules)}; assert not {unwanted} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
