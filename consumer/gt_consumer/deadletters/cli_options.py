"""Options and start-up that the gt-dlq commands share."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated

import typer

from gt_common.cli.app import run_configured as run_app
from gt_common.cli.completion import complete_batch_id

if TYPE_CHECKING:
    from gt_common.settings import Settings
    from gt_consumer.deadletters.selection import Selection


Batch = Annotated[
    str | None,
    typer.Option(
        "--batch", metavar="ID", autocompletion=complete_batch_id, help="Only letters of this batch."
    ),
]


Stories = Annotated[
    list[str] | None, typer.Option("--story", metavar="ID", help="Only this story; repeatable.")
]


Error = Annotated[
    str | None,
    typer.Option(
        "--error",
        metavar="TEXT",
        help="Only letters whose error type is TEXT or whose message contains it; case does not matter.",
    ),
]


Stage = Annotated[
    str | None, typer.Option("--stage", metavar="STAGE", help="Only letters that failed in this stage.")
]


Group = Annotated[
    str | None,
    typer.Option("--group", metavar="FINGERPRINT", help="Only letters of this group; see `gt-dlq groups`."),
]


Since = Annotated[
    str | None,
    typer.Option(
        "--since", metavar="TIME", help="Only letters that died since TIME: 2h, 2026-03-01, 2026-03-01T14:00."
    ),
]


Newest = Annotated[int | None, typer.Option("--limit", metavar="N", min=1, help="Only the N newest.")]


Oldest = Annotated[int | None, typer.Option("--limit", metavar="N", min=1, help="Only the N oldest.")]


DryRun = Annotated[
    bool,
    typer.Option(
        "-n",
        "--dry-run",
        help="Show what would be affected, according to the ledger, without contacting the broker.",
    ),
]


Reason = Annotated[
    str | None,
    typer.Option("--reason", metavar="TEXT", help="Reason; kept in the message and in the ledger."),
]


FromLedger = Annotated[
    bool,
    typer.Option(
        "--from-ledger",
        help="Use the ledger's copy of letters that the queue has lost (purged, expired, dropped by a "
        "policy).",
    ),
]


UnreadableOnly = Annotated[
    bool,
    typer.Option(
        "--unreadable",
        help="Messages that are not stories, read from the queue. --story selects by their id, --error by "
        "their reason.",
    ),
]


UnreadableOne = Annotated[
    bool,
    typer.Option(
        "--unreadable",
        help="A message that is not a story, read from the queue, by its id in `gt-dlq list --unreadable`.",
    ),
]


Results = Annotated[
    bool,
    typer.Option(
        "--results", help="With --unreadable: the unreadable results of workers instead (NS.results.dlq)."
    ),
]


Json = Annotated[bool, typer.Option("--json", help="Print one JSON document instead of text.")]


def wants_unreadable(*, unreadable: bool, results: bool, **others: bool) -> bool:
    """Whether the command concerns unreadable messages.

    Parameters:
        others: further flags of the command that concern stories only, by name

    Raises:
        UsageError: --results is given alone, or --unreadable with one of the others
    """
    from gt_common.errors import UsageError

    if results and not unreadable:
        raise UsageError("--results needs --unreadable: only unreadable results are kept in a queue")
    if unreadable and any(others.values()):
        other = next(name for name, given in others.items() if given).replace("_", "-")
        raise UsageError(f"--unreadable and --{other} exclude each other")
    return unreadable


def selection_of(
    batch: str | None,
    story: list[str] | None,
    error: str | None,
    stage: str | None,
    group: str | None,
    since: str | None,
) -> Selection:
    """Return the selection that the options describe.

    Raises:
        UsageError: an option is empty, or --since is not a time in the past
    """
    from gt_common.messages import utc_now
    from gt_consumer.deadletters.selection import Selection, parse_since

    moment = None if since is None else parse_since(since, utc_now())
    return Selection(batch, frozenset(story or ()), error, stage, group, moment)


def run_configured(work: Callable[[Settings], int]) -> None:
    """Load settings, configure logging and run one command; exit with its code."""
    run_app("gt-dlq", work)
