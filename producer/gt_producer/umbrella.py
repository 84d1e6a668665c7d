"""`gossiptoon X` runs `gt-X`: one name for all installed commands."""

from __future__ import annotations

import os
import sys
from importlib.metadata import EntryPoint, entry_points, version

_PREFIX = "gt-"
_NAME = "gossiptoon"
_USAGE = 2
_COMPLETION = ("--install-completion", "--show-completion")
# Kept here because importing every command for its help text would be slow.
_DESCRIPTIONS = {
    "aggregate": "write result events to the ledger",
    "batch": "make videos of a list of stories on this machine, without a broker",
    "consume": "run a worker, which makes videos of the queued stories",
    "discover": "find stories on Reddit",
    "dlq": "show, replay, discard and restore dead letters",
    "doctor": "check broker, queues, ledger, orchestrator and disk",
    "produce": "check a list of stories and publish it as a batch",
    "report": "report on a batch or list all batches",
    "topology": "declare, show or delete exchanges and queues",
}


_EXAMPLES = ("batch my-story.md", "produce -f urls.txt --wait", "report", "topology show")


def main() -> int:
    """Run the command that the first argument names; without one, list the commands. Return the exit code."""
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
    """Return the installed GossipToon Batch commands by their short names."""
    found = entry_points(group="console_scripts")
    ours = [point for point in found if point.name.startswith(_PREFIX) and point.value.startswith("gt_")]
    return {point.name.removeprefix(_PREFIX): point for point in sorted(ours, key=lambda point: point.name)}


def overview(commands: dict[str, EntryPoint]) -> str:
    """Return the help text: every installed command with a description."""
    width = max((len(name) for name in commands), default=0)
    lines = [f"  {name:<{width}}  {_DESCRIPTIONS.get(name, '')}".rstrip() for name in commands]
    return "\n".join(
        [
            "Usage: gossiptoon COMMAND …",
            "",
            "Turn lists of Reddit stories into finished videos, with an exact report.",
            "",
            *lines,
            "",
            "Each command is also installed as gt-COMMAND. See `gossiptoon COMMAND --help`.",
            "Shell completion: `gossiptoon --install-completion`, or the same option of any gt-COMMAND.",
            "",
            "Examples:",
            *(f"  gossiptoon {line}" for line in _EXAMPLES if line.split()[0] in commands),
            "",
            "Exit codes:",
            "    0 done",
            "    2 no such command is installed",
            "  Other codes are those of the command: see `gossiptoon COMMAND --help`.",
        ]
    )


def unknown(given: str, names: list[str]) -> str:
    """Return the message for an unknown command, with similar names."""
    from difflib import get_close_matches  # needed for mistyped commands only

    close = get_close_matches(given, names, n=2, cutoff=0.5)
    hint = f"did you mean {' or '.join(close)}?" if close else "`gossiptoon` lists the installed ones"
    return f"unknown command {given}; {hint}"
