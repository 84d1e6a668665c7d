"""The system libraries of the studio: installed on Debian if that is allowed, else named."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from toolbox.system.libraries import PACKAGES, can_be_loaded, main

pytestmark = pytest.mark.skipif("sys.platform != 'linux'", reason="elsewhere the wheels bring all they need")


@pytest.fixture
def tools(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder for programs, which the tests use as root."""
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    folder = tmp_path / "tools"
    folder.mkdir()
    return folder


def apt_get(tools: Path, body: str) -> None:
    path = tools / "apt-get"
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)


def test_a_library_is_there_or_not() -> None:
    assert can_be_loaded("libc.so.6")
    assert not can_be_loaded("libnone-of-that-name.so.1")


def test_nothing_is_said_where_all_are_there(tools: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(there=lambda _name: True, path=str(tools)) == 0
    assert capsys.readouterr() == ("", "")


def test_what_is_missing_is_installed(tools: Path, capsys: pytest.CaptureFixture[str]) -> None:
    log = tools / "log"
    apt_get(tools, f'echo "$@" >> {log}; [ "$2" != install ] || touch {tools}/installed')

    def there(name: str) -> bool:
        return name == "libGL.so.1" or (tools / "installed").exists()

    assert main(there=there, path=str(tools)) == 0
    assert log.read_text().splitlines() == ["-q update", "-q install -y --no-install-recommends libegl1"]
    assert capsys.readouterr() == ("libraries: installing libegl1 with apt-get\n", "")


def test_a_source_of_packages_that_fails_is_no_reason_not_to_try(tools: Path) -> None:
    apt_get(tools, f'[ "$2" = install ] || exit 100; touch {tools}/installed')
    assert main(there=lambda _name: (tools / "installed").exists(), path=str(tools)) == 0
    assert (tools / "installed").exists()


@pytest.mark.parametrize("body", [None, "echo 'E: no lists' >&2; exit 100"])
def test_what_cannot_be_installed_is_named_and_keeps_nobody_from_the_rest(
    tools: Path, body: str | None, capsys: pytest.CaptureFixture[str]
) -> None:
    if body:
        apt_get(tools, body)
    assert main(there=lambda _name: False, path=str(tools)) == 0
    (line,) = capsys.readouterr().err.splitlines()
    assert all(name in line for name in PACKAGES)
    assert "sudo apt-get install libegl1 libgl1" in line
    assert ("E: no lists" in line) is bool(body)
