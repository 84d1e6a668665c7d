"""Start times and priorities of one run of gt-produce."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from gt_common.stories import Story
from gt_common.stories.schedule import Schedule, has_own
from gt_producer.produce.journal_state import Header, JournalState
from gt_producer.produce.request import Request


def plan_schedule(
    request: Request, header: Header, stories: Sequence[Story], state: JournalState, now: datetime
) -> Schedule | None:
    """Return when the stories of a list start and which come first; None if nothing is said of that.

    A list that is continued keeps the times of its first run: `2h` and `22:00` mean what they meant then.
    Another --start-after is counted from now.

    Parameters:
        now: aware time
    """
    known = state.schedules.get(header.fingerprint)
    start_after, priority = request.start_after, request.priority
    if known is not None:
        priority = priority or known.priority
        if start_after in (None, known.start_after):
            return Schedule(known.now, known.start_after, priority)
    if start_after is None and priority is None and not has_own(stories):
        return None
    return Schedule(now, start_after, priority)
