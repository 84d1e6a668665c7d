"""`check()` of an orchestrator's module: what it returns, what it raises, and when it does not end."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

import pytest

from gt_common.errors import CredentialsRefusedError, OrchestratorError
from gt_consumer.orchestrator.check import check_orchestrator

HEAD = """
import asyncio, os, time
from gt_common.errors import PermanentError

class Pipeline:
    async def run(self, story_url=None, project_id=None, resume=False):
        return None
"""

READS_KEY = """
def create():
    raise ConfigurationError("Missing required environment variable: VOICE_KEY")
"""


@pytest.fixture
def checked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the file of a module `checked`, which children find."""
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    return tmp_path / "checked.py"


@pytest.mark.parametrize(
    ("source", "lines"),
    [
        ("", ()),
        ("check = 'not a function'", ()),
        ("def check(video, strict): raise ValueError('a function of its own')", ()),
        ("def check(): return None", ()),
        ("def check(): return 'ffmpeg: /usr/bin/ffmpeg'", ("ffmpeg: /usr/bin/ffmpeg",)),
        ("def check(): return ['voice:  alto', '', 'models:\\n3']", ("voice: alto", "models: 3")),
        ("def check(): return '\\x1b[31mGPU\\x00 0'", ("[31mGPU 0",)),
        ("def check(strict=True): return str(strict)", ("True",)),
        ("async def check():\n    await asyncio.sleep(0)\n    return ('GPU 0',)", ("GPU 0",)),
        ("def check(): return (f'{n} ' + 'x' * 9999 for n in range(10**9))", None),
    ],
)
def test_what_it_returns_comes_back_as_lines(
    checked: Path, source: str, lines: tuple[str, ...] | None
) -> None:
    checked.write_text(f"{HEAD}\n{source}\n")
    found = check_orchestrator("checked:Pipeline")
    if lines is None:
        assert [line[:2] for line in found] == [f"{n} "[:2] for n in range(20)]
        assert {len(line) for line in found} == {500}
    else:
        assert found == lines


@pytest.mark.parametrize(
    ("source", "says"),
    [
        (
            "def check(): raise FileNotFoundError('no model in /models')",
            "check() of orchestrator 'checked:Pipeline' failed: FileNotFoundError: no model in /models",
        ),
        (
            "def check(): raise PermanentError('set VOICE_KEY;\\nask your team')",
            "set VOICE_KEY; ask your team",
        ),
        (
            "async def check(): raise ValueError('out of quota')",
            "check() of orchestrator 'checked:Pipeline' failed: ValueError: out of quota",
        ),
        (
            "def check(): os._exit(7)",
            "orchestrator 'checked:Pipeline' ends the process that runs its check (exit code 7)",
        ),
        (
            "def check():\n    yield 'GPU 0'\n    raise OSError('GPU 1 is lost')",
            "check() of orchestrator 'checked:Pipeline' failed: OSError: GPU 1 is lost",
        ),
    ],
)
def test_what_it_raises_is_one_line(checked: Path, source: str, says: str) -> None:
    checked.write_text(f"{HEAD}\n{source}\n")
    with pytest.raises(OrchestratorError) as caught:
        check_orchestrator("checked:Pipeline")
    assert str(caught.value) == says


@pytest.mark.parametrize(
    ("source", "says"),
    [
        ("def check(): time.sleep(600)", "took longer than 3 s to run its check"),
        ("time.sleep(600)", "took longer than 3 s to load"),
    ],
)
def test_it_has_a_time_limit(checked: Path, source: str, says: str) -> None:
    checked.write_text(f"{HEAD}\n{source}\n")
    with pytest.raises(OrchestratorError) as caught:
        check_orchestrator("checked:Pipeline", 3.0)
    cure = "if it only needs more time, set GT_CHECK_TIMEOUT"
    assert str(caught.value) == f"orchestrator 'checked:Pipeline' {says}; {cure}"


def test_what_it_printed_last_is_said_when_it_dies(checked: Path, capfd: pytest.CaptureFixture[str]) -> None:
    source = "def check():\n    print('token=abcdefghij')\n    print('no GPU', flush=True)\n    os._exit(7)"
    checked.write_text(f"{HEAD}\n{source}\n")
    with pytest.raises(OrchestratorError, match=r"\(exit code 7\); it printed: no GPU$"):
        check_orchestrator("checked:Pipeline")
    assert capfd.readouterr() == ("", "")


def test_check_that_ends_its_process_leaves_no_temporary_files(
    checked: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    temporary = checked.parent / "temporary"
    temporary.mkdir()
    monkeypatch.setenv("TMPDIR", str(temporary))
    monkeypatch.setattr(tempfile, "tempdir", None)
    dies = "import tempfile; open(tempfile.mkstemp()[1], 'w').write('x'); os._exit(7)"
    checked.write_text(f"{HEAD}\nclass Dying(Pipeline):\n    def check(self): {dies}\n")
    with pytest.raises(OrchestratorError, match=r"\(exit code 7\)"):
        check_orchestrator("checked:Dying")
    assert list(temporary.iterdir()) == []


def test_process_that_a_check_leaves_running_does_not_outlive_it(checked: Path) -> None:
    note = checked.parent / "pid"
    start = "import subprocess; pid = subprocess.Popen(['sleep', '600']).pid"
    checked.write_text(f"{HEAD}\ndef check():\n    {start}\n    open({str(note)!r}, 'w').write(str(pid))\n")
    assert check_orchestrator("checked:Pipeline") == ()
    deadline = time.monotonic() + 5
    while _is_running(int(note.read_text())):
        assert time.monotonic() < deadline


def test_error_of_a_check_in_a_child_keeps_its_exit_code(checked: Path) -> None:
    checked.write_text(f"{HEAD}\nclass ConfigurationError(Exception): pass\n{READS_KEY}")
    with pytest.raises(CredentialsRefusedError) as caught:
        check_orchestrator("checked:create")
    assert str(caught.value) == (
        "orchestrator 'checked:create' cannot be made: ConfigurationError: "
        "Missing required environment variable: VOICE_KEY"
    )
    assert caught.value.exit_code == 4


def _is_running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2][0] not in "ZX"
    except FileNotFoundError:
        return False
