"""Every metric that the project exports: name, kind, labels and help; docs/metrics.md lists the same."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

Kind = Literal["counter", "gauge", "histogram"]
OTHER: Final = "other"
"""The label of all that has no label of its own."""
From = Literal["fleet", "worker", "aggregator"]


@dataclass(frozen=True)
class Metric:
    """One metric.

    Parameters:
        name: as it is exported, with `_total` for a counter
        by: who exports it: `fleet` are gt-dashboard and gt-aggregate, which read ledger and queues
    """

    name: str
    kind: Kind
    help: str
    by: From
    labels: tuple[str, ...] = ()


STORIES: Final = Metric("gt_stories", "gauge", "Stories in the ledger by status.", "fleet", ("state",))
BATCHES: Final = Metric("gt_batches", "gauge", "Batches in the ledger by state.", "fleet", ("state",))
DEAD_LETTERS: Final = Metric(
    "gt_dead_letters",
    "gauge",
    "Dead letters in the ledger by cause: the 10 most frequent of the newest ones, the rest as `other`.",
    "fleet",
    ("cause",),
)
OLDEST_STORY: Final = Metric(
    "gt_oldest_story_seconds",
    "gauge",
    "Seconds since the oldest queued story could have been started; 0 if none is queued.",
    "fleet",
)
FLEET_PAUSED: Final = Metric(
    "gt_fleet_paused", "gauge", "1 if an operator has paused the whole fleet, else 0.", "fleet"
)
LEDGER_UP: Final = Metric("gt_ledger_up", "gauge", "1 if the ledger could be read, else 0.", "fleet")
BROKER_UP: Final = Metric("gt_broker_up", "gauge", "1 if the broker could be asked, else 0.", "fleet")
QUEUE_MESSAGES: Final = Metric(
    "gt_queue_messages",
    "gauge",
    "Messages ready in a queue; those that wait for their start time are added up.",
    "fleet",
    ("queue",),
)
QUEUE_CONSUMERS: Final = Metric(
    "gt_queue_consumers",
    "gauge",
    "Consumers of a queue that somebody should consume; a paused or resting worker is none.",
    "fleet",
    ("queue",),
)
WORKERS: Final = Metric(
    "gt_workers", "gauge", "Workers that are alive, according to their own signs of life.", "fleet"
)
ATTEMPTS: Final = Metric(
    "gt_attempts_total", "counter", "Runs by what has become of their story.", "worker", ("outcome",)
)
STARTED: Final = Metric("gt_attempts_started_total", "counter", "Runs that have started.", "worker")
STAGE_SECONDS: Final = Metric(
    "gt_stage_seconds",
    "histogram",
    "Seconds that runs have spent in a stage, without their waits for providers.",
    "worker",
    ("stage",),
)
SLOTS: Final = Metric(
    "gt_worker_slots", "gauge", "Stories that the worker, or the fleet, can run at the same time.", "worker"
)
SLOTS_BUSY: Final = Metric(
    "gt_worker_slots_busy", "gauge", "Stories that the worker, or the fleet, runs now.", "worker"
)
COST: Final = Metric(
    "gt_cost_total",
    "counter",
    "What runs that have ended have spent, in the currency GT_CURRENCY.",
    "worker",
    ("provider",),
)
PROVIDER_WAIT: Final = Metric(
    "gt_provider_wait_seconds_total",
    "counter",
    "Seconds that runs have waited for a permit of a provider, and that stories were put off because it "
    "asked for a wait; `stories` are limited starts.",
    "worker",
    ("provider",),
)
PUBLISHES_AGAIN: Final = Metric(
    "gt_publishes_again_total",
    "counter",
    "Publishes of a message that were tried again because the broker had not confirmed it.",
    "worker",
)
LEDGER_EVENTS: Final = Metric(
    "gt_ledger_events_total", "counter", "Events that the aggregator has written to the ledger.", "aggregator"
)
LEDGER_LAG: Final = Metric(
    "gt_ledger_lag_seconds",
    "gauge",
    "Age of the oldest event of the group that is being written or was written last; 0 when none waits.",
    "aggregator",
)

ALL: Final = (
    STORIES,
    BATCHES,
    DEAD_LETTERS,
    OLDEST_STORY,
    FLEET_PAUSED,
    QUEUE_MESSAGES,
    QUEUE_CONSUMERS,
    LEDGER_UP,
    BROKER_UP,
    WORKERS,
    STARTED,
    ATTEMPTS,
    STAGE_SECONDS,
    SLOTS,
    SLOTS_BUSY,
    COST,
    PROVIDER_WAIT,
    PUBLISHES_AGAIN,
    LEDGER_EVENTS,
    LEDGER_LAG,
)
