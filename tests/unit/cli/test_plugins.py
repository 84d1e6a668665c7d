"""Which commands look for plugins of pydantic, for which a file of each installed package is read."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

CODE = """
import os
from gt_common.cli.app import run_command
run_command("gt-test", lambda: print(os.environ.get("PYDANTIC_DISABLE_PLUGINS")) or 0, plugins={plugins})
"""


@pytest.mark.parametrize(
    ("plugins", "given", "disabled"),
    [
        (False, {}, "__all__"),
        (False, {"PYDANTIC_DISABLE_PLUGINS": "one"}, "one"),
        (True, {}, "None"),
    ],
)
def test_only_code_of_the_users_needs_plugins(plugins: bool, given: dict[str, str], disabled: str) -> None:
    environment = {name: value for name, value in os.environ.items() if name != "PYDANTIC_DISABLE_PLUGINS"}
    code = CODE.format(plugins=plugins)
    ran = subprocess.run(
        [sys.executable, "-c", code], env=environment | given, capture_output=True, text=True, timeout=60
    )
    assert (ran.returncode, ran.stdout) == (0, f"{disabled}\n")
