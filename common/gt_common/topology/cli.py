"""gt-topology: its command line."""

from __future__ import annotations

from typing import Annotated

import typer

from gt_common.cli.app import epilog, make_app, run_command
from gt_common.errors import ExitCode

_UNREACHABLE = {ExitCode.UNREACHABLE: "broker unreachable"}
_IN_USE = _UNREACHABLE | {ExitCode.STOPPED_BY_RULE: "nothing was deleted: queues are in use"}

app = make_app(
    "Declare, show or delete the exchanges and queues of GT_NAMESPACE; show the schemas of messages.",
    epilog("gt-topology show\ngt-topology declare", ExitCode.CREDENTIALS, meanings=_IN_USE),
)

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]


@app.command(epilog=epilog("gt-topology declare", ExitCode.CREDENTIALS, meanings=_UNREACHABLE))
def declare(as_json: AsJson = False) -> None:
    """Declare missing exchanges and queues.

    Existing ones stay as they are.
    """

    def work() -> int:
        from gt_common.topology import command  # --help stays fast

        return command.declare(as_json=as_json)

    run_command("gt-topology", work)


@app.command(epilog=epilog("gt-topology show --json", ExitCode.CREDENTIALS, meanings=_UNREACHABLE))
def show(as_json: AsJson = False) -> None:
    """Show exchanges and queues and what is missing.

    Messages and consumers are shown for each queue; only messages that are ready are counted, not those that
    a consumer holds unacknowledged.
    """

    def work() -> int:
        from gt_common.topology import command

        return command.show(as_json=as_json)

    run_command("gt-topology", work)


@app.command(epilog=epilog("gt-topology schema\ngt-topology schema batch.opened > batch.opened.json"))
def schema(
    name: Annotated[
        str, typer.Argument(help="story, event, or a type of event such as story.failed.")
    ] = "story",
) -> None:
    """Print the JSON Schema of a message.

    For programs that publish stories or follow events; docs/messages.md says where they go. It needs no
    broker.
    """

    def work() -> int:
        from gt_common.topology.command import print_schema

        return print_schema(name)

    run_command("gt-topology", work)


@app.command(epilog=epilog("gt-topology delete -y", ExitCode.CREDENTIALS, meanings=_IN_USE))
def delete(
    yes: Annotated[
        bool, typer.Option("-y", "--yes", help="Delete even if queues have messages or consumers.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Delete all exchanges and queues of the namespace.

    It refuses while they are in use, unless -y is given. Wait queues of usual delays that are not in
    GT_RETRY_DELAYS any more are deleted, too; for unusual ones, and for providers that are not in
    GT_RATE_LIMITS any more, set these once as they were.
    """

    def work() -> int:
        from gt_common.topology import command

        return command.delete(yes=yes, as_json=as_json)

    run_command("gt-topology", work)
