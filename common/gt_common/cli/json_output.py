"""JSON documents on standard output."""

from __future__ import annotations

import json
from collections.abc import Mapping

from gt_common.cli.app import print_lenient


def print_json(document: Mapping[str, object]) -> None:
    """Print one JSON document; the work continues if nobody reads it."""
    print_lenient(json.dumps(document, ensure_ascii=False, indent=2))
