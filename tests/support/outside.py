"""Programs of others that some tests run: without one the test is skipped, and fails in CI."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[2] / "examples"


def need(program: str, package: str) -> str:
    """Return the path of a program.

    Parameters:
        package: what to install for it
    """
    found = shutil.which(program)
    if found is None:
        missing = f"{program} is missing: install {package}"
        if os.environ.get("CI"):
            pytest.fail(missing)
        pytest.skip(missing)
    return found


def node_folder(request: pytest.FixtureRequest, source: Path) -> Path:
    """Return a copy of a folder of Node scripts with what its `package-lock.json` pins, kept between runs."""
    need("node", "Node.js 20")
    npm = need("npm", "npm")
    lock = (source / "package-lock.json").read_bytes()
    folder = request.config.cache.mkdir(f"node-{hashlib.sha256(lock).hexdigest()[:12]}")
    for path in source.glob("*.*js*"):
        shutil.copy(path, folder)
    if not (folder / "node_modules" / ".package-lock.json").exists():
        command = [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
        subprocess.run(command, cwd=folder, check=True, capture_output=True, timeout=100)
    return folder
