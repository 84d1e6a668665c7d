"""The guard of the unit tests holds."""

from __future__ import annotations

from pathlib import Path

import pytest
from toolbox.broker.node import Node

from gt_common.ledger import open_ledger
from gt_common.messaging.publisher import open_publisher
from gt_common.settings import load_settings

GUARDED = "a unit test uses no broker"


async def test_no_broker_is_reached() -> None:
    with pytest.raises(AssertionError, match=GUARDED):
        async with open_publisher(load_settings(), "test", patience=1):
            pass


def test_no_postgresql_is_reached() -> None:
    with pytest.raises(AssertionError, match=GUARDED), open_ledger("postgresql://nobody@127.0.0.1/none"):
        pass


def test_no_node_is_started(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match=GUARDED):
        Node.create(tmp_path, 5999).start()


@pytest.mark.parametrize("name", ["amqp_url", "postgres_server"])
def test_the_fixtures_of_servers_are_refused(name: str, request: pytest.FixtureRequest) -> None:
    with pytest.raises(AssertionError, match=GUARDED):
        request.getfixturevalue(name)
