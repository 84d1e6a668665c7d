"""gt-batch, gt-consume and gt-doctor call the `check()` of an orchestrator's module before any story."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from support.fleet import BIN

PIPELINE = """
class Pipeline:
    async def run(self, story_url=None, project_id=None, resume=False):
        raise AssertionError("a story was run")
"""


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    """Return the environment of a machine on which module `checked` is found and no broker runs."""
    own = {name: value for name, value in os.environ.items() if not name.startswith("GT_")}
    return own | {
        "PYTHONPATH": str(tmp_path),
        "GT_STATE_DIR": str(tmp_path / "state"),
        "GT_LEDGER_URL": f"sqlite:///{tmp_path}/ledger.db",
        "GT_OUTPUT": str(tmp_path / "out"),
        "GT_AMQP_URL": "amqp://guest:guest@127.0.0.1:9/",
        "GT_ORCHESTRATOR": "checked:Pipeline",
    }


@pytest.mark.parametrize("command", [("gt-batch", "story.md"), ("gt-consume",)])
def test_what_it_raises_ends_the_command(
    tmp_path: Path, env: dict[str, str], command: tuple[str, ...]
) -> None:
    (tmp_path / "checked.py").write_text(PIPELINE + "def check(): raise OSError('no GPU')\n")
    (tmp_path / "story.md").write_text("# A title\n\nOnce upon a time there was a story.\n")
    program, *arguments = command
    done = subprocess.run(
        [BIN / program, *arguments], env=env, cwd=tmp_path, capture_output=True, text=True, timeout=60
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.splitlines() == [
        f"{program}: check() of orchestrator 'checked:Pipeline' failed: OSError: no GPU"
    ]
    assert not list(tmp_path.glob("out/**/*.json"))


@pytest.mark.parametrize(
    ("source", "level", "says"),
    [
        (
            "def check(): return ['GPU 0', 'GPU 1']",
            "ok",
            ["checked:Pipeline can be loaded", "GPU 0", "GPU 1"],
        ),
        (
            "def check(): raise OSError('no GPU')",
            "fail",
            ["check() of orchestrator 'checked:Pipeline' failed: OSError: no GPU"],
        ),
    ],
)
def test_gt_doctor_shows_what_it_found(
    tmp_path: Path, env: dict[str, str], source: str, level: str, says: list[str]
) -> None:
    (tmp_path / "checked.py").write_text(f"{PIPELINE}\n{source}\n")
    done = subprocess.run(
        [BIN / "gt-doctor", "--json"], env=env, cwd=tmp_path, capture_output=True, text=True, timeout=60
    )
    checks = json.loads(done.stdout)["checks"]
    found = [(line["level"], line["says"]) for line in checks if line["check"] == "orchestrator"]
    assert found == [(level, text) for text in says]
