"""No setting of the shell reaches a test."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from gt_common.settings import load_settings
from support.environment import drop_settings


def test_the_shells_settings_are_dropped_and_those_of_the_tests_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    theirs = ("GT_NAMESPACE", "gt_prefetch", "GT_REDDIT_CLIENT_ID", "OTEL_EXPORTER_OTLP_ENDPOINT")
    for name in (*theirs, "GT_TEST_CHAOS", "GT_RABBITMQ_BIN"):
        monkeypatch.setenv(name, "7")
    drop_settings()
    kept = {
        name
        for name, value in os.environ.items()
        if name.upper().startswith(("GT_", "OTEL_")) and value == "7"
    }
    assert kept == {"GT_TEST_CHAOS", "GT_RABBITMQ_BIN"}
    assert (load_settings().namespace, load_settings().prefetch) == ("gt", 1)


def test_no_dotenv_is_read_here_or_in_a_subprocess() -> None:
    assert not Path(".env").exists()
    code = "import os; print(os.path.exists('.env'), 'GT_NAMESPACE' in os.environ)"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=30
    )
    assert done.stdout == "False False\n"
