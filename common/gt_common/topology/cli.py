"""gt-topology: declares, shows and deletes the exchanges and queues of one namespace."""

from __future__ import annotations

from typing import Annotated

import typer

from gt_common.cli.app import epilog, make_app, run_command

app = make_app(
    "Make, show or delete the exchanges and queues of GT_NAMESPACE.", epilog("gt-topology show", 3, 4)
)

AsJson = Annotated[bool, typer.Option("--json", help="One JSON object on standard output.")]


@app.command(epilog=epilog("gt-topology declare", 3, 4))
def declare(as_json: AsJson = False) -> None:
    """Make everything that is not there yet; what is there stays as it is."""

    def work() -> int:
        from gt_common.topology import command as topology_commands  # --help stays fast

        return topology_commands.declare(as_json=as_json)

    run_command("gt-topology", work)


@app.command(epilog=epilog("gt-topology show --json", 3, 4))
def show(as_json: AsJson = False) -> None:
    """Show exchanges and queues, their messages and consumers, and what is missing.

    Messages are those ready in a queue; what a consumer holds and has not settled is not counted.
    """

    def work() -> int:
        from gt_common.topology import command as topology_commands

        return topology_commands.show(as_json=as_json)

    run_command("gt-topology", work)


@app.command(epilog=epilog("gt-topology delete -y", 3, 4, 5))
def delete(
    yes: Annotated[
        bool, typer.Option("-y", "--yes", help="Delete although queues hold messages or are consumed.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Delete all exchanges and queues of the namespace; refuses while they are in use, unless -y."""

    def work() -> int:
        from gt_common.topology import command as topology_commands

        return topology_commands.delete(yes=yes, as_json=as_json)

    run_command("gt-topology", work)
