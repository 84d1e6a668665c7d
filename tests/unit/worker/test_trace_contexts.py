"""A worker without traces passes on the context that a story carries, so that others' traces stay whole."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from gt_common.failures import Failure
from gt_common.messages import StoryMessage, encode
from gt_common.messaging.parking import _return
from gt_common.settings import Settings, load_settings
from gt_common.tracing.context import TRACEPARENT, event_headers, story_headers, traceparent_of
from gt_consumer.runner.outcomes import FailedForGood, FailedForNow, Interrupted, Outcome
from gt_consumer.worker.worker import Worker
from support.fakes.worker import FakeDelivery, RecordingPublisher, ScriptedRunner, message

ROOT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
OOPS = Failure(type="TimeoutError", message="no answer")


class Contexts(RecordingPublisher):
    """A publisher that notes what a message published now would carry."""

    def __init__(self) -> None:
        super().__init__()
        self.carried: list[tuple[str, str | None]] = []

    def write(self, what: str, content: object) -> None:
        """Note the context of a story or an event."""
        headers = story_headers() if isinstance(content, StoryMessage) else event_headers()
        self.carried.append((what, traceparent_of(headers)))
        super().write(what, content)


@pytest.fixture
def plain(tmp_path: Path) -> Settings:
    return load_settings(prefetch=2, output=tmp_path, worker_name="w1", retry_delays="10s")


def delivered(publisher: RecordingPublisher, context: str | None) -> FakeDelivery:
    delivery = FakeDelivery(publisher, encode(message()))
    delivery.headers = {} if context is None else {TRACEPARENT: context}
    return delivery


@pytest.mark.parametrize("context", [ROOT, None])
@pytest.mark.parametrize(
    "outcome", [FailedForNow(OOPS, None, 1.0), FailedForGood(OOPS, None, 1.0), Interrupted()]
)
async def test_whatever_becomes_of_a_story_carries_its_context(
    plain: Settings, outcome: Outcome, context: str | None
) -> None:
    publisher = Contexts()
    worker = Worker(plain, ScriptedRunner(outcome), publisher)
    worker.receive(delivered(publisher, context))
    async with asyncio.timeout(5):
        await worker.wait_until_quiet()
    published = [found for what, found in publisher.carried if what != "ack"]
    assert published
    assert set(published) == {context}
    assert traceparent_of(story_headers()) is None


async def test_a_parked_story_comes_back_with_its_context() -> None:
    publisher = Contexts()
    await _return([delivered(publisher, ROOT)], publisher)  # type: ignore[list-item]  # a delivery of the tests
    assert publisher.carried[0] == ("story", ROOT)
