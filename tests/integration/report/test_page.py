"""The report's page in a real browser: it lays out, and its security policy blocks nothing it needs."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from support.samples.reports import evil, finished, spans
from support.samples.reports import page as page_of

BROWSER = shutil.which("chromium") or shutil.which("chromium-browser")
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--enable-logging=stderr",
)

pytestmark = pytest.mark.skipif(BROWSER is None, reason="chromium is not installed")


def browse(page: str, folder: Path, *flags: str) -> subprocess.CompletedProcess[str]:
    path = folder / "page.html"
    path.write_text(page, encoding="utf-8")
    profile = f"--user-data-dir={folder / 'profile'}"
    command = [BROWSER or "", *FLAGS, profile, *flags, path.as_uri()]
    return subprocess.run(command, capture_output=True, text=True, timeout=90)


def test_page_is_laid_out_without_complaint(tmp_path: Path) -> None:
    picture = tmp_path / "page.png"
    page = page_of(finished(), spans())
    ran = browse(page, tmp_path, f"--screenshot={picture}", "--window-size=1180,1400")
    assert ran.returncode == 0
    assert "Content Security Policy" not in ran.stderr
    assert picture.stat().st_size > 20_000


def test_no_text_becomes_a_script(tmp_path: Path) -> None:
    ran = browse(page_of(evil(), spans()), tmp_path, "--dump-dom")
    assert ran.returncode == 0
    assert "<script" not in ran.stdout
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in ran.stdout
