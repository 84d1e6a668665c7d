"""`gossiptoon x` is `gt-x`: one name for all commands, as many as are installed."""

from __future__ import annotations

import os
import sys
from importlib.metadata import EntryPoint, entry_points, version

_PREFIX = "gt-"
_NAME = "gossiptoon"
_USAGE = 2
_COMPLETION = ("--install-completion", "--show-completion")
# Said here and not asked of the commands: importing them all would be slow.
_DESCRIPTIONS = {
    "aggregate": "take every result event into the ledger",
    "batch": "make a list of stories on this machine, without a broker",
    "consume": "worker: make the videos of the stories in the queue",
    "discover": "find stories on Reddit",
    "dlq": "list, group, show, replay, discard and restore dead letters",
    "doctor": "check broker, queues, ledger, orchestrator and disk",
    "produce": "check a list of stories and publish it as a batch",
    "report": "show a batch, now or while it goes on; without an id, the batches",
    "topology": "declare, show or delete exchanges and queues",
}


def main() -> int:
    """Hand over to the command that the first argument names; without one, list the commands."""
    commands = installed_commands()
    arguments = sys.argv[1:]
    if f"_{_NAME.upper()}_COMPLETE" in os.environ or arguments[:1] in ([option] for option in _COMPLETION):
        from gt_common.cli.umbrella import complete

        texts = {name: _DESCRIPTIONS.get(name, "") for name in commands}
        complete(_NAME, texts, lambda name: commands[name].load())
    if not arguments or arguments[0] in {"-h", "--help", "help"}:
        print(overview(commands))
        return 0
    if arguments[0] == "--version":
        print(f"gossiptoon {version('gt-producer')}")
        return 0
    name = arguments[0].removeprefix(_PREFIX)
    command = commands.get(name)
    if command is None:
        print(f"gossiptoon: {unknown(arguments[0], list(commands))}", file=sys.stderr)
        return _USAGE
    sys.argv[:] = [command.name, *arguments[1:]]
    run = command.load()
    result = run()
    return result if isinstance(result, int) else 0


def installed_commands() -> dict[str, EntryPoint]:
    """Give our installed commands by their short names."""
    found = entry_points(group="console_scripts")
    ours = [point for point in found if point.name.startswith(_PREFIX) and point.value.startswith("gt_")]
    return {point.name.removeprefix(_PREFIX): point for point in sorted(ours, key=lambda point: point.name)}


def overview(commands: dict[str, EntryPoint]) -> str:
    """List the commands, each with what it does."""
    width = max((len(name) for name in commands), default=0)
    lines = [f"  {name:<{width}}  {_DESCRIPTIONS.get(name, '')}".rstrip() for name in commands]
    return "\n".join(
        [
            "Usage: gossiptoon COMMAND …",
            "",
            "Many Reddit stories in, finished videos and a true report out.",
            "",
            *lines,
            "",
            "Each is a command of its own too: gt-COMMAND. `gossiptoon COMMAND --help` says more.",
            "Shell completion: `gossiptoon --install-completion`, and the same for each gt-COMMAND.",
        ]
    )


def unknown(given: str, names: list[str]) -> str:
    """Say that there is no such command, and what may have been meant."""
    from difflib import get_close_matches  # only a mistyped command needs it

    close = get_close_matches(given, names, n=2, cutoff=0.5)
    hint = f"did you mean {' or '.join(close)}?" if close else "`gossiptoon` lists those that are installed"
    return f"no command {given}; {hint}"
