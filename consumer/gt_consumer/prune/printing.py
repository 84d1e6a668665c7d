"""What gt-prune prints: what would go, what is kept and why, and what became of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from rich.text import Text

from gt_common.cli.console import make_console
from gt_common.cli.json_output import print_json
from gt_common.cli.listing import say
from gt_common.ledger.pruning.candidates import OldBatch
from gt_common.report.fitted import Column, fitted_table
from gt_common.report.view import said_state
from gt_common.texts import one_line, plural, utc_text
from gt_consumer.prune.local import Files
from gt_consumer.prune.plan import Candidate, Plan
from gt_consumer.prune.work import Done

LISTED: Final = 50
_UNITS: Final = ("B", "kB", "MB", "GB", "TB")


def show_plan(plan: Plan, *, as_json: bool) -> None:
    """Print what would be removed: a table or a JSON document, and a summary on standard error."""
    if as_json:
        print_json(_document(plan) | {"dry_run": True})
    elif plan.batches:
        console = make_console()
        console.print(fitted_table(_columns(plan.batches[:LISTED]), console.width))
        if len(plan.batches) > LISTED:
            say(f"… and {len(plan.batches) - LISTED} more; --json lists all")
    _say_kept([(old.batch_id, old.kept) for old in plan.kept])
    if plan.leftovers:
        say(_leftovers(plan))
    if plan.empty:
        say(f"nothing to remove from before {plan.age.before.astimezone():%Y-%m-%d %H:%M}")
    else:
        say(f"to remove: {_summary(plan)}")


def question(plan: Plan) -> str:
    """Return the question for the operator."""
    return f"Remove {_summary(plan)} for good?"


def say_nothing_removed() -> None:
    """Print that nothing was done, because the operator did not agree."""
    say("nothing removed")


def show_done(done: Done, plan: Plan, *, as_json: bool) -> None:
    """Print what was removed, also when the run was stopped half-way."""
    if as_json:
        print_json(_done_document(done, plan))
    _say_kept(list(done.kept.items()))
    for problem in done.problems[:LISTED]:
        say(one_line(f"not removed: {problem}"))
    if len(done.problems) > LISTED:
        say(f"… and {len(done.problems) - LISTED} more problems")
    if plan.empty and not done.space:
        return
    parts = [f"{plural(len(done.batches), 'batch')} removed"]
    if done.completed:
        parts.append(f"{plural(len(done.completed), 'batch')} of earlier runs completed")
    parts.append(_files(done.files))
    say(", ".join(parts) + _space(done))


def _columns(batches: tuple[Candidate, ...]) -> list[Column]:
    def cells(text: Callable[[Candidate], object]) -> list[Text]:
        return [Text(str(text(one))) for one in batches]

    return [
        Column("BATCH", cells(lambda one: one.batch.batch_id), shape="id"),
        Column("STATE", cells(lambda one: said_state(one.batch.phase)), leaves=3),
        Column("STORIES", cells(lambda one: one.batch.total), justify="right"),
        Column("EVENTS", cells(lambda one: one.batch.events), leaves=6, justify="right"),
        Column("LEDGER", cells(lambda one: said_size(one.batch.size)), leaves=2, justify="right"),
        Column("FILES", cells(lambda one: one.files.number), leaves=5, justify="right"),
        Column("VIDEOS", cells(lambda one: one.files.videos), leaves=4, justify="right"),
        Column("ON DISK", cells(lambda one: said_size(one.files.size)), leaves=1, justify="right"),
        Column("LAST EVENT", cells(lambda one: f"{one.batch.last_event_at:%Y-%m-%d}")),
    ]


def _say_kept(kept: list[tuple[str, str]]) -> None:
    for batch_id, why in kept[:LISTED]:
        say(one_line(f"kept: batch {batch_id}: {why}"))
    if len(kept) > LISTED:
        say(f"… and {len(kept) - LISTED} more kept")


def _summary(plan: Plan) -> str:
    stories = sum(one.batch.total for one in plan.batches)
    size = sum(one.batch.size for one in plan.batches)
    batches, held = plural(len(plan.batches), "batch"), plural(stories, "story")
    return f"{batches} with {held} ({said_size(size)} in the ledger), {_files(plan.files)}"


def _leftovers(plan: Plan) -> str:
    return f"{plural(len(plan.leftovers), 'batch')} pruned before left files or rows, which are removed, too"


def _files(files: Files) -> str:
    videos = f", {plural(files.videos, 'video')} among them" if files.videos else ""
    return f"{plural(files.number, 'file')} ({said_size(files.size)}{videos})"


def _space(done: Done) -> str:
    space = done.space
    if space is None:
        return ""
    if space.shrinks is None:
        return "; the database server reuses the space by itself (autovacuum)"
    if space.shrinks:
        return f"; the ledger's file is {said_size(space.returned)} smaller"
    return (
        f"; {said_size(space.free)} in the ledger's file are free for new batches, and --rewrite gives them "
        "back to the disk"
    )


def said_size(size: int) -> str:
    """Format a number of bytes: `0 B`, `12 kB`, `3.4 MB`."""
    value = float(size)
    for unit in _UNITS:
        if value < 1000 or unit == _UNITS[-1]:
            return f"{value:.1f} {unit}" if unit not in ("B", "kB") and value < 10 else f"{value:.0f} {unit}"
        value /= 1000
    raise AssertionError(size)


def _document(plan: Plan) -> dict[str, object]:
    return {
        "schema": 1,
        "before": utc_text(plan.age.before),
        "batches": [_candidate(one) for one in plan.batches],
        "kept": [{"batch_id": old.batch_id, "reason": old.kept} for old in plan.kept],
        "leftovers": [
            {"batch_id": one.tombstone.batch_id, **_files_document(one.files)} for one in plan.leftovers
        ],
        **_files_document(plan.files),
    }


def _candidate(one: Candidate) -> dict[str, object]:
    return {**_batch(one.batch), **_files_document(one.files)}


def _batch(batch: OldBatch) -> dict[str, object]:
    return {
        "batch_id": batch.batch_id,
        "name": batch.name,
        "state": batch.phase.value,
        "total": batch.total,
        "last_event_at": utc_text(batch.last_event_at),
        "events": batch.events,
        "ledger_bytes": batch.size,
    }


def _done_document(done: Done, plan: Plan) -> dict[str, object]:
    space = done.space
    return {
        "schema": 1,
        "dry_run": False,
        "before": utc_text(plan.age.before),
        "batches": [_batch(batch) for batch in done.batches],
        "kept": [
            *({"batch_id": old.batch_id, "reason": old.kept} for old in plan.kept),
            *({"batch_id": batch_id, "reason": why} for batch_id, why in done.kept.items()),
        ],
        "leftovers": [{"batch_id": batch_id} for batch_id in done.completed],
        **_files_document(done.files),
        "problems": done.problems,
        "ledger_shrank_by": space.returned if space and space.shrinks else None,
    }


def _files_document(files: Files) -> dict[str, object]:
    return {"files": files.number, "videos": files.videos, "file_bytes": files.size}
