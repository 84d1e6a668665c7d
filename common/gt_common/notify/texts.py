"""What a notification says: what happened, how many, why first, how long, and what to type next."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from gt_common.durations import say_duration
from gt_common.ledger.outbox import Notification, NotificationKind
from gt_common.ledger.overview import Overview
from gt_common.lifecycle import BatchPhase
from gt_common.messages import GT_BATCH
from gt_common.money import format_millionths
from gt_common.notify.message import Message, Tone
from gt_common.redaction import redact
from gt_common.report.building import Screenful, screenful_of
from gt_common.report.eta import say_range
from gt_common.report.model import BatchHead, FailureGroup
from gt_common.report.view import next_step
from gt_common.texts import one_line, plural, truncate

_TITLE: Final = 100
_LINE: Final = 220
_NAME: Final = 40
"""Most characters: a phone shows a title and a few lines."""


@dataclass(frozen=True)
class _Batch:
    """A batch as it is now.

    Parameters:
        cost: what it has cost so far, as a text; None if no run has said any
        budget: what it has spent of its limit, as a text, and the percentage; None without a limit
    """

    screen: Screenful
    cost: str | None
    budget: tuple[str, int] | None

    @property
    def head(self) -> BatchHead:
        return self.screen.head

    @property
    def is_open(self) -> bool:
        return self.head.state is BatchPhase.OPEN

    @property
    def first_group(self) -> FailureGroup | None:
        return self.head.failure_groups[0] if self.head.failure_groups else None


_Said = tuple[str, Tone, list[str]]
"""What the title says, the tone, and the lines."""


def message_of(notification: Notification, overview: Overview, now: datetime, currency: str) -> Message:
    """Return the text of a notification, true at this moment.

    Parameters:
        overview: the batch as it is now
        currency: of its cost
    """
    batch = _batch_of(overview, now, currency)
    detail = _sentence(notification.detail)
    match notification.kind:
        case NotificationKind.END:
            said, tone, lines = _ended(batch)
        case NotificationKind.EARLY:
            said, tone, lines = _failing(batch)
        case NotificationKind.BUDGET:
            said, tone, lines = _spending(batch)
        case NotificationKind.STOPPED:
            said, tone, lines = "stopped by a rule", Tone.BAD, [_counts(batch), *_why(batch)]
    lines = [detail, *lines, *_next(notification.kind, batch)]
    title = truncate(redact(one_line(f"{_label(batch.head)}: {said}")), _TITLE)
    body = "\n".join(truncate(redact(one_line(line)), _LINE) for line in lines if line)
    return Message(title, body, tone)


def _batch_of(overview: Overview, now: datetime, currency: str) -> _Batch:
    spent, rules = overview.head.cost, overview.head.rules
    limit = rules.max_cost if rules else None
    cost = None if spent is None else format_millionths(spent, currency)
    budget = None
    if limit is not None:
        of_limit = format_millionths(limit, currency)
        budget = f"{cost or 'nothing'} of {of_limit}", 100 * (spent or 0) // limit
    return _Batch(screenful_of(overview, now), cost, budget)


def _label(head: BatchHead) -> str:
    name = f'"{truncate(one_line(head.name), _NAME)}"' if head.name else head.batch_id
    return f"Batch {name}"


def _ended(batch: _Batch) -> _Said:
    head = batch.head
    if batch.is_open:
        said, tone = "ended, and has been continued since", Tone.WARNING
    elif head.state is BatchPhase.DONE:
        said = "its video is made" if head.total == 1 else f"all {head.total} videos are made"
        tone = Tone.GOOD
    else:
        parts = [(head.failed, "failed"), (head.cancelled, "cancelled")]
        lost = ", ".join(f"{number} {word}" for number, word in parts if number)
        said, tone = f"{lost}, {plural(head.successful, 'video')} made", Tone.BAD
    return said, tone, [_counts(batch), *_why(batch)]


def _failing(batch: _Batch) -> _Said:
    first = batch.first_group
    number = first.count if first else batch.head.failed
    said = f"{number} of {plural(batch.head.total, 'story')} failed for the same reason"
    return said, Tone.BAD, [*_why(batch), _counts(batch)]


def _spending(batch: _Batch) -> _Said:
    if batch.budget is None:
        return "most of its budget was spent, and the limit is gone since", Tone.WARNING, [_counts(batch)]
    said, percent = batch.budget
    return f"{percent} % of its budget is spent", Tone.WARNING, [f"Spent {said}.", _counts(batch)]


def _sentence(detail: str | None) -> str:
    return f"{detail[0].upper()}{detail[1:]}." if detail else ""


def _counts(batch: _Batch) -> str:
    """Return the line with the numbers, the time, the time left and the cost."""
    head, eta = batch.head, batch.screen.around.eta
    parts = [f"{head.successful} of {head.total} made"]
    for number, word in (
        (head.failed, "failed"),
        (head.cancelled, "cancelled"),
        (head.running + head.retrying + head.queued, "to go"),
    ):
        if number:
            parts.append(f"{number} {word}")
    if head.duration_s is not None:
        took = say_duration(head.duration_s)
        parts.append(f"{took} so far" if batch.is_open else f"took {took}")
    if eta:
        parts.append(f"{say_range(eta)} left")
    if batch.cost:
        parts.append(f"cost {batch.cost}")
    return f"{', '.join(parts)}."


def _why(batch: _Batch) -> list[str]:
    """Return the lines about the most frequent cause of failure."""
    group, around = batch.first_group, batch.screen.around
    if group is None:
        return []
    where = f" in {group.stage}" if group.stage else ""
    lines = [f"Why: {group.count} x {group.error_type}{where}: {group.sample}"]
    others = len(batch.head.failure_groups) - 1 + around.other_causes
    if others:
        lines[0] = truncate(lines[0], _LINE - 30) + f" (and {plural(others, 'other cause')})"
    if advice := next_step(group, batch.head, around):
        lines.append(f"Advice: {advice}")
    return lines


def _next(kind: NotificationKind, batch: _Batch) -> list[str]:
    """Return the commands that make sense now, one a line."""
    name, local = batch.head.batch_id, batch.head.made_by == GT_BATCH
    commands = [f"gt-report {name}"]
    if kind is NotificationKind.STOPPED:
        again = f"gt-batch --resume {name}" if local else f"gt-control resume {name}"
        # Money stays spent, while failures are counted from the resumption on.
        too_costly = batch.budget is not None and batch.budget[1] >= 100
        commands.append(f"{again} --max-cost AMOUNT" if too_costly else again)
    elif kind is NotificationKind.EARLY and batch.is_open:
        commands.append(f"gt-control pause {name}")
    elif not batch.is_open and batch.head.failed:
        commands.append(f"gt-batch --retry-failed {name}" if local else f"gt-dlq replay --batch {name}")
    return [f"{word}: {command}" for word, command in zip(("Next", "Or"), commands, strict=False)]
