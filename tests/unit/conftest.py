"""Unit tests use no server: a connection to a broker or to PostgreSQL, or the start of a node, fails."""

from __future__ import annotations

from typing import NoReturn

import aiormq.connection
import psycopg
import pytest
from toolbox.broker.node import Node


class ServerInUnitTestError(AssertionError):
    """A unit test wanted a server."""


def refuse(*_arguments: object, **_options: object) -> NoReturn:
    """Stand in for what would need a server.

    Raises:
        ServerInUnitTestError: always
    """
    raise ServerInUnitTestError("a unit test uses no broker and no PostgreSQL: move it to tests/integration")


@pytest.fixture(autouse=True)
def no_server(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make every way to a server fail."""
    monkeypatch.setattr(aiormq.connection.Connection, "connect", refuse)
    monkeypatch.setattr(psycopg, "connect", refuse)
    monkeypatch.setattr(Node, "_spawn", refuse)


@pytest.fixture(scope="session")
def amqp_url() -> NoReturn:
    """Refuse the fixture of the integration tests."""
    refuse()


@pytest.fixture(scope="session")
def postgres_server() -> NoReturn:
    """Refuse the fixture of the integration tests."""
    refuse()
