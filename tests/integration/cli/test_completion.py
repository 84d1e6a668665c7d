"""Shell completion in a real bash, with the script that the commands generate."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from gt_common.ledger import open_ledger
from support.samples.events import BATCH
from support.samples.reports import finished_events

BIN = Path(sys.executable).parent
COMPLETE = """
eval "$(env _TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION=1 "$1" --show-completion bash)"
COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1))
function=$(complete -p "$1" | sed 's/.*-F \\([^ ]*\\).*/\\1/')
"$function" "$1"
echo "${COMPREPLY[*]}"
"""

BASH = shutil.which("bash") or ""
pytestmark = pytest.mark.skipif(not BASH, reason="bash is not installed")


def completed(ledger: Path, *words: str) -> list[str]:
    """Return what bash offers for the last word."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GT_")}
    environment |= {"PATH": f"{BIN}:{os.environ['PATH']}", "GT_LEDGER_URL": f"sqlite:///{ledger}"}
    shell = subprocess.run(
        [BASH, "--noprofile", "--norc", "-c", COMPLETE, "bash", *words],
        env=environment,
        cwd=ledger.parent,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (shell.returncode, shell.stderr) == (0, "")
    return shell.stdout.split()


@pytest.fixture
def ledger(tmp_path: Path) -> Path:
    """Return the path of a ledger with one batch."""
    path = tmp_path / "ledger.db"
    with open_ledger(f"sqlite:///{path}") as opened:
        opened.apply(finished_events())
    return path


@pytest.mark.parametrize(
    "words",
    [
        ("gt-report", ""),
        ("gt-batch", "--resume", ""),
        ("gt-batch", "--retry-failed", BATCH[:3]),
        ("gt-dlq", "list", "--batch", ""),
        ("gt-produce", "--batch-id", BATCH[:1]),
        ("gossiptoon", "report", ""),
        ("gossiptoon", "dlq", "list", "--batch", BATCH[:2]),
    ],
    ids=" ".join,
)
def test_batch_ids_come_from_the_ledger(ledger: Path, words: tuple[str, ...]) -> None:
    assert completed(ledger, *words) == [BATCH]


def test_an_id_that_begins_otherwise_is_not_offered(ledger: Path) -> None:
    assert completed(ledger, "gt-report", "zzz") == []


def test_without_a_ledger_there_are_no_ids_and_none_is_created(tmp_path: Path) -> None:
    path = tmp_path / "nowhere" / "ledger.db"
    path.parent.mkdir()
    assert completed(path, "gt-report", "") == []
    assert not path.exists()


def test_a_ledger_that_cannot_be_read_is_silent(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    path.write_bytes(b"not a database at all" * 100)
    assert completed(path, "gt-report", "") == []


def test_commands_and_options_are_offered(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    assert completed(path, "gt-report", "--exit") == ["--exit-status"]
    assert "groups" in completed(path, "gt-dlq", "")
    assert completed(path, "gossiptoon", "rep") == ["report"]
