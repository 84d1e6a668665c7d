"""Random lives of batches for property tests, and short ways to write single events."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import strategies as st

from gt_common.failures import Failure
from gt_common.messages import (
    BatchOpened,
    BatchSealed,
    BatchStories,
    Event,
    StoryCancelled,
    StoryEntry,
    StoryEvent,
    StoryFailed,
    StoryMessage,
    StoryReleased,
    StoryRequeued,
    StoryRetrying,
    StoryStage,
    StoryStarted,
    StorySucceeded,
    UnknownEvent,
    decode_event,
)

BATCH = "batch-1"
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
TIMED_OUT = Failure(type="TimeoutError", message="the voice took over 30 s", stage="narration")
STORY_EVENTS: tuple[type[StoryEvent], ...] = (
    StoryRequeued,
    StoryStarted,
    StoryStage,
    StoryReleased,
    StoryRetrying,
    StoryFailed,
    StorySucceeded,
    StoryCancelled,
)


def known_event(body: bytes) -> Event:
    """Decode an event whose type this version knows."""
    event = decode_event(body)
    assert not isinstance(event, UnknownEvent)
    return event


def at(seconds: float) -> datetime:
    """Return the time `seconds` after noon."""
    return NOON + timedelta(seconds=seconds)


def letter(number: int = 1) -> StoryMessage:
    """Make the dead letter of the story at a place of the list."""
    return StoryMessage(
        batch_id=BATCH,
        story_id=f"story-{number}",
        position=number,
        url=f"https://www.reddit.com/comments/{number}/",
        canonical_url=f"https://www.reddit.com/comments/{number}/",
        published_at=NOON,
        died_at=NOON,
    )


def story_event(kind: type[StoryEvent], number: int = 1, seconds: float = 0, **given: object) -> StoryEvent:
    """Make an event of the story at a place of the list.

    Parameters:
        given: fields that matter to the test; the others get fitting values
    """
    needed: dict[type[StoryEvent], dict[str, object]] = {
        StoryRequeued: {"by": "tester"},
        StoryStarted: {},
        StoryStage: {"stage": "voice"},
        StoryReleased: {"reason": "stopping"},
        StoryRetrying: {"failure": TIMED_OUT, "until": at(seconds + 10)},
        StoryFailed: {"failure": TIMED_OUT},
        StorySucceeded: {"output_path": f"/videos/{number}.mp4"},
        StoryCancelled: {"by": "tester", "purge_at": at(86400), "letter": letter(number)},
    }
    fields: dict[str, object] = {
        "batch_id": BATCH,
        "story_id": f"story-{number}",
        "position": number,
        "url": f"https://www.reddit.com/comments/{number}/",
        "at": at(seconds),
    }
    return kind.model_validate(fields | needed[kind] | given)


def entry(number: int, **given: object) -> StoryEntry:
    """Make the line of the story at a place of the list."""
    url = f"https://www.reddit.com/comments/{number}/"
    fields: dict[str, object] = {"story_id": f"story-{number}", "position": number, "url": url}
    return StoryEntry.model_validate(fields | given)


def opened(total: int, seconds: float = 0, batch_id: str = BATCH, name: str | None = None) -> BatchOpened:
    """Make the event that opens a batch."""
    return BatchOpened(batch_id=batch_id, total=total, at=at(seconds), name=name)


@st.composite
def story_events(draw: st.DrawFn) -> StoryEvent:
    """Generate any event of four stories, with two spellings and small ranges, so that ties are common."""
    number = draw(st.integers(1, 4))
    return story_event(
        draw(st.sampled_from(STORY_EVENTS)),
        number,
        draw(st.integers(0, 3)),
        generation=draw(st.integers(1, 3)),
        attempt=draw(st.integers(1, 3)),
        run=draw(st.integers(0, 2)),
        worker=draw(st.sampled_from(["worker-1", "worker-2", None])),
        url=draw(
            st.sampled_from([f"https://redd.it/{number}", f"https://www.reddit.com/comments/{number}/"])
        ),
    )


@st.composite
def batch_events(draw: st.DrawFn) -> Event:
    """Generate any event of a batch itself."""
    seconds = draw(st.integers(0, 3))
    match draw(st.sampled_from(["opened", "stories", "sealed"])):
        case "opened":
            return opened(draw(st.integers(1, 6)), seconds, name=draw(st.sampled_from(["a", "b", None])))
        case "stories":
            numbers = draw(st.lists(st.integers(1, 5), unique=True))
            shift = draw(st.integers(0, 1))
            lines = tuple(entry(number, position=number + shift) for number in numbers)
            return BatchStories(batch_id=BATCH, at=at(seconds), stories=lines)
        case _:
            return BatchSealed(batch_id=BATCH, at=at(seconds))


def lives() -> st.SearchStrategy[list[Event]]:
    """Generate events of one batch, in any order."""
    return st.lists(st.one_of(story_events(), story_events(), batch_events()), max_size=25)


@st.composite
def deliveries(draw: st.DrawFn) -> tuple[list[Event], list[Event]]:
    """Generate events of one batch, and how they arrive: shuffled, some repeated, some late."""
    events = draw(lives())
    again = draw(st.lists(st.sampled_from(events), max_size=10)) if events else []
    late = draw(st.lists(st.booleans(), min_size=len(events), max_size=len(events)))
    first = [event for event, dropped in zip(events, late, strict=True) if not dropped]
    redelivered = [event for event, dropped in zip(events, late, strict=True) if dropped]
    return events, [*draw(st.permutations([*first, *again])), *draw(st.permutations(redelivered))]
