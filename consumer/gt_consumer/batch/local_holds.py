"""The pause of a batch on one machine: a story that must not start goes back into the queue in memory."""

from __future__ import annotations

from collections.abc import Callable

from gt_common.messages import BatchHold, StoryMessage
from gt_common.messaging.control.holds import Holds
from gt_common.messaging.control.notices import ControlOrder, notice_of


class LocalHolds:
    """What the worker asks before it starts a story; the engine gives it none while the batch is paused.

    Parameters:
        put: puts a story back into the queue
        hold: what paused the batch, or resumed it, before the run
    """

    def __init__(self, put: Callable[[StoryMessage], None], hold: BatchHold | None) -> None:
        self._put = put
        self._holds = Holds()
        if hold is not None:
            self._holds.add(notice_of(hold))

    @property
    def paused(self) -> bool:
        """Whether the batch is paused."""
        return bool(self._holds.all_held())

    def obey(self, order: ControlOrder) -> None:
        """Take in an order."""
        self._holds.add(order)

    def held(self, batch_id: str) -> bool:
        """Whether the stories of a batch must not start."""
        return self._holds.held(batch_id) is not None

    async def set_aside(self, story: StoryMessage) -> bool:
        """Put back a story that has waited for its permit until the pause began."""
        self._put(story)
        return True
