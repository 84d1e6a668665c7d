"""gt-dlq: `list`, `groups`, `show` and `export`, which only read; the other commands are in cli_change."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from gt_common.cli.app import epilog, make_app
from gt_consumer.deadletters.cli_change import discard_letters, replay_letters, restore_letters
from gt_consumer.deadletters.cli_options import (
    Batch,
    Error,
    Group,
    Json,
    Newest,
    Oldest,
    Results,
    Since,
    Stage,
    Stories,
    UnreadableOne,
    UnreadableOnly,
    run_configured,
    selection_of,
    wants_unreadable,
)

if TYPE_CHECKING:
    from gt_common.settings import Settings

_CODES = (3, 4, 6)
_SKIPPED = {1: "some dead letters were skipped"}
_CANARY = {5: "stopped by --canary"}

app = make_app(
    "Show, replay, discard and restore dead letters.\n\n"
    "A dead letter is a story that will not be tried again until an operator replays it.",
    epilog("gt-dlq groups --batch monday", *_CODES, meanings=_SKIPPED | _CANARY),
)


@app.command("list", epilog=epilog("gt-dlq list --batch monday --error TimeoutError", *_CODES))
def list_letters(
    batch: Batch = None,
    story: Stories = None,
    error: Error = None,
    stage: Stage = None,
    group: Group = None,
    since: Since = None,
    limit: Newest = None,
    discarded: Annotated[
        bool,
        typer.Option("--discarded", help="List discarded letters, and until when each can be restored."),
    ] = False,
    queue: Annotated[
        bool,
        typer.Option(
            "--queue",
            help="Read the queue itself, including messages that are not stories. The order is kept, but "
            "the delivery count of each message rises by one.",
        ),
    ] = False,
    unreadable: UnreadableOnly = False,
    results: Results = False,
    as_json: Json = False,
) -> None:
    """List dead letters, newest first.

    They are read from the ledger; the queue is not touched. Letters that were replayed and have no outcome
    yet are listed separately, with the status of their story.
    """

    def work(settings: Settings) -> int:
        from gt_common.errors import UsageError
        from gt_consumer.deadletters import command_read

        selection = selection_of(batch, story, error, stage, group, since)
        if wants_unreadable(unreadable=unreadable, results=results, discarded=discarded, queue=queue):
            from gt_consumer.deadletters import command_unreadable  # few look at those

            return command_unreadable.list_unreadable(
                settings, selection, limit, results=results, as_json=as_json
            )
        if discarded and queue:
            raise UsageError("--discarded and --queue exclude each other: discarded letters are in no queue")
        if discarded:
            return command_read.list_discarded(settings, selection, limit, as_json=as_json)
        if queue:
            return command_read.list_queue(settings, selection, limit, as_json=as_json)
        return command_read.list_ledger(settings, selection, limit, as_json=as_json)

    run_configured(work)


@app.command("groups", epilog=epilog("gt-dlq groups --batch monday", *_CODES))
def list_groups(batch: Batch = None, since: Since = None, as_json: Json = False) -> None:
    """Group dead letters by cause.

    Each group is listed with the command that replays it. The letters of a group have the same stage,
    error type and message, apart from numbers, names and addresses in the message.
    """

    def work(settings: Settings) -> int:
        from gt_consumer.deadletters import command_read

        selection = selection_of(batch, None, None, None, None, since)
        return command_read.list_groups(settings, selection, as_json=as_json)

    run_configured(work)


@app.command("show", epilog=epilog("gt-dlq show 3f0c9a5d1b7e4c22", *_CODES))
def show_letter(
    story_id: Annotated[str, typer.Argument(metavar="STORY_ID", help="Story id, as shown by `gt-dlq list`.")],
    batch: Batch = None,
    unreadable: UnreadableOne = False,
    results: Results = False,
    as_json: Json = False,
) -> None:
    """Show one dead letter in full.

    Shows its attempts, errors, tracebacks and earlier replays, also of a letter that was discarded, or
    replayed and has no outcome yet.
    """

    def work(settings: Settings) -> int:
        from gt_consumer.deadletters import command_read, command_unreadable

        if wants_unreadable(unreadable=unreadable, results=results, batch=batch is not None):
            return command_unreadable.show_unreadable(settings, story_id, results=results, as_json=as_json)
        return command_read.show(settings, story_id, batch, as_json=as_json)

    run_configured(work)


@app.command("export", epilog=epilog("gt-dlq export --batch monday --file letters.jsonl", *_CODES))
def export_letters(
    file: Annotated[
        str, typer.Option("--file", metavar="F|-", help="File to write; - is standard output.")
    ] = "-",
    batch: Batch = None,
    story: Stories = None,
    error: Error = None,
    stage: Stage = None,
    group: Group = None,
    since: Since = None,
    limit: Oldest = None,
    discarded: Annotated[bool, typer.Option("--discarded", help="Export discarded letters.")] = False,
    unreadable: UnreadableOnly = False,
    results: Results = False,
) -> None:
    """Export complete dead letters as JSON lines.

    One JSON document per line, oldest first, for other programs. The letters are read from the ledger; the
    queue is not touched. Secrets in their errors are already removed.
    """

    def work(settings: Settings) -> int:
        from gt_consumer.deadletters import command_read, command_unreadable

        selection = selection_of(batch, story, error, stage, group, since)
        if wants_unreadable(unreadable=unreadable, results=results, discarded=discarded):
            return command_unreadable.export_unreadable(settings, selection, limit, file, results=results)
        return command_read.export(settings, selection, limit, file, discarded=discarded)

    run_configured(work)


app.command(
    "replay",
    epilog=epilog("gt-dlq replay --group 1a2b3c4d5e6f --canary 1", *_CODES, meanings=_SKIPPED | _CANARY),
)(replay_letters)
app.command(
    "discard",
    epilog=epilog("gt-dlq discard --group 1a2b3c4d5e6f --reason 'story deleted'", *_CODES, meanings=_SKIPPED),
)(discard_letters)
app.command("restore", epilog=epilog("gt-dlq restore --batch monday --since 2h", *_CODES, meanings=_SKIPPED))(
    restore_letters
)
