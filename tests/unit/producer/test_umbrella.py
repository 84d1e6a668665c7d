"""`gossiptoon x` is `gt-x`."""

from __future__ import annotations

import os
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


def test_a_reader_of_the_help_that_leaves_is_no_error() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run([GOSSIPTOON, "--help"], stdout=writer, stderr=subprocess.PIPE, timeout=60)
    os.close(writer)
    assert (done.returncode, done.stderr) == (0, b"")


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
    assert done.stderr == "gossiptoon: unknown command prodcue; did you mean produce or prune?\n"
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


THEIRS = """
import sys

def cli():
    print("GossipToon itself:", *sys.argv)
    sys.exit(7)
"""


@pytest.fixture
def both(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Install a distribution `gossiptoon` with a command of that name beside this project's."""
    info = tmp_path / "gossiptoon-0.1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: gossiptoon\nVersion: 0.1.0\n")
    (info / "entry_points.txt").write_text("[console_scripts]\ngossiptoon = gossiptoon.main:cli\n")
    (tmp_path / "gossiptoon").mkdir()
    (tmp_path / "gossiptoon/__init__.py").touch()
    (tmp_path / "gossiptoon/main.py").write_text(THEIRS)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    return tmp_path


@pytest.mark.parametrize("command", ["run", "of-a-later-version"])
def test_gossiptoons_own_commands_are_handed_over_to_it_and_that_is_said(both: Path, command: str) -> None:
    done = run(command, "https://redd.it/abc", "--config", "x")
    assert done.returncode == 7
    assert done.stdout == f"GossipToon itself: gossiptoon {command} https://redd.it/abc --config x\n"
    assert done.stderr == (
        f"gossiptoon: handing `{command}` over to GossipToon itself (gossiptoon.main:cli)\n"
    )


def test_with_gossiptoon_installed_the_commands_of_this_project_stay_its_own(both: Path) -> None:
    assert "Usage: gt-discover" in run("discover", "--help").stdout
    assert "GossipToon itself is installed, too" in run().stdout
    mistyped = run("prodcue")
    assert mistyped.returncode == 2
    assert "did you mean produce" in mistyped.stderr


def test_gossiptoons_own_command_that_cannot_be_loaded_is_one_line(both: Path) -> None:
    (both / "gossiptoon/main.py").write_text("import langchain_of_another_planet")
    done = run("validate")
    assert done.returncode == 1
    assert done.stderr.splitlines()[1:] == [
        "gossiptoon: GossipToon itself cannot be loaded: No module named 'langchain_of_another_planet'"
    ]


def test_without_gossiptoon_its_commands_are_called_its_own() -> None:
    done = run("resume", "project_1")
    assert done.returncode == 2
    assert "command of GossipToon itself, which is not installed" in done.stderr
    assert "GossipToon itself" not in run().stdout
