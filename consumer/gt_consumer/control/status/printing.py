"""The state of the fleet for people, at any width."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import islice
from textwrap import wrap

from rich.cells import cell_len
from rich.text import Text

from gt_common.cli.console import make_console
from gt_common.durations import say_duration
from gt_common.messages import STOP_RULE
from gt_common.messaging.ladder import LEVELS
from gt_common.messaging.lookup import QueueInfo
from gt_common.messaging.names import Names
from gt_common.messaging.presence.beats import Beat, ProviderWait, RunningStory
from gt_common.messaging.presence.roster import LivingWorker
from gt_common.report.view import ago, url_label
from gt_common.texts import by_whom, one_line, plural
from gt_consumer.control.status.fleet import Fleet
from gt_consumer.control.status.pauses import Pause
from gt_consumer.control.status.queues import is_shown, purpose

Row = tuple[Text, ...]

PAUSED = "PAUSED"
_GAP = 2
_LEAST = 20
"""Columns that the last one of a table has at least."""


def print_fleet(fleet: Fleet) -> None:
    """Print the state of the fleet on standard output."""
    console = make_console()
    for line in lines(fleet, console.width):
        console.print(line, soft_wrap=True)


def lines(fleet: Fleet, width: int) -> Iterator[Text]:
    """Yield the lines of the state of the fleet.

    Parameters:
        width: of the terminal, in columns; names of stories are shortened to it, ids are not
    """
    yield _summary(fleet)
    if not fleet.workers:
        yield Text("start one with: gt-consume", style="dim")
    if fleet.silent:
        yield Text(_said_silent(fleet.silent), style="yellow")
    yield from _workers(fleet, width)
    for title, rows in (
        (PAUSED, [_paused(hold, fleet.at) for hold in fleet.paused]),
        ("WAITING FOR PROVIDERS", [_wait(wait, fleet.at) for wait in fleet.waits]),
        ("QUEUES", [*_queues(fleet)]),
    ):
        if rows:
            yield Text()
            yield Text(title, style="bold")
            yield from _wrapped(rows, width)
            if title == PAUSED:
                yield Text(f"  continue with: {_resume(fleet.paused)}", style="dim")


def _summary(fleet: Fleet) -> Text:
    if not fleet.workers:
        text = Text("no worker is alive", style="bold red")
    else:
        slots = sum(worker.beat.slots for worker in fleet.workers)
        busy = sum(len(worker.beat.running) for worker in fleet.workers)
        alive = f"{plural(len(fleet.workers), 'worker')} alive, {busy} of {plural(slots, 'slot')} busy"
        text = Text(alive, style="bold green")
    if fleet.paused and fleet.paused[0].batch_id is None:
        return text.append("; the fleet is paused", style="bold yellow")
    if fleet.paused:
        number = len(fleet.paused)
        said = "1 batch is paused" if number == 1 else f"{number} batches are paused"
        return text.append(f"; {said}", style="bold yellow")
    return text.append("; nothing is paused", style="dim")


def _said_silent(number: int) -> str:
    return (
        f"{plural(number, 'consumer')} of stories did not report in: workers of an earlier version, or the "
        "clocks of this machine and of the broker differ"
    )


def _workers(fleet: Fleet, width: int) -> Iterator[Text]:
    rows = [_story(story, fleet.at) for worker in fleet.workers for story in worker.beat.running]
    stories = _columns(rows)
    for worker in fleet.workers:
        yield Text()
        yield _worker(worker, fleet.at)
        for line in islice(stories, len(worker.beat.running)):
            line.truncate(width, overflow="ellipsis")
            yield line


def _worker(worker: LivingWorker, now: datetime) -> Text:
    beat = worker.beat
    text = Text(one_line(beat.name), style="bold")
    if not beat.name.startswith(f"{beat.host}-"):
        text.append(f" on {one_line(beat.host)}", style="not bold")
    text.append(f"  {_busy(beat)}", style="not bold")
    up = say_duration(max(0.0, (now - beat.started_at).total_seconds()))
    text.append(f"  up {up}  version {one_line(beat.version)}", style="not bold dim")
    if worker.ahead_s:
        side = "ahead of" if worker.ahead_s > 0 else "behind"
        clock = f"  its clock is {say_duration(abs(worker.ahead_s))} {side} this machine's"
        text.append(clock, style="not bold yellow")
    return text


def _busy(beat: Beat) -> str:
    if not beat.running:
        return f"idle, {plural(beat.slots, 'slot')}"
    return f"{len(beat.running)} of {plural(beat.slots, 'slot')} busy"


def _story(story: RunningStory, now: datetime) -> Row:
    since = say_duration(max(0.0, (now - story.since).total_seconds()))
    return (
        Text(f"  {story.story_id}"),
        Text(one_line(story.batch_id)),
        Text(one_line(story.stage or "starting"), style="cyan"),
        Text(since, style="dim"),
        Text(url_label(story.url)),
    )


def _paused(hold: Pause, now: datetime) -> Row:
    what = "whole fleet" if hold.batch_id is None else hold.batch_id
    return (
        Text(f"  {what}", style="yellow"),
        Text(ago(hold.at, now), style="dim"),
        Text(f"by {by_whom(hold.by, hold.reason)}"),
    )


def _resume(paused: Sequence[Pause]) -> str:
    """Return the command that ends a pause; with several of batches the id is left to fill in."""
    first = paused[0].batch_id
    if first is None:
        return "gt-control resume"
    higher = ", with a higher limit where a stop rule says so" if _by_rule(paused) else ""
    return f"gt-control resume {first if len(paused) == 1 else 'BATCH'}{higher}"


def _by_rule(paused: Sequence[Pause]) -> bool:
    return any(pause.by == STOP_RULE for pause in paused)


def _wait(wait: ProviderWait, now: datetime) -> Row:
    if wait.until is not None and wait.until > now:
        left = say_duration((wait.until - now).total_seconds())
        until = f"asked to wait until {wait.until.astimezone():%H:%M:%S}, {left} left"
    else:
        until = "rate limit"
    runs = f"{plural(wait.runs, 'run')} waiting" if wait.runs else ""
    return Text(f"  {one_line(wait.provider)}"), Text(until), Text(runs)


def _queues(fleet: Fleet) -> Iterator[Row]:
    names = Names(fleet.namespace)
    hints = {
        names.ledger_queue: "start gt-aggregate",
        names.dlq: "see gt-dlq groups",
        names.results_dlq: "see gt-doctor",
    }
    ladder = {names.delay(level) for level in range(LEVELS)}
    later = 0
    for name, info in fleet.queues.items():
        if name in ladder:
            later += (info.messages or 0) if info else 0
            continue
        if not is_shown(name, info, names):
            continue
        is_for, hint = purpose(name, names), hints.get(name)
        needed = info is not None and info.messages and not info.consumers and hint
        yield Text(f"  {name}"), _depth(info), Text(f"{is_for}; {hint}" if needed else is_for, style="dim")
    if later:
        yield (
            Text(f"  {fleet.namespace}.delay.*"),
            Text(str(later)),
            Text("stories that start later", style="dim"),
        )


def _depth(info: QueueInfo | None) -> Text:
    if info is None:
        return Text("not permitted", style="yellow")
    return Text(str(info.messages))


def _columns(rows: Sequence[Row]) -> Iterator[Text]:
    """Yield rows as lines with aligned columns."""
    widths = [max(cell_len(cell.plain) for cell in column) for column in zip(*rows, strict=True)]
    for row in rows:
        line = Text()
        for cell, size in zip(row, widths, strict=True):
            line.append_text(cell).append(" " * (size - cell_len(cell.plain) + _GAP))
        line.rstrip()
        yield line


def _wrapped(rows: Sequence[Row], width: int) -> Iterator[Text]:
    """Yield rows with aligned columns; what the last one is too long for goes on in further lines."""
    indent = sum(max(cell_len(row[n].plain) for row in rows) + _GAP for n in range(len(rows[0]) - 1))
    parts: list[Row] = []
    for *first, last in rows:
        for number, part in enumerate(wrap(last.plain, max(_LEAST, width - indent)) or [""]):
            cells = first if not number else [Text() for _ in first]
            parts.append((*cells, Text(part, style=last.style)))
    yield from _columns(parts)
