"""What `gt-control status` does: ask the broker once, and print what the fleet does."""

from __future__ import annotations

import asyncio

from gt_common.cli.json_output import print_json
from gt_common.errors import ExitCode
from gt_common.settings import Settings
from gt_consumer.control.printing import remark
from gt_consumer.control.status.fleet import read_fleet


def print_status(settings: Settings, *, as_json: bool) -> int:
    """Print which workers live, what is paused and what waits; return the exit code.

    Raises:
        BrokerUnreachableError, CredentialsRefusedError, TopologyError: the broker cannot be asked
    """
    fleet = asyncio.run(read_fleet(settings))
    if fleet.unread:
        remark(f"batches of gt-batch that are paused are not shown: {fleet.unread}")
    if as_json:
        from gt_consumer.control.status.document import status_document

        print_json(status_document(fleet))
    else:
        from gt_consumer.control.status.printing import print_fleet

        print_fleet(fleet)
    return ExitCode.DONE
