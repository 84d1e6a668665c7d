"""Fixtures that the tests of gt-batch's engine share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from gt_common.ledger import open_ledger
from gt_common.ledger.ledger import Ledger
from gt_common.settings import Settings, load_settings


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with open_ledger(f"sqlite:///{tmp_path / 'ledger.db'}") as opened:
        yield opened


@pytest.fixture
def plain(tmp_path: Path) -> Settings:
    return load_settings(prefetch=2, output=tmp_path, worker_name="w1", retry_delays="10ms")
