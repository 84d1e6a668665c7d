"""An outage of the ledger is said once, waited out, and not for ever."""

from __future__ import annotations

import pytest

from gt_common.errors import LedgerUnreachableError
from gt_common.ledger.outage import Outage


class Ledger:
    """A ledger that can be away, and a clock."""

    def __init__(self) -> None:
        self.away = False
        self.now = 0.0

    def look(self) -> int:
        """Read it."""
        if self.away:
            raise LedgerUnreachableError("the ledger is away")
        return 7


def test_it_is_said_once_and_so_is_its_end() -> None:
    ledger, said = Ledger(), list[str]()
    outage = Outage(said.append, patience=60, clock=lambda: ledger.now)
    assert outage.read(ledger.look) == 7
    ledger.away = True
    assert [outage.read(ledger.look) for _ in range(5)] == [None] * 5
    ledger.away = False
    assert [outage.read(ledger.look) for _ in range(2)] == [7, 7]
    assert said == ["the ledger is away; trying again for 1 min", "the ledger answers again"]


def test_each_outage_has_its_own_time() -> None:
    ledger = Ledger()
    outage = Outage(lambda _line: None, patience=60, clock=lambda: ledger.now)
    for start in (0, 100):
        ledger.now, ledger.away = start, True
        assert outage.read(ledger.look) is None
        ledger.now = start + 60
        assert outage.read(ledger.look) is None
        ledger.away = False
        outage.read(ledger.look)
    ledger.away = True
    assert outage.read(ledger.look) is None
    ledger.now += 61
    with pytest.raises(LedgerUnreachableError):
        outage.read(ledger.look)
