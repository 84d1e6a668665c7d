"""Reddit credentials: where they come from, what is said when they are missing."""

from __future__ import annotations

from pathlib import Path

import pytest

from gt_common.errors import CredentialsRefusedError, UsageError
from gt_common.reddit.settings import HOW_TO, WITHOUT_APP, load_reddit_settings


@pytest.fixture(autouse=True)
def _clean(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("CLIENT_ID", "CLIENT_SECRET", "USER_AGENT", "URL", "TIMEOUT", "PATIENCE"):
        monkeypatch.delenv(f"GT_REDDIT_{name}", raising=False)


def test_from_a_file_and_the_environment_comes_first(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("GT_REDDIT_CLIENT_ID=file\nGT_REDDIT_CLIENT_SECRET=from-file\nOTHER=1\n")
    monkeypatch.setenv("GT_REDDIT_CLIENT_ID", "environment")
    settings = load_reddit_settings()
    assert settings.credentials() == ("environment", "from-file")
    assert "from-file" not in repr(settings)


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({}, "set GT_REDDIT_CLIENT_ID and GT_REDDIT_CLIENT_SECRET;"),
        ({"client_id": "x"}, "set GT_REDDIT_CLIENT_SECRET;"),
        ({"client_secret": "x"}, "set GT_REDDIT_CLIENT_ID;"),
    ],
)
def test_missing_ones_are_named(given: dict[str, str], named: str) -> None:
    with pytest.raises(CredentialsRefusedError, match=named) as caught:
        load_reddit_settings(**given).credentials()
    assert str(caught.value).endswith(f"; {HOW_TO}; {WITHOUT_APP}")


ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize(
    "place",
    [
        *("common/gt_common/reddit/settings.py", "producer/gt_producer/discover/cli.py"),
        *("README.md", "docs/discovery.md", "docs/studio.md"),
    ],
)
def test_every_hint_says_that_reddit_approves_new_apps(place: str) -> None:
    assert "by hand" in (ROOT / place).read_text()


def test_an_app_is_named_in_one_place_of_the_code() -> None:
    sources = [path for part in ("common", "consumer", "producer") for path in (ROOT / part).rglob("*.py")]
    named = [path.name for path in sources if "prefs/apps" in path.read_text()]
    assert named == ["settings.py"]


def test_reddits_own_hosts_unless_another_is_given() -> None:
    settings = load_reddit_settings()
    assert (settings.website, settings.api) == ("https://www.reddit.com", "https://oauth.reddit.com/")
    other = load_reddit_settings(url="http://127.0.0.1:8080/reddit/")
    assert (other.website, other.api) == ("http://127.0.0.1:8080/reddit", "http://127.0.0.1:8080/reddit/")


def test_the_program_names_itself() -> None:
    assert ":gossiptoon-batch:" in load_reddit_settings().user_agent


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("url", "reddit.com"),
        ("url", "ftp://reddit.com"),
        ("url", "https://x/?a=1"),
        ("user_agent", "short"),
        ("user_agent", "two\r\nX-Lines: 1"),
        ("timeout", "0"),
        ("patience", "soon"),
    ],
)
def test_a_value_that_cannot_be_used_is_named(name: str, value: str) -> None:
    with pytest.raises(UsageError, match=f"^GT_REDDIT_{name.upper()}: "):
        load_reddit_settings(**{name: value})
