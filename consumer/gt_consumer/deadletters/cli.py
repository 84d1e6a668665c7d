"""gt-dlq: the command line for dead letters. What it does lies in gt_consumer.deadletters."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from gt_common.cli.app import epilog, make_app
from gt_consumer.deadletters.cli_act import discard_letters, replay_letters, restore_letters
from gt_consumer.deadletters.cli_options import (
    Batch,
    Error,
    Group,
    Json,
    Newest,
    Oldest,
    Since,
    Stage,
    Stories,
    run_configured,
    selection_of,
)

if TYPE_CHECKING:
    from gt_common.settings import Settings

_CODES = (3, 4, 6)
_SKIPPED = {1: "some dead letters were skipped"}
_CANARY = {5: "stopped by --canary"}

app = make_app(
    "Look at dead letters, send them back to work, or discard them.\n\n"
    "A dead letter is a story that will not be tried again until somebody replays it.",
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
        typer.Option("--discarded", help="Those that were discarded, and until when they can be restored."),
    ] = False,
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
    """List dead letters, newest first, as the ledger knows them; the queue is not touched.

    Those that were replayed and have no outcome yet follow apart, with what their stories are at.
    """

    def work(settings: Settings) -> int:
        from gt_common.errors import UsageError
        from gt_consumer.deadletters import look as looking

        selection = selection_of(batch, story, error, stage, group, since)
        if discarded and queue:
            raise UsageError("--discarded and --queue do not go together: discarded letters lie in no queue")
        how = looking.list_discarded if discarded else looking.list_queue if queue else looking.list_ledger
        return how(settings, selection, limit, as_json=as_json)

    run_configured(work)


@app.command("groups", epilog=epilog("gt-dlq groups --batch monday", *_CODES))
def list_groups(batch: Batch = None, since: Since = None, as_json: Json = False) -> None:
    """List dead letters by their cause, each with the command that replays all of that cause.

    One group has the same stage, error type and, but for numbers, names and addresses, the same message.
    """

    def work(settings: Settings) -> int:
        from gt_consumer.deadletters import look as looking

        selection = selection_of(batch, None, None, None, None, since)
        return looking.list_groups(settings, selection, as_json=as_json)

    run_configured(work)


@app.command("show", epilog=epilog("gt-dlq show 3f0c9a5d1b7e4c22", *_CODES))
def show_letter(
    story_id: Annotated[str, typer.Argument(metavar="STORY_ID", help="As `gt-dlq list` shows it.")],
    batch: Batch = None,
    as_json: Json = False,
) -> None:
    """Show everything about one dead letter: its attempts, errors, tracebacks and former replays.

    One that was replayed and has no outcome yet, or that was discarded, is shown as well.
    """

    def work(settings: Settings) -> int:
        from gt_consumer.deadletters import look as looking

        return looking.show(settings, story_id, batch, as_json=as_json)

    run_configured(work)


@app.command("export", epilog=epilog("gt-dlq export --batch monday --file letters.jsonl", *_CODES))
def export_letters(
    file: Annotated[str, typer.Option("--file", metavar="F|-", help="Where to; - is standard output.")] = "-",
    batch: Batch = None,
    story: Stories = None,
    error: Error = None,
    stage: Stage = None,
    group: Group = None,
    since: Since = None,
    limit: Oldest = None,
    discarded: Annotated[bool, typer.Option("--discarded", help="Those that were discarded.")] = False,
) -> None:
    """Write dead letters whole, one JSON document a line, oldest first, for other programs.

    They come from the ledger; the queue is not touched. Secrets in their errors were taken out before.
    """

    def work(settings: Settings) -> int:
        from gt_consumer.deadletters import look as looking

        selection = selection_of(batch, story, error, stage, group, since)
        return looking.export(settings, selection, limit, file, discarded=discarded)

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
