"""What all forms of the report share: short names, times, order, counts, next commands."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime
from pathlib import PurePosixPath
from urllib.parse import unquote, urlsplit

from gt_common.durations import say_duration
from gt_common.failures import UNREADABLE
from gt_common.ledger.queries.pages import READING_ORDER
from gt_common.lifecycle import BatchPhase, StoryState, StoryStatus
from gt_common.messages import GT_BATCH
from gt_common.money import format_amount, format_money
from gt_common.report.advice import cure
from gt_common.report.building import Surroundings
from gt_common.report.eta import say_range
from gt_common.report.model import BatchHead, FailureGroup
from gt_common.report.requeues import said_limit, said_unfit
from gt_common.report.rows import STARTS, StoryRow
from gt_common.texts import by_whom, one_line, plural, truncate

_REDDIT = re.compile(r"/(r|u|user)/([\w.-]+)/(?:comments/([A-Za-z0-9]+)(?:/([^/]*))?|s/(\w+))")
_PLAIN = re.compile(r"https?://[A-Za-z0-9.-]+(/[A-Za-z0-9._~/-]*)")
"""An address that is its host and its path, as most are."""
_READING_ORDER = {status: rank for rank, status in enumerate(READING_ORDER)}
WAITING = "waiting"


def video_name(row: StoryRow) -> str:
    """Return the name of a story's video; empty if there is none."""
    return row.output_path.rpartition("/")[2] if row.output_path else ""


def story_label(story: StoryState | StoryRow, forum_width: int = 50) -> str:
    """Return the name under which a story is shown: its title, if it is known, otherwise that of its URL."""
    return one_line(story.title or "") or url_label(story.url, forum_width)


def url_label(url: str, forum_width: int = 50) -> str:
    """Return a short name for a URL: `r/AITA my sister`, or a file name; long forum names are truncated."""
    plain = _PLAIN.fullmatch(url)
    path = plain[1] if plain else _path(one_line(url))
    if match := _REDDIT.search(path):
        kind, forum, post, title, share = match.groups()
        name = (title or "").replace("_", " ").strip() or post or share
        return one_line(f"{kind[0]}/{truncate(forum, forum_width)} {name}")
    return one_line(PurePosixPath(path).name or url)


def _path(url: str) -> str:
    if plain := _PLAIN.fullmatch(url):
        return plain[1]
    try:
        return unquote(urlsplit(url).path) if "://" in url else url
    except ValueError:
        return url


def said_error(result: StoryRow) -> str:
    """Format the error of a story as one line; empty if there is none."""
    return one_line(f"{result.failure.type}: {result.failure.message}") if result.failure else ""


def stage_of(result: StoryRow) -> str:
    """Return the stage a story is in or failed in; `waiting` for one that waits."""
    if result.stage and result.stage.startswith((WAITING, STARTS)):
        return WAITING
    return one_line(result.stage or (result.failure.stage if result.failure else None) or "")


def said_waiting(result: StoryRow) -> str:
    """Return what a waiting story waits for: `gemini until 21:39`, `starts at 22:00`; empty for others.

    A limit that only a failure's text showed has that text: `voice until 06:06, wait 92: quota exceeded`.
    """
    if result.stage is not None and result.stage.startswith(STARTS):
        return one_line(result.stage)
    if result.stage is None or not result.stage.startswith(WAITING):
        return ""
    again = result.requeued
    limit = said_limit(again.waits, again.error) if again else ""
    return one_line(result.stage[len(WAITING) + 1 :]) + limit


def said_requeue(result: StoryRow) -> str:
    """Return why a story is in the queue again that waits for nothing; empty for others.

    A worker that was stopping is not worth a word: the next one takes the story.
    """
    again = result.requeued
    if again is None or result.stage is not None:
        return ""
    if again.reason == "machine_unfit":
        return said_unfit(result.worker, again.error or "")
    limit = said_limit(again.waits, again.error)
    return f"waited for {one_line(again.provider or 'a provider')}{limit}" if limit else ""


def said_wait_of_page(result: StoryRow) -> str:
    """Return a wait as a page shows it: `waiting for gemini until 21:39`, `starts at 22:00`."""
    waits = said_waiting(result)
    return waits if not waits or waits.startswith(STARTS) else f"waiting for {waits}"


def said_cancel(result: StoryRow) -> str:
    """Return who cancelled a story and why: `cancelled by anna: wrong list`; empty for others."""
    cancel = result.cancelled
    return f"cancelled by {by_whom(cancel.by, cancel.reason)}" if cancel else ""


def said_pause(report: BatchHead) -> str:
    """Return who paused a batch or the fleet, and why: `paused by anna: too loud`; empty for others."""
    return f"paused by {by_whom(report.paused.by, report.paused.reason)}" if report.paused else ""


def said_outcome(result: StoryRow) -> str:
    """Return what a line shows of a story without a video: its wait, its error, who cancelled it."""
    said = (said_waiting(result), said_requeue(result), said_error(result), said_cancel(result))
    return "; ".join(part for part in said if part)


def short_duration(seconds: float | None) -> str:
    """Format a duration in few characters: `45s`, `2m10s`, `1h05m`."""
    if seconds is None:
        return ""
    whole = round(seconds)
    if whole < 60:
        return f"{whole}s"
    minutes, rest = divmod(whole, 60)
    return f"{minutes}m{rest:02}s" if minutes < 60 else f"{minutes // 60}h{minutes % 60:02}m"


