"""The revision of the ledger's tables that this version reads and writes."""

from __future__ import annotations

from typing import Final

HEAD: Final = "0010"
VERSION_TABLE: Final = "gt_schema"
