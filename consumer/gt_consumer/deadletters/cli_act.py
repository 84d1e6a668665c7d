"""gt-dlq replay, discard, restore: the command line of what changes dead letters."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated

import typer

from gt_consumer.deadletters.cli_options import (
    Batch,
    DryRun,
    Error,
    Group,
    Json,
    Oldest,
    Reason,
    Since,
    Stage,
    Stories,
    run_configured,
    selection_of,
)

if TYPE_CHECKING:
    from gt_common.settings import Settings
    from gt_consumer.deadletters.act import Verb
    from gt_consumer.deadletters.orders import Order


Rate = Annotated[
    str | None,
    typer.Option("--rate", metavar="N/TIME", help="So many in a time at most: 2/minute, 10/hour, 5/10s."),
]


Canary = Annotated[
    int | None,
    typer.Option(
        "--canary",
        metavar="N",
        min=1,
        help="Replay N and wait for their outcome, then more in steps that grow (2, 5, 20, 50, …); stop "
        "with exit code 5 when one fails again of the same cause, or none of a step succeeds.",
    ),
]


Overlay = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="NAME=VALUE",
        help="Change an option of the stories; VALUE is JSON or a text, null takes the option away. May "
        "be given repeatedly.",
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
    dry_run: DryRun = False,
    yes: Annotated[
        bool, typer.Option("-y", "--yes", help="With nothing selected: replay all, without asking.")
    ] = False,
    reason: Reason = None,
    as_json: Json = False,
) -> None:
    """Send dead letters back to the queue of stories, with all attempts before them again.

    Each is removed only after the broker has confirmed the story, so a replay that is killed may send a
    story twice (it is counted once) but loses none. A leftover of an earlier replay, or of a story that
    succeeded after all, is removed instead of being sent, if the ledger can be asked. Messages that are no
    stories are never replayed; they are skipped with exit code 1 when all was to be replayed. While a rate
    or a canary waits, what is not sent yet lies in the queue.
    """

    def work(settings: Settings) -> int:
        from gt_common.operator import operator
        from gt_consumer.deadletters import act as acting
        from gt_consumer.deadletters.orders import Order, parse_options, parse_rate

        order = Order(
            selection_of(batch, story, error, stage, group, since),
            limit,
            operator(),
            reason,
            rate=None if rate is None else parse_rate(rate),
            canary=canary,
            options=parse_options(options or []),
        )
        return _act(settings, "replay", order, acting.replay_now, dry_run, yes, as_json)

    run_configured(work)


def discard_letters(
    batch: Batch = None,
    story: Stories = None,
    error: Error = None,
    stage: Stage = None,
    group: Group = None,
    since: Since = None,
    limit: Oldest = None,
    dry_run: DryRun = False,
    yes: Annotated[bool, typer.Option("-y", "--yes", help="Without asking.")] = False,
    reason: Reason = None,
    as_json: Json = False,
) -> None:
    """Put dead letters away: their stories count as cancelled.

    Each letter goes into the ledger before it is removed from the queue, and `gt-dlq restore` brings it back
    for as long as GT_DISCARD_KEEP says (30 days). A discard that is killed loses none.
    """

    def work(settings: Settings) -> int:
        from gt_common.operator import operator
        from gt_consumer.deadletters import act as acting
        from gt_consumer.deadletters.orders import Order

        order = Order(selection_of(batch, story, error, stage, group, since), limit, operator(), reason)
        return _act(settings, "discard", order, acting.discard_now, dry_run, yes, as_json)

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
            "--since", metavar="TIME", help="Only those discarded since TIME: 2h, 2026-03-01T14:00."
        ),
    ] = None,
    limit: Oldest = None,
    dry_run: DryRun = False,
    yes: Annotated[
        bool, typer.Option("-y", "--yes", help="With nothing selected: restore all, without asking.")
    ] = False,
    reason: Reason = None,
    as_json: Json = False,
) -> None:
    """Bring discarded dead letters back into the queue: their stories count as failed again.

    Those whose time is over (`gt-dlq list --discarded` shows it) are skipped, with exit code 1.
    """

    def work(settings: Settings) -> int:
        from gt_common.operator import operator
        from gt_consumer.deadletters import act as acting
        from gt_consumer.deadletters.orders import Order

        order = Order(selection_of(batch, story, error, stage, group, since), limit, operator(), reason)
        return _act(settings, "restore", order, acting.restore_now, dry_run, yes, as_json)

    run_configured(work)


def _act(
    settings: Settings,
    verb: Verb,
    order: Order,
    now: Callable[..., int],
    dry_run: bool,
    yes: bool,
    as_json: bool,
) -> int:
    from gt_consumer.deadletters import act as acting

    if dry_run:
        return acting.dry_run(settings, verb, order, as_json=as_json)
    if not acting.confirmed(settings, verb, order, yes=yes, ask=_ask):
        return 0
    return now(settings, order, as_json=as_json)


def _ask(question: str) -> bool:
    try:
        return typer.confirm(question, err=True)
    except typer.Abort:
        raise KeyboardInterrupt from None
