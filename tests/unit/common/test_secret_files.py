"""GT_NAME_FILE in the place of a secret GT_NAME."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from gt_common.errors import CredentialsRefusedError, UsageError
from gt_common.redaction import redact
from gt_common.reddit.settings import RedditSettings, load_reddit_settings
from gt_common.secret_files import VariableSettings, secret_variables
from gt_common.settings import Settings, load_settings

SECRETS = [(Settings, name) for name in secret_variables(Settings)] + [
    (RedditSettings, name) for name in secret_variables(RedditSettings)
]
URL = "amqp://gt-worker:of-the-file@broker:5672/gt"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Return a file with a broker's URL, as `echo` and editors write it."""
    path = tmp_path / "amqp_url"
    path.write_text(f"{URL}\n")
    return path


def test_the_secrets_are_those_with_a_password() -> None:
    assert {name for _, name in SECRETS} >= {"GT_AMQP_URL", "GT_LEDGER_URL", "GT_REDDIT_CLIENT_SECRET"}
    assert "GT_NAMESPACE" not in {name for _, name in SECRETS}


@pytest.mark.parametrize(("settings", "variable"), SECRETS)
def test_every_secret_is_read_from_its_file(
    settings: type[VariableSettings], variable: str, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(f"{variable}_FILE", str(file))
    field = variable.removeprefix(settings.PREFIX).lower()
    assert getattr(settings(), field).get_secret_value() == URL


def test_the_password_of_a_file_is_redacted(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GT_AMQP_URL_FILE", str(file))
    assert load_settings().amqp_urls == (URL,)
    assert "of-the-file" not in redact("the broker refused of-the-file")


def test_a_file_named_in_dotenv_comes_after_the_environment(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".env").write_text(f"GT_AMQP_URL_FILE={file}\n")
    assert load_settings().amqp_urls == (URL,)
    monkeypatch.setenv("GT_AMQP_URL", "amqp://of-the-environment/")
    assert load_settings().amqp_urls == ("amqp://of-the-environment/",)


def test_a_file_of_the_environment_comes_before_dotenv(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".env").write_text("GT_AMQP_URL=amqp://of-dotenv/\n")
    monkeypatch.setenv("GT_AMQP_URL_FILE", str(file))
    assert load_settings().amqp_urls == (URL,)


@pytest.mark.parametrize(("settings", "variable"), SECRETS)
def test_both_set_is_refused(
    settings: type[VariableSettings], variable: str, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, URL)
    monkeypatch.setenv(f"{variable}_FILE", str(file))
    with pytest.raises(UsageError, match=f"^{variable} and {variable}_FILE are both set; remove one"):
        settings()


def test_an_empty_variable_does_not_count_as_set(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GT_AMQP_URL", "")
    monkeypatch.setenv("GT_AMQP_URL_FILE", str(file))
    assert load_settings().amqp_urls == (URL,)


def nothing(path: Path) -> None:
    """Leave the file away."""


UNUSABLE: dict[str, tuple[Callable[[Path], object], str]] = {
    "missing": (nothing, "cannot read {}: No such file or directory"),
    "a folder": (Path.mkdir, "{} is not a regular file"),
    "a pipe that nobody writes": (os.mkfifo, "{} is not a regular file"),
    "empty": (lambda path: path.write_text("\n"), "{} must contain the secret on one line"),
    "two lines": (lambda path: path.write_text("a\nb\n"), "{} must contain the secret on one line"),
    "binary": (lambda path: path.write_bytes(b"\xff\xfe\x00a"), "{} must contain the secret on one line"),
    "huge": (lambda path: path.write_text("a" * 65_537), "{} must contain the secret on one line"),
}


@pytest.mark.parametrize("kind", UNUSABLE)
def test_an_unusable_file_is_named_with_its_variable(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make, message = UNUSABLE[kind]
    path = tmp_path / "secret"
    make(path)
    monkeypatch.setenv("GT_REDDIT_CLIENT_SECRET_FILE", str(path))
    expected = re.escape("GT_REDDIT_CLIENT_SECRET_FILE: " + message.format(path))
    with pytest.raises(CredentialsRefusedError, match=f"^{expected}") as caught:
        load_reddit_settings()
    assert caught.value.exit_code == 4
    assert "\n" not in str(caught.value)


def test_a_file_of_another_user_is_named(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GT_AMQP_URL_FILE", str(file))
    file.chmod(0)
    monkeypatch.chdir("/")
    user = os.geteuid()
    # Root may read every file.
    os.seteuid(user or 65_534)
    try:
        with pytest.raises(CredentialsRefusedError, match=r"^GT_AMQP_URL_FILE: .*: Permission denied$"):
            load_settings()
    finally:
        os.seteuid(user)
