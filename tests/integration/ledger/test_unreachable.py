"""A ledger's server that cannot be reached, tried with the real client library."""

from __future__ import annotations

import os
import socket
from contextlib import closing

import pytest
from sqlalchemy import text

from gt_common.errors import LedgerUnreachableError
from gt_common.ledger import open_ledger
from gt_common.ledger.address import parse_address
from gt_common.ledger.database import Database
from support.samples.events import opened


@pytest.mark.skipif(os.name != "posix", reason="needs a refused port")
def test_a_server_that_does_not_answer_is_named_without_its_password() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound but not listening: connecting is refused
        port = taken.getsockname()[1]
        with pytest.raises(LedgerUnreachableError, match=f"127.0.0.1:{port}.*refused") as caught:
            open_ledger(f"postgresql://gt:hunter2@127.0.0.1:{port}/gt", timeout=2)
    assert "\n" not in str(caught.value)
    assert "hunter2" not in str(caught.value)


@pytest.mark.postgres
def test_a_writer_that_leaves_its_transaction_idle_does_not_keep_others_out(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gt_common.ledger.database._IDLE_TIMES", 0.02)
    address = parse_address(postgres_url)
    with open_ledger(postgres_url) as other, closing(Database(address, timeout=10.0)) as frozen:

        def write_slowly() -> None:
            with frozen.writing() as held:
                # This one waits for the lock until PostgreSQL takes it from the idle one.
                assert other.apply([opened(1)]) == 1
                held.execute(text("SELECT 1"))

        with pytest.raises(LedgerUnreachableError, match="idle-in-transaction timeout"):
            write_slowly()
