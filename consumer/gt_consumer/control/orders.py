"""What an operator orders."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from gt_common.cli.operator import check_reason
from gt_common.errors import UsageError
from gt_common.messages import utc_now


@dataclass(frozen=True)
class CancelOrder:
    """The order to cancel stories of a batch.

    Parameters:
        stories: ids; empty for the whole batch
        running: whether attempts that run are stopped, or may finish
        by: the operator, such as `user@host`

    Raises:
        UsageError: the reason is too long, or a story id is empty, as left by an unset variable in a script
    """

    batch_id: str
    stories: frozenset[str]
    running: Literal["stop", "finish"]
    by: str
    reason: str | None
    at: datetime = field(default_factory=utc_now)

    def __post_init__(self) -> None:
        check_reason(self.reason)
        if any(not story.strip() for story in self.stories):
            raise UsageError("--story is empty; omit it to cancel the whole batch")
