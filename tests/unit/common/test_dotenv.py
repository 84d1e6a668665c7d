"""`.env`: what it may set, what is said of it, and what it must not run."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from gt_common.errors import UsageError
from gt_common.log import configure_logging
from gt_common.reddit.settings import load_reddit_settings
from gt_common.settings import load_settings


@pytest.fixture(autouse=True)
def dotenv(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the path of `.env` in the current folder."""
    monkeypatch.chdir(tmp_path)
    return tmp_path / ".env"


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("GT_NAMESPACE=x".encode("utf-16"), r"\.env:1: not UTF-8; save the file as UTF-8"),
        ("GT_NAMESPACE=x".encode("utf-16-le"), r"\.env looks like UTF-16"),
        ("A=1\nGT_WORKER_NAME=Jörg".encode("latin-1"), r"\.env:2: not UTF-8"),
    ],
)
def test_another_encoding_is_one_clear_line(dotenv: Path, content: bytes, says: str) -> None:
    dotenv.write_bytes(content)
    for load in (load_settings, load_reddit_settings):
        with pytest.raises(UsageError, match=says) as caught:
            load()
        assert "\n" not in str(caught.value)


def test_a_named_pipe_is_refused_and_not_waited_for(dotenv: Path) -> None:
    os.mkfifo(dotenv)
    for load in (load_settings, load_reddit_settings):
        with pytest.raises(UsageError, match=r"\.env is a named pipe, not a regular file"):
            load()


def test_a_folder_of_this_name_is_ignored(dotenv: Path) -> None:
    dotenv.mkdir()
    assert load_settings().namespace == "gt"


def test_the_mark_of_some_editors_hides_no_setting(dotenv: Path) -> None:
    dotenv.write_text("GT_NAMESPACE=mine\nGT_WORKER_NAME=Jörg\n", encoding="utf-8-sig")
    settings = load_settings()
    assert (settings.namespace, settings.worker_name) == ("mine", "Jörg")


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("'a$b$'", "a$b$"),
        ("'${:-$}{HOME}'", "${HOME}"),
        ("'${WHO}'", "alice"),
    ],
)
def test_a_dollar_is_written_as_the_page_says(
    dotenv: Path, monkeypatch: pytest.MonkeyPatch, written: str, value: str
) -> None:
    monkeypatch.setenv("WHO", "alice")
    dotenv.write_text(f"GT_WORKER_NAME={written}\n")
    assert load_settings().worker_name == value


@pytest.mark.parametrize("orchestrator", ["command:./make {url}", "evil:factory"])
def test_what_runs_is_not_chosen_by_a_file_in_the_folder(
    dotenv: Path, monkeypatch: pytest.MonkeyPatch, orchestrator: str
) -> None:
    dotenv.write_text(f"GT_ORCHESTRATOR='{orchestrator}'\n")
    settings = load_settings()  # commands that run nothing work
    with pytest.raises(UsageError, match=r"comes from .*\.env.*GT_ALLOW_DOTENV_COMMANDS=1"):
        _ = settings.orchestrator_to_run
    assert load_settings(orchestrator=orchestrator).orchestrator_to_run == orchestrator
    monkeypatch.setenv("GT_ALLOW_DOTENV_COMMANDS", "1")
    assert load_settings().orchestrator_to_run == orchestrator
    monkeypatch.delenv("GT_ALLOW_DOTENV_COMMANDS")
    monkeypatch.setenv("GT_ORCHESTRATOR", orchestrator)
    assert load_settings().orchestrator_to_run == orchestrator


def test_the_permission_itself_cannot_come_from_the_file(dotenv: Path) -> None:
    dotenv.write_text("GT_ORCHESTRATOR=evil:factory\nGT_ALLOW_DOTENV_COMMANDS=1\n")
    with pytest.raises(UsageError, match="GT_ALLOW_DOTENV_COMMANDS"):
        _ = load_settings().orchestrator_to_run


def test_the_built_in_one_may_be_named_there(dotenv: Path) -> None:
    dotenv.write_text("GT_ORCHESTRATOR=studio\n")
    assert load_settings().orchestrator_to_run == "studio"


def test_what_was_read_is_logged(
    dotenv: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    dotenv.write_text("GT_NAMESPACE=mine\nGT_PREFETCH=2\nGT_OUTPUT=videos\nOTHER=1\n")
    monkeypatch.setenv("GT_PREFETCH", "3")
    configure_logging(load_settings(output="here", log_format="json"))
    (line,) = capsys.readouterr().err.splitlines()
    assert '"event": "dotenv_loaded"' in line
    assert f'"file": "{dotenv}"' in line
    assert '"settings": "GT_NAMESPACE"' in line


def test_a_user_without_a_home_folder_is_one_clear_line(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HOME", "XDG_STATE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("os.path.expanduser", lambda path: path)  # as for a user without an entry
    with pytest.raises(UsageError, match="no home folder; set GT_STATE_DIR"):
        load_settings()
    assert load_settings(state_dir="/var/lib/gt").state_dir == Path("/var/lib/gt")
