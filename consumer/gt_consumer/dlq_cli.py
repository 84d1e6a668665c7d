"""gt-dlq: the command line for dead letters. What it does lies in gt_consumer.deadletters."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated

import typer

from gt_common.cli import epilog, make_app, run_command

if TYPE_CHECKING:
    from gt_common.settings import Settings
    from gt_consumer.deadletters.acting import Verb
    from gt_consumer.deadletters.orders import Order
    from gt_consumer.deadletters.selection import Selection

app = make_app(
    "Look at dead letters, send them back to work, or discard them.\n\n"
    "A dead letter is a story that will not be tried again until somebody replays it.",
    epilog("gt-dlq groups --batch monday", 1, 3, 4, 5, 6),
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
Group = Annotated[
    str | None,
    typer.Option("--group", metavar="FINGERPRINT", help="Only those of this cause; see `gt-dlq groups`."),
]
Since = Annotated[
    str | None,
    typer.Option("--since", metavar="TIME", help="Only those since TIME: 2h, 2026-03-01, 2026-03-01T14:00."),
]
Newest = Annotated[int | None, typer.Option("--limit", metavar="N", min=1, help="The N newest only.")]
Oldest = Annotated[int | None, typer.Option("--limit", metavar="N", min=1, help="The N oldest only.")]
DryRun = Annotated[
    bool,
    typer.Option(
        "-n", "--dry-run", help="Only list what the ledger knows of it; changes nothing, asks no broker."
    ),
]
Reason = Annotated[
    str | None, typer.Option("--reason", metavar="TEXT", help="Why; kept with the story and in the ledger.")
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document instead of text.")]


@app.command("list", epilog=epilog("gt-dlq list --batch monday --error TimeoutError", 3, 4, 6))
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
        from gt_consumer.deadletters import looking

        selection = _selection(batch, story, error, stage, group, since)
        if discarded and queue:
            raise UsageError("--discarded and --queue do not go together: discarded letters lie in no queue")
        how = looking.list_discarded if discarded else looking.list_queue if queue else looking.list_ledger
        return how(settings, selection, limit, as_json=as_json)

    _run(work)


@app.command("groups", epilog=epilog("gt-dlq groups --batch monday", 3, 4, 6))
def list_groups(batch: Batch = None, since: Since = None, as_json: Json = False) -> None:
    """List dead letters by their cause, each with the command that replays all of that cause.

    One group has the same stage, error type and, but for numbers, names and addresses, the same message.
    """

    def work(settings: Settings) -> int:
        from gt_consumer.deadletters import looking

        selection = _selection(batch, None, None, None, None, since)
        return looking.list_groups(settings, selection, as_json=as_json)

    _run(work)


@app.command("show", epilog=epilog("gt-dlq show 3f0c9a5d1b7e4c22", 3, 4, 6))
def show_letter(
    story_id: Annotated[str, typer.Argument(metavar="STORY_ID", help="As `gt-dlq list` shows it.")],
    batch: Batch = None,
    as_json: Json = False,
) -> None:
    """Show everything about one dead letter: its attempts, errors, tracebacks and former replays.

    One that was replayed and has no outcome yet, or that was discarded, is shown as well.
    """

    def work(settings: Settings) -> int:
        from gt_consumer.deadletters import looking

        return looking.show(settings, story_id, batch, as_json=as_json)

    _run(work)


@app.command("export", epilog=epilog("gt-dlq export --batch monday --file letters.jsonl", 3, 4, 6))
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
        from gt_consumer.deadletters import looking

        selection = _selection(batch, story, error, stage, group, since)
        return looking.export(settings, selection, limit, file, discarded=discarded)

    _run(work)


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


@app.command("replay", epilog=epilog("gt-dlq replay --group 1a2b3c4d5e6f --canary 1", 1, 3, 4, 5, 6))
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
        from gt_consumer.deadletters import acting
        from gt_consumer.deadletters.orders import Order, parse_options, parse_rate
        from gt_consumer.operators import operator

        order = Order(
            _selection(batch, story, error, stage, group, since),
            limit,
            operator(),
            reason,
            rate=None if rate is None else parse_rate(rate),
            canary=canary,
            options=parse_options(options or []),
        )
        return _act(settings, "replay", order, acting.replay_now, dry_run, yes, as_json)

    _run(work)


@app.command(
    "discard", epilog=epilog("gt-dlq discard --group 1a2b3c4d5e6f --reason 'story deleted'", 1, 3, 4, 6)
)
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
        from gt_consumer.deadletters import acting
        from gt_consumer.deadletters.orders import Order
        from gt_consumer.operators import operator

        order = Order(_selection(batch, story, error, stage, group, since), limit, operator(), reason)
        return _act(settings, "discard", order, acting.discard_now, dry_run, yes, as_json)

    _run(work)


@app.command("restore", epilog=epilog("gt-dlq restore --batch monday --since 2h", 1, 3, 4, 6))
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
        from gt_consumer.deadletters import acting
        from gt_consumer.deadletters.orders import Order
        from gt_consumer.operators import operator

        order = Order(_selection(batch, story, error, stage, group, since), limit, operator(), reason)
        return _act(settings, "restore", order, acting.restore_now, dry_run, yes, as_json)

    _run(work)


def _selection(
    batch: str | None,
    story: list[str] | None,
    error: str | None,
    stage: str | None,
    group: str | None,
    since: str | None,
) -> Selection:
    from gt_common.messages import utc_now
    from gt_consumer.deadletters.selection import Selection, parse_since

    moment = None if since is None else parse_since(since, utc_now())
    return Selection(batch, frozenset(story or ()), error, stage, group, moment)


def _act(
    settings: Settings,
    verb: Verb,
    order: Order,
    now: Callable[..., int],
    dry_run: bool,
    yes: bool,
    as_json: bool,
) -> int:
    from gt_consumer.deadletters import acting

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


def _run(work: Callable[[Settings], int]) -> None:
    def configured() -> int:
        from gt_common.log import configure_logging  # --help stays fast
        from gt_common.settings import load_settings

        settings = load_settings()
        configure_logging(settings)
        return work(settings)

    run_command("gt-dlq", configured)
