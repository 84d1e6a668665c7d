"""The README's tables of commands and settings are those of the code."""

from __future__ import annotations

import re
import tomllib
from itertools import chain
from pathlib import Path

import pytest

from gt_common.durations import parse_duration
from gt_common.reddit.settings import RedditSettings
from gt_common.secret_files import secret_variables
from gt_common.settings import Settings

ROOT = Path(__file__).parents[3]
README = (ROOT / "README.md").read_text()
DESCRIBED = {"GT_LEDGER_URL", "GT_STATE_DIR", "GT_WORKER_NAME", "GT_LOG_FORMAT"}
"""Settings whose default depends on the machine; the table says on what."""


def rows(heading: str) -> list[list[str]]:
    """Return the cells of the table below a heading."""
    part = README.split(f"## {heading}\n", 1)[1].split("\n## ", 1)[0]
    lines = [line.replace(r"\|", "/") for line in part.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


SETTINGS = {
    name: default
    for cells in rows("Settings")
    for name, default in [(n, cells[1]) for n in re.findall(r"GT_\w+", cells[0])]
}


def scripts() -> set[str]:
    """Return the commands that the packages install."""
    projects = [
        tomllib.loads((ROOT / name / "pyproject.toml").read_text())
        for name in ("common", "producer", "consumer")
    ]
    return set(chain.from_iterable(project["project"]["scripts"] for project in projects))


def test_every_command_is_in_the_table() -> None:
    assert {cells[0].strip("`").split()[0] for cells in rows("Commands")} == scripts()


def test_every_setting_is_in_the_table() -> None:
    fields = {f"GT_{name.upper()}" for name in Settings.model_fields}
    reddit = {"GT_REDDIT_CLIENT_ID", "GT_REDDIT_CLIENT_SECRET"}
    assert set(SETTINGS) == fields | reddit
    assert {f"GT_REDDIT_{name.upper()}" for name in RedditSettings.model_fields} >= reddit


@pytest.mark.parametrize(
    "name", sorted(set(SETTINGS) - DESCRIBED - {"GT_REDDIT_CLIENT_ID", "GT_REDDIT_CLIENT_SECRET"})
)
def test_the_defaults_are_those_of_the_settings(name: str) -> None:
    said = SETTINGS[name].strip("`")
    default = Settings.model_fields[name.removeprefix("GT_").lower()].default
    match default:
        case "" | () | None:
            assert said == "none"
        case tuple():
            assert tuple(map(parse_duration, said.split(","))) == default
        case float():
            assert parse_duration(said) == default
        case _:
            assert said == str(getattr(default, "get_secret_value", lambda: default)())


def test_the_secrets_that_may_be_in_files_are_named() -> None:
    part = README.split("## Settings\n", 1)[1].split("\n|", 1)[0]
    secrets = {*secret_variables(Settings), *secret_variables(RedditSettings)}
    assert {name.removesuffix("_FILE") for name in re.findall(r"GT_\w+", part)} == secrets
