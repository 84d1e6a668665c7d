"""A ledger's server that cannot be reached, tried with the real client library."""

from __future__ import annotations

import os
import socket

import pytest

from gt_common.errors import LedgerUnreachableError
from gt_common.ledger import open_ledger


@pytest.mark.skipif(os.name != "posix", reason="needs a refused port")
def test_a_server_that_does_not_answer_is_named_without_its_password() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound but not listening: connecting is refused
        port = taken.getsockname()[1]
        with pytest.raises(LedgerUnreachableError, match=f"127.0.0.1:{port}.*refused") as caught:
            open_ledger(f"postgresql://gt:hunter2@127.0.0.1:{port}/gt", timeout=2)
    assert "\n" not in str(caught.value)
    assert "hunter2" not in str(caught.value)