def tries(result: StoryRow) -> str:
    """Format the attempts so far, with the generation after a replay: `2`, `1 g2`."""
    made = str(result.attempts) if result.attempts else ""
    return f"{made} g{result.generation}".strip() if result.generation > 1 else made


def reading_rank(status: StoryStatus) -> int:
    """Return the place of a status for a reader: failures first, then running stories, then finished ones."""
    return _READING_ORDER[status]


def in_reading_order(results: Iterable[StoryRow]) -> list[StoryRow]:
    """Sort stories for a reader: failures first, then running ones, then finished ones."""
    return sorted(results, key=lambda result: (_READING_ORDER[result.status], result.position))


def count_parts(report: BatchHead) -> list[tuple[str, int]]:
    """Return the counts that are not zero, as (status, number)."""
    parts = [
        ("success", report.successful),
        ("failed", report.failed),
        ("running", report.running),
        ("retrying", report.retrying),
        ("queued", report.queued),
        ("cancelled", report.cancelled),
    ]
    return [(word, number) for word, number in parts if number]


def percent(report: BatchHead) -> int:
    """Return the percentage of stories that are final; 100 only if all are."""
    return 100 * report.finished // report.total if report.total else 0


def said_state(state: BatchPhase) -> str:
    """Format the state of a batch: `done with failures`."""
    return state.value.replace("_", " ")


def took(report: BatchHead) -> str:
    """Format how long the batch took: `took 12 min`, or `12 min so far` while it is open."""
    if report.duration_s is None:
        return ""
    text = say_duration(report.duration_s)
    return f"took {text}" if report.finished_at else f"{text} so far"


def facts(head: BatchHead, around: Surroundings, opened: str | None) -> list[str]:
    """Return the facts in the head of a report, beside the name of the batch.

    Parameters:
        opened: time of opening, as this form of the report shows it
    """
    said = [f"opened {opened}"] if opened else []
    if text := took(head):
        said.append(text)
    if found := around.workers:
        names = ", ".join(name for name, _ in found[:3]) + (", …" if len(found) > 3 else "")
        said.append(f"{plural(len(found), 'worker')} ({names})")
    if cost := said_cost(head.cost, head.cost_wasted, head.currency):
        said.append(cost)
    return said + [one_line(f"{key}={value}") for key, value in head.tags.items()]


def said_cost(cost: float | None, wasted: float | None, currency: str) -> str:
    """Format a cost: `cost 1.20 USD, 0.10 of it wasted`; empty if nobody has said any."""
    if cost is None:
        return ""
    of_it = f", {format_amount(wasted)} of it wasted" if wasted else ""
    return f"cost {format_money(cost, currency)}{of_it}"


def story_cost(result: StoryRow) -> str:
    """Return what a line shows of a story's cost; empty if nobody has said any."""
    return "" if result.cost is None else format_amount(result.cost)


def next_step(group: FailureGroup, head: BatchHead, around: Surroundings) -> str | None:
    """Return what to do about a group of failures; None if its type says nothing about a cure."""
    failure = around.failures.get(group.fingerprint)
    return None if failure is None else cure(failure, local=head.made_by == GT_BATCH)


def opened_utc(report: BatchHead) -> str | None:
    """Format when the batch was opened, for a document that is read in other time zones."""
    return f"{report.opened_at:%Y-%m-%d %H:%M} UTC" if report.opened_at else None


def said_eta(seconds: float) -> str:
    """Format the seconds left where only the middle of the range is known."""
    return f"{say_range((seconds, seconds))} left"


def ago(when: datetime, now: datetime) -> str:
    """Format a past time relative to now: `12 min ago`."""
    seconds = (now - when).total_seconds()
    return f"{say_duration(seconds)} ago" if seconds >= 1 else "just now"


def next_commands(report: BatchHead, *, page: bool = False) -> list[tuple[str, str]]:
    """Return the commands that make sense now, as (command, purpose).

    Parameters:
        page: whether they are shown on a page, as which gt-batch saves its report by itself
    """
    batch = report.batch_id
    commands = []
    local = report.made_by == GT_BATCH
    if report.paused:
        what = "" if report.paused.whole_fleet else f" {batch}"
        commands.append((f"gt-control resume{what}", "let its stories start again"))
    if report.state is BatchPhase.OPEN and local:
        commands.append((f"gt-batch --resume {batch}", "continue with what is left"))
    elif report.state is BatchPhase.OPEN:
        commands.append((f"gt-report {batch} --watch", "follow it to the end"))
    if report.failed and local:
        commands.append((f"gt-batch --retry-failed {batch}", "retry the failed stories"))
    elif report.failed and {group.error_type for group in report.failure_groups} == {UNREADABLE}:
        commands.append(
            (f"gt-dlq list --unreadable --batch {batch}", "show the messages that cannot be read")
        )
        commands.append(
            (f"gt-dlq discard --unreadable --batch {batch}", "remove them: they cannot be replayed")
        )
    elif report.failed:
        commands.append((f"gt-dlq list --batch {batch}", "list the dead letters"))
        commands.append((f"gt-dlq replay --batch {batch}", "retry the failed stories"))
    if report.state is not BatchPhase.OPEN and not local and not page:
        commands.append((f"gt-report {batch} --html report.html", "write the report as a page"))
    return commands
