"""Every finding keeps to the form of findings/README.md; none is run here."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[3] / "findings"
SCRIPTS = sorted(path for path in FOLDER.glob("*.sh") if path.name != "lib.sh")


def test_the_page_lists_every_finding_and_no_other() -> None:
    table = (FOLDER / "README.md").read_text().split("## What is here\n", 1)[1]
    assert re.findall(r"^\| `([\w-]+)` \|", table, re.MULTILINE) == [path.stem for path in SCRIPTS]


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_a_finding_has_the_form(script: Path) -> None:
    text = script.read_text()
    assert os.access(script, os.X_OK)
    assert re.match(r"#!/usr/bin/env bash\n# \w.*\.\nset -euo pipefail\n", text)
    packages = re.search(r"^packages (.+)$", text, re.MULTILINE)
    assert packages, "installs nothing"
    assert all(re.fullmatch(r"[\w.-]+==[\w.]+", name) for name in packages[1].split()), "not pinned"
    assert "seen: " in text
    assert not re.search(r"\bgt_(common|producer|consumer)\b", text), "uses the project"


@pytest.mark.parametrize("folder", ["with", "without"])
def test_the_runner_judges_what_the_scripts_say(folder: str, tmp_path: Path) -> None:
    shutil.copy(FOLDER / "run", tmp_path / "run")
    endings = {"calm": 0, "changed": 1, "absent": 3} if folder == "with" else {}
    for name, code in endings.items():
        (tmp_path / f"{name}.sh").write_text(f"#!/usr/bin/env bash\n# It is {name}.\nexit {code}\n")
        (tmp_path / f"{name}.sh").chmod(0o755)
    done = subprocess.run([tmp_path / "run"], capture_output=True, text=True, timeout=30)
    assert done.returncode == (1 if endings else 0)
    if not endings:
        assert done.stdout == "findings: there are none\n"
    for name, result in zip(endings, ("as described", "changed", "not run"), strict=False):
        assert re.search(rf"^{name} +{result} ", done.stdout, re.MULTILINE)
