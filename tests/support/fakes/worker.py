"""What surrounds a worker, without a broker: publisher, deliveries, and a runner that ends as told."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import TypeVar

from gt_common.errors import PublishFailedError
from gt_common.messages import Event, StoryMessage, utc_now
from gt_consumer.runner.outcomes import Interrupted, Outcome

URL = "https://www.reddit.com/comments/abc/"
Kind = TypeVar("Kind")
PROGRESS = {"story.started", "story.stage", "progress story.stage"}


class RecordingPublisher:
    """A publisher that notes in order what was published and acked, or refuses everything."""

    def __init__(self) -> None:
        self.lines: list[tuple[str, object]] = []
        self.broken = False

    def write(self, what: str, content: object) -> None:
        if self.broken:
            raise PublishFailedError
        self.lines.append((what, content))

    async def story(self, message: StoryMessage) -> None:
        self.write("story", message)

    async def retry(self, message: StoryMessage, delay_s: float) -> None:
        self.write(f"retry {delay_s:g}", message)

    async def dead_letter(self, message: StoryMessage) -> None:
        self.write("dead", message)

    async def event(self, event: Event) -> None:
        self.write(event.type, event)

    async def progress(self, event: Event) -> None:
        self.write(f"progress {event.type}", event)

    async def malformed(
        self, body: bytes, reason: str, key: str, headers: Mapping[str, str | int] | None = None
    ) -> None:
        self.write(f"malformed {key}", (body, reason, headers))

    def names(self) -> list[str]:
        """Return the names of what was noted, without the start and the progress of runs."""
        return [name for name, _ in self.lines if name not in PROGRESS]

    def found(self, name: str, kind: type[Kind]) -> Kind:
        """Return the content of the only entry of a name."""
        (content,) = [content for found, content in self.lines if found == name]
        assert isinstance(content, kind)
        return content


class FakeDelivery:
    """A delivery that notes its ack with the publisher."""

    def __init__(
        self,
        book: RecordingPublisher,
        body: bytes,
        delivery_count: int = 0,
        headers: Mapping[str, object] | None = None,
        died_of: str | None = None,
    ) -> None:
        self._book = book
        self.body = body
        self.headers: Mapping[str, object] = headers or {"gt-batch-id": "b", "x-death": []}
        self.content_type: str | None = "application/json"
        self.delivery_count = delivery_count
        self.died_of = died_of
        self.died_at = utc_now()
        self.settled = False

    async def ack(self, *, with_earlier: bool = False) -> bool:
        self._book.lines.append(("ack", None))
        return True


class ScriptedRunner:
    """A runner whose runs end with the given outcomes, once `may_end` is set."""

    def __init__(self, *outcomes: Outcome | Exception) -> None:
        self._outcomes = list(outcomes)
        self.attempts: list[int] = []
        self.may_end = asyncio.Event()
        self.may_end.set()
        self.stopped: list[str] = []
        self.begun = asyncio.Semaphore(0)
        self.at_once = 0
        self.most_at_once = 0

    async def run(
        self,
        story: StoryMessage,
        attempt: int,
        on_stage: Callable[[str, float | None], None],
        on_project: Callable[[str | None], None],
        on_spent: Callable[[Mapping[str, int]], None],
    ) -> Outcome:
        self.attempts.append(attempt)
        self.at_once += 1
        self.most_at_once = max(self.at_once, self.most_at_once)
        on_stage("voice", 0.1)
        on_stage("voice", 0.5)
        self.begun.release()
        await self.may_end.wait()
        self.at_once -= 1
        if self.stopped and not self._outcomes:
            return Interrupted()
        outcome = self._outcomes.pop(0)
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    def stop_story(self, story: StoryMessage) -> None:
        """Let what runs end: as the script says or, where that is over, interrupted."""
        self.stopped.append(story.story_id)
        self.may_end.set()


def message(number: int = 1, **changes: object) -> StoryMessage:
    """Return a story of batch `b`."""
    story = StoryMessage(batch_id="b", story_id=f"s{number}", position=number, url=URL, canonical_url=URL)
    return story.model_copy(update=changes)
