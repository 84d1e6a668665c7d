"""The units of systemd run commands that are installed, confined alike, with files that the docs name."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
UNITS = sorted((ROOT / "ops" / "systemd").glob("*.service"))
CONFINED = ("Protect", "Private", "Restrict", "Lock", "SystemCall", "NoNew", "Capability", "UMask")
OPERATIONS = (ROOT / "docs" / "operations.md").read_text()


def service(unit: Path) -> dict[str, list[str]]:
    """Return the settings of a unit's service; each may be given several times."""
    part = unit.read_text().split("[Service]\n", 1)[1].split("\n[Install]", 1)[0]
    found: dict[str, list[str]] = {}
    for name, value in re.findall(r"^(\w+)=(.*)$", part, re.MULTILINE):
        found.setdefault(name, []).append(value)
    return found


def confinement(unit: Path) -> dict[str, list[str]]:
    kept = {name: value for name, value in service(unit).items() if name.startswith(CONFINED)}
    assert len(kept) > 15
    return {name: value for name, value in kept.items() if name != "RestartPreventExitStatus"}


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.stem)
def test_a_unit_runs_an_installed_command_with_an_environment_that_is_documented(unit: Path) -> None:
    settings = service(unit)
    [line] = settings["ExecStart"]
    assert Path(line.split()[0]).parent == Path("/opt/gossiptoon/.venv/bin")
    assert (ROOT / ".venv" / "bin" / Path(line.split()[0]).name).exists()
    [file] = settings["EnvironmentFile"]
    assert Path(file).name in OPERATIONS
    assert (settings["SuccessExitStatus"], settings["RestartPreventExitStatus"]) == (["143"], ["2 4"])


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.stem)
def test_all_units_are_confined_alike(unit: Path) -> None:
    assert confinement(unit) == confinement(UNITS[0])


def test_the_dashboard_listens_on_this_machine_only() -> None:
    [line] = service(ROOT / "ops" / "systemd" / "gt-dashboard.service")["ExecStart"]
    assert "--host" not in line
