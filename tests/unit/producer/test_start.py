"""What gt-produce loads before it publishes: most of the time that one story takes is spent on that."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from gt_common.ledger import open_ledger

HEAVY = {"sqlalchemy", "asyncpraw", "jinja2", "rich", "pygments", "structlog"}

SCRIPT = """
import sys
from gt_producer.produce.cli import app
try:
    app(["--dry-run", "https://redd.it/abc"])
finally:
    print(*sys.modules, file=sys.stderr)
"""


def test_a_list_is_compared_with_a_ledger_in_sqlite_without_loading_what_that_does_not_need(
    tmp_path: Path,
) -> None:
    url = f"sqlite:///{tmp_path / 'ledger.db'}"
    open_ledger(url).close()
    environment = {"GT_LEDGER_URL": url, "GT_STATE_DIR": str(tmp_path / "state"), "HOME": str(tmp_path)}
    shown = subprocess.run(
        [sys.executable, "-c", SCRIPT],
        env=environment,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    loaded = shown.stderr.split()
    assert "gt_common.ledger.queries.earlier_videos" in loaded
    assert not HEAVY & set(loaded)
