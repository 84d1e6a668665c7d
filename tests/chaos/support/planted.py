"""Typical mistakes, put into the commands on purpose: the suite has to find each."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from gt_common.ledger.queries.stop_rules import RuledBatch
    from gt_consumer.aggregator.aggregator import Aggregator
    from gt_consumer.aggregator.decoding import Decoded
    from gt_consumer.aggregator.rule_keeper import RuleKeeper
    from gt_consumer.aggregator.stop_rules import LimitMet
    from gt_consumer.deadletters.sweep import HeldLetter, Sweep
    from gt_consumer.runner.outcomes import Outcome
    from gt_consumer.worker.ports import Delivery
    from gt_consumer.worker.run_events import RunEvents
    from gt_consumer.worker.worker import Worker
    from gt_producer.produce.journal import Journal


@dataclass(frozen=True)
class Planted:
    """A mistake, and the boundary at which it shows.

    Parameters:
        plant: makes the mistake in this process
        boundary: the name of the boundary
    """

    plant: Callable[[], None]
    boundary: str


def ack_on_arrival() -> None:
    """Make a worker ack a story as soon as it is delivered."""
    from gt_consumer.worker.worker import Worker, _ack_all

    receive = Worker.receive

    def receive_acked(self: Worker, delivery: Delivery) -> None:
        self._spawn(_ack_all([delivery]))
        receive(self, delivery)

    Worker.receive = receive_acked  # type: ignore[method-assign]


def ack_before_publish() -> None:
    """Make a worker ack a story after its run, before it publishes the outcome."""
    from gt_consumer.worker.worker import Worker, _ack_all

    run = Worker._run

    async def run_acked(self: Worker, events: RunEvents) -> Outcome:
        outcome = await run(self, events)
        for running in self._in_progress.values():
            await _ack_all(running.deliveries)
        return outcome

    Worker._run = run_acked  # type: ignore[method-assign]


def forget_finished() -> None:
    """Make a worker repeat a video that is already finished."""
    from gt_consumer.runner import runner

    vars(runner)["find_finished"] = lambda *_: None


def ack_before_commit() -> None:
    """Make the aggregator ack events before they are in the ledger."""
    from gt_consumer.aggregator.aggregator import Aggregator

    commit = Aggregator._commit

    async def commit_acked(self: Aggregator, decoded: Sequence[Decoded]) -> bool:
        for one in decoded:
            await one.delivery.ack()
        return await commit(self, decoded)

    Aggregator._commit = commit_acked  # type: ignore[method-assign]


def note_before_confirm() -> None:
    """Make the producer note its whole list as confirmed before it publishes any of it."""
    from gt_producer.produce.journal import Journal

    listed = Journal.list_stories

    def list_confirmed(self: Journal, first: int, ids: array[int]) -> None:
        listed(self, first, ids)
        self.confirm(range(first, first + len(ids)))

    Journal.list_stories = list_confirmed  # type: ignore[method-assign]


def remove_before_act() -> None:
    """Make gt-dlq remove a letter before it acts on it."""
    from gt_consumer.deadletters.sweep import Sweep

    apply: Callable[..., Awaitable[None]] = Sweep._apply

    async def apply_removed(self: Sweep, one: HeldLetter) -> None:
        await one.item.delivery.ack()
        await apply(self, one)

    Sweep._apply = apply_removed  # type: ignore[method-assign]


def note_before_order() -> None:
    """Make the aggregator store a stop before it orders it."""
    from gt_consumer.aggregator.rule_keeper import RuleKeeper
    from gt_consumer.aggregator.stop_rules import pause_for

    pause = RuleKeeper._pause

    async def stored(self: RuleKeeper, batch: RuledBatch, met: LimitMet) -> None:
        self._ledger.apply([pause_for(batch, met)])
        await pause(self, batch, met)

    RuleKeeper._pause = stored  # type: ignore[method-assign]


PLANTED: Mapping[str, Planted] = {
    "ack on arrival": Planted(ack_on_arrival, "run's end and video"),
    "ack before the result": Planted(ack_before_publish, "result file and event"),
    "ack before the retry": Planted(ack_before_publish, "`story.retrying` and the retry's publish"),
    "ack before the dead letter": Planted(ack_before_publish, "run's end and the dead letter's publish"),
    "ack before the give-back": Planted(ack_before_publish, "`story.released` and the give-back's publish"),
    "finished videos forgotten": Planted(forget_finished, "result file and event"),
    "ack before the commit": Planted(ack_before_commit, "rows written and commit"),
    "journal before the confirm": Planted(note_before_confirm, "journal's list and `batch.opened`"),
    "removed before the replay": Planted(remove_before_act, "a letter's look and its replay's publish"),
    "stopped before the order": Planted(note_before_order, "a limit and the order to pause"),
    "removed before it is discarded": Planted(remove_before_act, "a letter's look and `story.cancelled`"),
}
