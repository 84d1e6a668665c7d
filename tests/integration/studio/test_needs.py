"""A machine on which the studio cannot draw is reported before the first story, not by failing stories."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from support.fleet import BIN

LIBRARY = "libEGL.so.1: cannot open shared object file: No such file or directory"


@pytest.mark.parametrize(
    ("skia", "says"),
    [
        (f"raise ImportError({LIBRARY!r})", "sudo apt-get install libegl1 libgl1"),
        ("raise ModuleNotFoundError(name='skia')", "pip install 'gt-consumer[studio]'"),
    ],
    ids=["library missing", "not installed"],
)
def test_nothing_is_begun(tmp_path: Path, skia: str, says: str) -> None:
    (tmp_path / "skia.py").write_text(skia)
    (tmp_path / "story.md").write_text("# A title\n\nOnce upon a time there was a story.\n")
    done = subprocess.run(
        [BIN / "gt-batch", tmp_path / "story.md", "--output", tmp_path / "out"],
        env=os.environ | {"PYTHONPATH": str(tmp_path), "GT_STATE_DIR": str(tmp_path / "state")},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (done.returncode, done.stdout) == (2, "")
    (line,) = done.stderr.splitlines()
    assert line.startswith("gt-batch: the studio ")
    assert says in line
    assert not list(tmp_path.glob("out/**/*.json"))
