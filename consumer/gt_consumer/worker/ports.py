"""What the worker needs of others: a delivery, a runner, a publisher, and news of stories that started."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol

from gt_common.messages import Event, StoryMessage
from gt_common.messaging.control.notices import ControlOrder
from gt_common.messaging.dead_letters import Dead
from gt_consumer.runner.outcomes import Outcome

OnStage = Callable[[str, float | None], None]
OnProject = Callable[[str | None], None]
OnSpent = Callable[[Mapping[str, int]], None]


class Delivery(Dead, Protocol):
    """The part of a delivery that the worker needs."""

    @property
    def content_type(self) -> str | None: ...

    @property
    def delivery_count(self) -> int:
        """How often the message was delivered before and not acknowledged."""
        ...

    async def ack(self) -> bool: ...


class StoryRunner(Protocol):
    """Runs one attempt of one story, as `gt_consumer.runner.runner.Runner` does."""

    async def run(
        self,
        story: StoryMessage,
        attempt: int,
        on_stage: OnStage,
        on_project: OnProject,
        on_spent: OnSpent,
    ) -> Outcome: ...

    def stop_story(self, story: StoryMessage) -> None: ...


class Starts(Protocol):
    """Counts the starts of stories, where some wait in a worker for their permit to start."""

    async def record_start(self, story: StoryMessage) -> None: ...

    def count_starts(self, story: StoryMessage) -> int: ...


class StoryHolds(Protocol):
    """Knows what is paused, and where to put the stories that must not start."""

    def obey(self, order: ControlOrder) -> None: ...

    def held(self, batch_id: str) -> bool: ...

    async def set_aside(self, story: StoryMessage) -> bool: ...


class StoryPublisher(Protocol):
    """Publishes what becomes of a story; each call returns when the broker has confirmed."""

    async def story(self, message: StoryMessage) -> None: ...

    async def retry(self, message: StoryMessage, delay_s: float) -> None: ...

    async def dead_letter(self, message: StoryMessage) -> None: ...

    async def event(self, event: Event) -> None: ...

    async def progress(self, event: Event) -> None: ...


class WorkerPublisher(StoryPublisher, Protocol):
    """Publishes all that a worker does, dead letters of unreadable messages included."""

    async def malformed(
        self, body: bytes, reason: str, key: str, headers: Mapping[str, str | int] | None = None
    ) -> None: ...
