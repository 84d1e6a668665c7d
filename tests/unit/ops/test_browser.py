"""The browser of the tests: left alone, installed on Debian if that is allowed, else named."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from toolbox.system.browser import main


def program(folder: Path, name: str, body: str) -> None:
    path = folder / name
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)


def test_a_browser_is_left_alone_installed_or_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    assert main(str(tmp_path)) == 1
    assert "sudo apt-get install chromium" in capsys.readouterr().err
    program(
        tmp_path,
        "apt-get",
        f"[ $2 != install ] || {{ echo > {tmp_path}/chromium; chmod +x {tmp_path}/chromium; }}",
    )
    assert main(str(tmp_path)) == 0
    assert capsys.readouterr() == ("browser: installing chromium with apt-get\n", "")
    assert main(str(tmp_path)) == 0
    assert capsys.readouterr() == ("", "")
