"""`gossiptoon X` runs `gt-X`: one name for all installed commands.

GossipToon itself has a command of the same name. Where both are installed in one environment, the file that
was written last is the command; if it is this one, GossipToon's own commands are handed over to GossipToon.
"""

from __future__ import annotations

import os
import sys
from importlib.metadata import EntryPoint, entry_points, version

_PREFIX = "gt-"
_NAME = "gossiptoon"
_FAILED = 1
_USAGE = 2
_THEIR_COMMANDS = ("run", "resume", "validate", "list", "clean", "comment")
"""Commands of GossipToon 0.1.0 that this project does not have; both have `discover`, here gt-discover."""
_COMPLETION = ("--install-completion", "--show-completion")
# Kept here because importing every command for its help text would be slow.
_DESCRIPTIONS = {
    "aggregate": "write result events to the ledger",
    "batch": "make videos of a list of stories on this machine, without a broker",
    "consume": "run a worker, which makes videos of the queued stories",
    "control": "cancel stories of a running fleet",
    "dashboard": "serve the live page of batches, dead letters and the fleet",
    "discover": "find stories on Reddit",
    "dlq": "show, replay, discard and restore dead letters",
    "doctor": "check broker, queues, ledger, orchestrator and disk",
    "produce": "check a list of stories and publish it as a batch",
    "prune": "remove old batches and what they left on this machine",
    "report": "report on a batch or list all batches",
    "studio": "write the script of a story, to correct it before it becomes a video",
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
        _print_overview(commands)
        return 0
    if arguments[0] == "--version":
        print(f"gossiptoon {version('gt-producer')}")
        return 0
    name = arguments[0].removeprefix(_PREFIX)
    command = commands.get(name)
    if command is None:
        return _run_other(arguments[0], list(commands))
    sys.argv[:] = [command.name, *arguments[1:]]
    return _run(command)


def _print_overview(commands: dict[str, EntryPoint]) -> None:
    try:
        print(overview(commands), flush=True)
    except BrokenPipeError:
        # The reader left (`| head`); the interpreter must not complain when it flushes.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _run(command: EntryPoint) -> int:
    result = command.load()()
    return result if isinstance(result, int) else 0


def _run_other(given: str, names: list[str]) -> int:
    """Hand a command that is not one of this project to GossipToon, unless it looks like a mistyped one."""
    theirs = gossiptoon_itself()
    if given not in _THEIR_COMMANDS and (theirs is None or _similar(given, names)):
        print(f"gossiptoon: {unknown(given, names)}", file=sys.stderr)
        return _USAGE
    if theirs is None:
        text = f"`{given}` is a command of GossipToon itself, which is not installed in this environment"
        print(f"gossiptoon: {text}", file=sys.stderr)
        return _USAGE
    print(f"gossiptoon: handing `{given}` over to GossipToon itself ({theirs.value})", file=sys.stderr)
    sys.argv[0] = _NAME
    try:
        return _run(theirs)
    except ImportError as error:
        print(f"gossiptoon: GossipToon itself cannot be loaded: {error}", file=sys.stderr)
        return _FAILED


def gossiptoon_itself() -> EntryPoint | None:
    """Return GossipToon's own command, if GossipToon is installed in this environment."""
    found = entry_points(group="console_scripts", name=_NAME)
    return next((point for point in found if not point.value.startswith("gt_")), None)


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
            *_others(),
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


def _others() -> list[str]:
    if gossiptoon_itself() is None:
        return []
    return [
        f"GossipToon itself is installed, too, and gets what is not listed: {', '.join(_THEIR_COMMANDS)}."
    ]


def unknown(given: str, names: list[str]) -> str:
    """Return the message for an unknown command, with similar names."""
    close = _similar(given, names)
    hint = f"did you mean {' or '.join(close)}?" if close else "`gossiptoon` lists the installed ones"
    return f"unknown command {given}; {hint}"


def _similar(given: str, names: list[str]) -> list[str]:
    from difflib import get_close_matches  # needed for mistyped commands only

    return get_close_matches(given, names, n=2, cutoff=0.5)
