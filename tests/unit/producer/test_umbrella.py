"""`gossiptoon x` is `gt-x`."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from gt_producer import umbrella

GOSSIPTOON = str(Path(sys.executable).with_name("gossiptoon"))


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([GOSSIPTOON, *arguments], capture_output=True, text=True, timeout=60)


def test_without_arguments_the_installed_commands_are_listed_and_said() -> None:
    done = run()
    assert done.returncode == 0
    commands = umbrella.installed_commands()
    assert {"produce", "topology", "consume"} <= commands.keys()
    for name in commands:
        line = next(line for line in done.stdout.splitlines() if line.startswith(f"  {name} "))
        assert len(line.split()) > 3, f"{name} is not described"
    assert run("--help").stdout == done.stdout


def test_help_has_examples_of_installed_commands_and_the_exit_codes() -> None:
    text = run("--help").stdout
    examples = text[text.index("Examples:\n") : text.index("\nExit codes:\n")].splitlines()[1:]
    assert "  gossiptoon produce -f urls.txt --wait" in examples
    assert {line.split()[1] for line in examples if line} <= umbrella.installed_commands().keys()
    assert "gossiptoon batch" not in umbrella.overview({"produce": umbrella.installed_commands()["produce"]})
    codes = text[text.index("Exit codes:\n") :]
    assert "\n    0 done\n    2 no such command" in codes


def test_a_command_is_handed_its_arguments_and_gives_its_exit_code() -> None:
    direct = subprocess.run(
        [Path(sys.executable).with_name("gt-produce"), "-n", "nonsense"],
        capture_output=True,
        text=True,
        timeout=60,
    )
    for name in ("produce", "gt-produce"):
        handed = run(name, "-n", "nonsense")
        assert (handed.returncode, handed.stdout, handed.stderr) == (2, direct.stdout, direct.stderr)
    assert "Usage: gt-produce" in run("produce", "--help").stdout


def test_an_unknown_command_is_refused_with_a_suggestion() -> None:
    done = run("prodcue")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "gossiptoon: unknown command prodcue; did you mean produce?\n"
    assert "lists the installed ones" in run("qqqqqq").stderr


def test_only_our_own_commands_are_handed_to(monkeypatch: pytest.MonkeyPatch) -> None:
    points = [
        EntryPoint("gt-z", "gt_consumer.z_cli:app", "console_scripts"),
        EntryPoint("gt-a", "gt_producer.a_cli:app", "console_scripts"),
        EntryPoint("gt-other", "others_tool:main", "console_scripts"),
        EntryPoint("pytest", "pytest:main", "console_scripts"),
    ]
    monkeypatch.setattr(umbrella, "entry_points", lambda group: points if group == "console_scripts" else [])
    assert list(umbrella.installed_commands()) == ["a", "z"]


def test_it_loads_nothing_heavy() -> None:
    heavy = "typer rich pydantic aio_pika sqlalchemy structlog asyncio"
    script = (
        f"import sys, gt_producer.umbrella; print(*(name for name in {heavy.split()} if name in sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.strip() == ""
