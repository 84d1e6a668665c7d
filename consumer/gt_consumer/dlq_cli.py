"""gt-dlq: the command line for dead letters. What it does lies in deadletter_commands."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated

import typer

from gt_common.cli import epilog, make_app, run_command

if TYPE_CHECKING:
    from gt_common.settings import Settings

app = make_app(
    "Look at dead letters and send them back to work.\n\n"
    "A dead letter is a story that will not be tried again until somebody replays it.",
    epilog("gt-dlq list --batch monday", 1, 3, 4, 6),
)

Batch = Annotated[str | None, typer.Option("--batch", metavar="ID", help="Only those of this batch.")]
Stories = Annotated[
    list[str] | None, typer.Option("--story", metavar="ID", help="Only this story; may be given repeatedly.")
]
Error = Annotated[
    str | None,
    typer.Option(
        "--error",
        metavar="TEXT",
        help="Only those whose error type is TEXT or whose message contains it; case does not matter.",
    ),
]
Stage = Annotated[
    str | None, typer.Option("--stage", metavar="STAGE", help="Only those that failed in this stage.")
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document instead of text.")]


@app.command("list", epilog=epilog("gt-dlq list --batch monday --error TimeoutError", 3, 4, 6))
def list_letters(
    batch: Batch = None,
    story: Stories = None,
    error: Error = None,
    stage: Stage = None,
    limit: Annotated[
        int | None, typer.Option("--limit", metavar="N", min=1, help="The N newest only.")
    ] = None,
    queue: Annotated[
        bool,
        typer.Option(
            "--queue",
            help="Look into the queue itself, with messages that are no stories; everything stays in its "
            "place, but this raises the delivery count of each message by one.",
        ),
    ] = False,
    as_json: Json = False,
) -> None:
    """List dead letters, newest first, as the ledger knows them; the queue is not touched."""

    def work(settings: Settings) -> int:
        from gt_consumer import deadletter_commands as commands
        from gt_consumer.deadletters import Selection

        selection = Selection(batch, frozenset(story or ()), error, stage)
        if queue:
            return commands.list_queue(settings, selection, limit, as_json=as_json)
        return commands.list_ledger(settings, selection, limit, as_json=as_json)

    _run(work)


@app.command("show", epilog=epilog("gt-dlq show 3f0c9a5d1b7e4c22", 3, 4, 6))
def show_letter(
    story_id: Annotated[str, typer.Argument(metavar="STORY_ID", help="As `gt-dlq list` shows it.")],
    batch: Batch = None,
    as_json: Json = False,
) -> None:
    """Show everything about one dead letter: its attempts, errors, tracebacks and former replays."""

    def work(settings: Settings) -> int:
        from gt_consumer import deadletter_commands as commands

        return commands.show(settings, story_id, batch, as_json=as_json)

    _run(work)


@app.command("replay", epilog=epilog("gt-dlq replay --batch monday --error TimeoutError -n", 1, 3, 4))
def replay_letters(
    batch: Batch = None,
    story: Stories = None,
    error: Error = None,
    stage: Stage = None,
    limit: Annotated[
        int | None, typer.Option("--limit", metavar="N", min=1, help="The N oldest only.")
    ] = None,
    dry_run: Annotated[
        bool,
        typer.Option(
            "-n", "--dry-run", help="Only list what the ledger knows of it; changes nothing, asks no broker."
        ),
    ] = False,
    yes: Annotated[
        bool, typer.Option("-y", "--yes", help="Without any of the above: replay all, without asking.")
    ] = False,
    reason: Annotated[
        str | None,
        typer.Option("--reason", metavar="TEXT", help="Why; kept with the story and in the ledger."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Send dead letters back to the queue of stories, with all attempts before them again.

    Each is removed only after the broker has confirmed the story, so a replay that is killed may send a
    story twice (it is counted once) but loses none. A leftover of an earlier replay, or of a story that
    succeeded after all, is removed instead of being sent, if the ledger can be asked. Messages that are no
    stories are never replayed; they are skipped with exit code 1 when all was to be replayed.
    """

    def work(settings: Settings) -> int:
        from gt_consumer import deadletter_commands as commands
        from gt_consumer.deadletter_replay import Order
        from gt_consumer.deadletters import Selection
        from gt_consumer.operators import operator

        selection = Selection(batch, frozenset(story or ()), error, stage)
        order = Order(selection, limit, operator(), reason)
        if dry_run:
            return commands.dry_run(settings, order, as_json=as_json)
        if selection.everything and limit is None and not commands.confirmed_all(settings, yes=yes, ask=_ask):
            return 0
        return commands.replay_now(settings, order, as_json=as_json)

    _run(work)


def _ask(question: str) -> bool:
    return typer.confirm(question, err=True)


def _run(work: Callable[[Settings], int]) -> None:
    def configured() -> int:
        from gt_common.log import configure_logging  # --help stays fast
        from gt_common.settings import load_settings

        settings = load_settings()
        configure_logging(settings)
        return work(settings)

    run_command("gt-dlq", configured)
