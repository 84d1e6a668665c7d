"""The environment of the tests: without the shell's settings and without `.env` of the current folder."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

_OF_THE_COMMANDS = ("GT_", "OTEL_")
# Which services the tests use is said in these; everything else of `GT_…` belongs to the commands.
_OF_THE_TESTS = ("GT_TEST_", "GT_RABBITMQ_BIN")


def drop_settings() -> None:
    """Remove the shell's settings of the commands from this process and from those that it starts."""
    for name in [name for name in os.environ if name.upper().startswith(_OF_THE_COMMANDS)]:
        if not name.startswith(_OF_THE_TESTS):
            del os.environ[name]


@pytest.fixture(scope="session", autouse=True)
def empty_folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Run the tests, and the commands that they start, in a folder without `.env`."""
    before = os.getcwd()  # noqa: PTH109 - as it was, even if it has been removed since
    os.chdir(tmp_path_factory.mktemp("current"))
    yield
    os.chdir(before)
