"""What the worker needs of others: a delivery, a runner, a publisher, and news of stories that started."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol

from gt_common.messages import Event, StoryMessage
from gt_common.messaging.dead_letters import Dead
from gt_consumer.runner.outcomes import Outcome

OnStage = Callable[[str, float | None], None]
OnProject = Callable[[str | None], None]


class Delivery(Dead, Protocol):
    """The part of a delivery that the worker needs.

    Parameters:
        delivery_count: how often the message was delivered before and not acknowledged
    """

    content_type: str | None
    delivery_count: int

    async def ack(self) -> bool: ...


class StoryRunner(Protocol):
    """Runs one attempt of one story, as `gt_consumer.runner.runner.Runner` does."""

    async def run(
        self, story: StoryMessage, attempt: int, on_stage: OnStage, on_project: OnProject
    ) -> Outcome: ...


class Starts(Protocol):
    """Counts the starts of stories, where some wait in a worker for their permit to start."""

    async def record_start(self, story: StoryMessage) -> None: ...

    def count_starts(self, story: StoryMessage) -> int: ...


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
