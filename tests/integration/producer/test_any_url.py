"""gt-produce with links that are not posts on Reddit."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from support.fleet import BIN


def produce(folder: Path, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run gt-produce without a broker."""
    own = {"GT_AMQP_URL": "amqp://guest:guest@127.0.0.1:1/", "GT_STATE_DIR": str(folder / "state")}
    return subprocess.run(
        [BIN / "gt-produce", *arguments],
        cwd=folder,
        env={**os.environ, **own, **variables},
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_any_link_is_a_story_with_the_flag_or_the_setting(tmp_path: Path) -> None:
    link = "https://Example.com/v?b=1#t"
    done = produce(tmp_path, "-n", "--any-url", link)
    assert (done.returncode, done.stdout) == (0, f"1\t{link}\n")
    assert "credentials" not in done.stderr, "it is not fetched from Reddit"
    (tmp_path / "urls.txt").write_text(link)
    assert produce(tmp_path, "-n", "-f", "urls.txt", GT_URLS="any").stdout == done.stdout
    refused = produce(tmp_path, "-n", "-f", "urls.txt")
    assert refused.returncode == 2
    assert "--any-url takes other links" in refused.stderr
