"""Command line of `gt-dlq replay`, `discard` and `restore`, which change dead letters."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from gt_common.cli.app import ask
from gt_consumer.deadletters.cli_options import (
    Batch,
    DryRun,
    Error,
    FromLedger,
    Group,
    Json,
    Oldest,
    Reason,
    Results,
    Since,
    Stage,
    Stories,
    UnreadableOnly,
    run_configured,
    selection_of,
    wants_unreadable,
)

if TYPE_CHECKING:
    from gt_common.settings import Settings


Rate = Annotated[
    str | None,
    typer.Option("--rate", metavar="N/TIME", help="Maximum rate: 2/minute, 10/hour or 5/10s."),
]


Canary = Annotated[
    int | None,
    typer.Option(
        "--canary",
        metavar="N",
        min=1,
        help="Replay N and wait for their outcomes, then continue in growing steps (2, 5, 20, 50, …); stop "
        "with exit code 5 when one fails again for the same reason, or none of a step succeeds.",
    ),
]


Overlay = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="NAME=VALUE",
        help="Change an option of the stories. VALUE is JSON or plain text; null removes the option. "
        "Repeatable.",
    ),
]


def replay_letters(
    batch: Batch = None,
    story: Stories = None,
    error: Error = None,
    stage: Stage = None,
    group: Group = None,
    since: Since = None,
    limit: Oldest = None,
    rate: Rate = None,
    canary: Canary = None,
    options: Overlay = None,
    fresh: Annotated[
        bool,
        typer.Option("--fresh", help="Start from the beginning instead of resuming what was already made."),
    ] = False,
    from_ledger: FromLedger = False,
    dry_run: DryRun = False,
    yes: Annotated[
        bool, typer.Option("-y", "--yes", help="Without a selector: replay all without asking.")
    ] = False,
    reason: Reason = None,
    as_json: Json = False,
) -> None:
    """Send dead letters back to the story queue.

    Each story gets a fresh set of attempts. A letter is removed only after the broker has confirmed its
    story: a replay that is killed may send a story twice (it is counted once) but never loses one. If the
    ledger can be read, stale copies are removed instead of replayed: letters that were replayed before,
    or whose story has succeeded since. Messages that are not stories, and letters that the ledger has but
    the queue has lost, are skipped; the exit code is then 1. While a rate or a canary waits, the letters
    that are not replayed yet stay in the queue.
    """

    def work(settings: Settings) -> int:
        from gt_common.cli.operator import operator
        from gt_consumer.deadletters.command_change import change_letters
        from gt_consumer.deadletters.orders import Order, parse_options, parse_rate

        order = Order(
            selection_of(batch, story, error, stage, group, since),
            limit,
            operator(),
            reason,
            rate=None if rate is None else parse_rate(rate),
            canary=canary,
            options=parse_options(options or []),
            fresh=fresh,
            from_ledger=from_ledger,
        )
        return change_letters(settings, "replay", order, dry_run=dry_run, yes=yes, ask=ask, as_json=as_json)

    run_configured(work)


def discard_letters(
    batch: Batch = None,
    story: Stories = None,
    error: Error = None,
    stage: Stage = None,
    group: Group = None,
    since: Since = None,
    limit: Oldest = None,
    from_ledger: FromLedger = False,
    unreadable: UnreadableOnly = False,
    results: Results = False,
    dry_run: DryRun = False,
    yes: Annotated[bool, typer.Option("-y", "--yes", help="Do not ask for confirmation.")] = False,
    reason: Reason = None,
    as_json: Json = False,
) -> None:
    """Discard dead letters: their stories count as cancelled.

    Each letter is saved in the ledger before it is removed from the queue. `gt-dlq restore` brings it back
    for as long as GT_DISCARD_KEEP allows (30 days by default). A discard that is killed loses nothing.
    With --unreadable, messages that are not stories are removed for good.
    """

    def work(settings: Settings) -> int:
        from gt_common.cli.operator import operator
        from gt_consumer.deadletters import command_unreadable
        from gt_consumer.deadletters.command_change import change_letters
        from gt_consumer.deadletters.orders import Order

        selection = selection_of(batch, story, error, stage, group, since)
        if wants_unreadable(unreadable=unreadable, results=results, from_ledger=from_ledger):
            removal = command_unreadable.Removal(selection, limit, results=results, yes=yes, ask=ask)
            return command_unreadable.discard_unreadable(settings, removal, dry_run=dry_run, as_json=as_json)
        order = Order(selection, limit, operator(), reason, from_ledger=from_ledger)
        return change_letters(settings, "discard", order, dry_run=dry_run, yes=yes, ask=ask, as_json=as_json)

    run_configured(work)


def restore_letters(
    batch: Batch = None,
    story: Stories = None,
    error: Error = None,
    stage: Stage = None,
    group: Group = None,
    since: Annotated[
        str | None,
        typer.Option(
            "--since", metavar="TIME", help="Only letters discarded since TIME: 2h, 2026-03-01T14:00."
        ),
    ] = None,
    limit: Oldest = None,
    dry_run: DryRun = False,
    yes: Annotated[
        bool, typer.Option("-y", "--yes", help="Without a selector: restore all without asking.")
    ] = False,
    reason: Reason = None,
    as_json: Json = False,
) -> None:
    """Restore discarded dead letters.

    They return to the dead-letter queue, and their stories count as failed again. Letters that were
    discarded too long ago (`gt-dlq list --discarded` shows the limit) are skipped, with exit code 1.
    """

    def work(settings: Settings) -> int:
        from gt_common.cli.operator import operator
        from gt_consumer.deadletters.command_change import change_letters
        from gt_consumer.deadletters.orders import Order

        order = Order(selection_of(batch, story, error, stage, group, since), limit, operator(), reason)
        return change_letters(settings, "restore", order, dry_run=dry_run, yes=yes, ask=ask, as_json=as_json)

    run_configured(work)
