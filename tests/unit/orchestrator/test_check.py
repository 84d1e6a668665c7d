"""`check()` of an orchestrator's module: what it returns, what it raises, and when it does not end."""

from __future__ import annotations

from pathlib import Path

import pytest

from gt_common.errors import OrchestratorError
from gt_consumer.orchestrator import check
from gt_consumer.orchestrator.check import check_orchestrator

HEAD = """
import asyncio, os, time
from gt_common.errors import PermanentError

class Pipeline:
    async def run(self, story_url=None, project_id=None, resume=False):
        return None
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
            "orchestrator 'checked:Pipeline' ends the process that runs its check() (exit code 7)",
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
        ("def check(): time.sleep(600)", "took longer than 3 s to run its check()"),
        ("time.sleep(600)", "took longer than 3 s to load"),
    ],
)
def test_it_has_a_time_limit(checked: Path, monkeypatch: pytest.MonkeyPatch, source: str, says: str) -> None:
    monkeypatch.setattr(check, "CHECK_SECONDS", 3.0)
    checked.write_text(f"{HEAD}\n{source}\n")
    with pytest.raises(OrchestratorError) as caught:
        check_orchestrator("checked:Pipeline")
    assert str(caught.value) == f"orchestrator 'checked:Pipeline' {says}"


def test_it_is_that_of_the_module_not_of_the_orchestrator(checked: Path) -> None:
    checked.write_text(f"{HEAD}\n    def check(self): raise ValueError\n\npipeline = Pipeline()\n")
    assert check_orchestrator("checked:Pipeline") == ()
    assert check_orchestrator("checked:pipeline") == ()
