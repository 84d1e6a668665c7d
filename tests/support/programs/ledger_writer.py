"""A process that opens a ledger and stores a file of events in groups."""

from __future__ import annotations

import sys
from pathlib import Path

from gt_common.ledger import open_ledger
from gt_common.messages import decode_event


def main(url: str, file: str, group: int) -> int:
    """Apply the file's events, one JSON object a line; print how many were new."""
    events = [decode_event(line) for line in Path(file).read_bytes().splitlines()]
    print("ready", flush=True)
    sys.stdin.readline()
    with open_ledger(url, timeout=60) as ledger:
        parts = [events[start : start + group] for start in range(0, len(events), group)]
        print(sum(ledger.apply(part) for part in parts))
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1], sys.argv[2], int(sys.argv[3])))
