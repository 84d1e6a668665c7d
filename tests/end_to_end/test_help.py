"""Every command's help works, names its exit codes and shows an example, without loading what is heavy."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent
HEAVY = {"pydantic", "sqlalchemy", "aio_pika", "numpy", "onnxruntime", "skia", "cv2", "jinja2", "asyncpraw"}


def scripts() -> dict[str, str]:
    """Return every console script of the three packages and its entry point."""
    found: dict[str, str] = {}
    for part in ("common", "producer", "consumer"):
        project = tomllib.loads((ROOT / part / "pyproject.toml").read_text())["project"]
        found.update(project.get("scripts", {}))
    return found


def subcommands(name: str) -> list[list[str]]:
    """Return the command and each of its subcommands, as words."""
    groups = {
        "gt-control": ["cancel", "status"],
        "gt-dlq": ["list", "groups", "show", "export", "replay", "discard", "restore"],
        "gt-topology": ["declare", "show", "delete"],
    }
    return [[name], *([name, sub] for sub in groups.get(name, []))]


@pytest.mark.parametrize("words", [words for name in scripts() for words in subcommands(name)], ids=" ".join)
def test_help_names_exit_codes_and_shows_an_example(words: list[str]) -> None:
    shown = subprocess.run(
        [BIN / words[0], *words[1:], "--help"],
        capture_output=True,
        text=True,
        env={"COLUMNS": "200", "NO_COLOR": "1", "PATH": str(BIN)},
        timeout=60,
    )
    assert shown.returncode == 0, shown.stderr
    assert shown.stderr == ""
    if words == ["gossiptoon"]:
        assert all(name.removeprefix("gt-") in shown.stdout for name in scripts() if name != "gossiptoon")
        return
    assert words[0] in shown.stdout
    assert "Exit codes:" in shown.stdout
    good = "no check failed; with --try, no promise is broken" if words[0] == "gt-doctor" else "done"
    assert f"  0 {good}\n" in shown.stdout
    assert "2 usage" in shown.stdout
    assert re.search(r"^ *Examples?:\n +\S", shown.stdout, re.MULTILINE)


@pytest.mark.parametrize("width", [40, 60])
def test_a_command_to_copy_is_never_wrapped(width: int) -> None:
    shown = subprocess.run(
        [BIN / "gt-batch", "--help"], capture_output=True, text=True, env={"COLUMNS": str(width)}, timeout=60
    )
    assert "    gt-batch -f urls.txt --parallel 2 --max-failures 20%\n" in shown.stdout


def test_gt_batch_speaks_neither_of_a_broker_nor_of_publishing() -> None:
    shown = subprocess.run([BIN / "gt-batch", "--help"], capture_output=True, text=True, timeout=60)
    codes = shown.stdout.partition("Exit codes:")[2]
    assert codes.split()
    assert "broker" not in codes
    assert "publish" not in codes


def test_exit_codes_are_in_order() -> None:
    shown = subprocess.run([BIN / "gt-doctor", "--help"], capture_output=True, text=True, timeout=60)
    codes = [int(line.split()[0]) for line in shown.stdout.partition("Exit codes:\n")[2].splitlines()]
    assert codes == [0, 1, 2, 3, 4, 130, 143]


@pytest.mark.parametrize("name", sorted(scripts()))
def test_version(name: str) -> None:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    told = subprocess.run([BIN / name, "--version"], capture_output=True, text=True, timeout=60)
    assert (told.returncode, told.stdout, told.stderr) == (0, f"{name} {version}\n", "")


@pytest.mark.parametrize("name", sorted(scripts()))
def test_every_command_generates_its_completion_script(name: str) -> None:
    environment = {"PATH": str(BIN), "_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION": "1"}
    shown = subprocess.run(
        [BIN / name, "--show-completion", "bash"], capture_output=True, text=True, env=environment, timeout=60
    )
    assert (shown.returncode, shown.stderr) == (0, "")
    assert f"_{name.replace('-', '_').upper()}_COMPLETE=complete_bash" in shown.stdout
    assert f"complete -o default -F _{name.replace('-', '_')}_completion {name}" in shown.stdout


@pytest.mark.parametrize("target", sorted(scripts().values()))
def test_importing_a_command_loads_nothing_heavy(target: str) -> None:
    module = target.partition(":")[0]
    code = f"import sys, {module}; print(' '.join(sys.modules))"
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    ).stdout.split()
    assert module in loaded
    assert not HEAVY & set(loaded)


@pytest.mark.parametrize("name", sorted(set(scripts()) - {"gossiptoon"}))
def test_unknown_option_is_exit_code_2(name: str) -> None:
    run = subprocess.run([BIN / name, "--no-such-option"], capture_output=True, text=True, timeout=60)
    assert run.returncode == 2
    assert "Traceback" not in run.stderr
