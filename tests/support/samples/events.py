"""Random lives of batches for property tests, and short ways to write single events."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import strategies as st

from gt_common.failures import Failure
from gt_common.messages import (
    BatchHold,
    BatchOpened,
    BatchPaused,
    BatchResumed,
    BatchSealed,
    BatchStories,
    Event,
    FailureLimit,
    FleetHold,
    FleetPaused,
    FleetResumed,
    StoryCancelled,
    StoryEntry,
    StoryEvent,
    StoryFailed,
    StoryMessage,
    StoryReleased,
    StoryRequeued,
    StoryRetrying,
    StorySpent,
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


def spent(number: int = 1, seconds: float = 0, **given: object) -> StorySpent:
    """Make the event that a run of the story at a place of the list has spent something."""
    fields: dict[str, object] = {
        "batch_id": BATCH,
        "story_id": f"story-{number}",
        "position": number,
        "url": f"https://www.reddit.com/comments/{number}/",
        "at": at(seconds),
        "cost": {"elevenlabs": 12_000},
    }
    return StorySpent.model_validate(fields | given)


def entry(number: int, **given: object) -> StoryEntry:
    """Make the line of the story at a place of the list."""
    url = f"https://www.reddit.com/comments/{number}/"
    fields: dict[str, object] = {"story_id": f"story-{number}", "position": number, "url": url}
    return StoryEntry.model_validate(fields | given)


def opened(
    total: int, seconds: float = 0, batch_id: str = BATCH, name: str | None = None, **given: object
) -> BatchOpened:
    """Make the event that opens a batch."""
    fields = {"batch_id": batch_id, "total": total, "at": at(seconds), "name": name}
    return BatchOpened.model_validate(fields | given)


COSTED = (StorySpent, StoryReleased, StoryRetrying, StoryFailed, StorySucceeded, StoryCancelled)


def _costs() -> st.SearchStrategy[dict[str, int]]:
    return st.dictionaries(st.sampled_from(["elevenlabs", "gemini"]), st.integers(0, 3), min_size=1)


@st.composite
def spendings(draw: st.DrawFn) -> StorySpent:
    """Generate what any run of four stories has spent."""
    number = draw(st.integers(1, 4))
    return spent(
        number,
        draw(st.integers(0, 3)),
        generation=draw(st.integers(1, 3)),
        attempt=draw(st.integers(1, 3)),
        run=draw(st.integers(0, 2)),
        cost=draw(_costs()),
    )


@st.composite
def story_events(draw: st.DrawFn) -> StoryEvent:
    """Generate any event of four stories, with two spellings and small ranges, so that ties are common."""
    number = draw(st.integers(1, 4))
    kind = draw(st.sampled_from(STORY_EVENTS))
    has_letter = kind is not StoryCancelled or draw(st.booleans())
    return story_event(
        kind,
        number,
        draw(st.integers(0, 3)),
        generation=draw(st.integers(1, 3)),
        attempt=draw(st.integers(1, 3)),
        run=draw(st.integers(0, 2)),
        worker=draw(st.sampled_from(["worker-1", "worker-2", None])),
        url=draw(
            st.sampled_from([f"https://redd.it/{number}", f"https://www.reddit.com/comments/{number}/"])
        ),
        **({} if has_letter else {"letter": None}),
        **({"cost": draw(st.none() | _costs())} if kind in COSTED else {}),
    )


def hold(kind: type[BatchHold], revision: int = 1, seconds: float = 0, **given: object) -> BatchHold:
    """Make an event that pauses or resumes the batch."""
    fields: dict[str, object] = {"batch_id": BATCH, "by": "tester", "revision": revision, "at": at(seconds)}
    return kind.model_validate(fields | given)


def fleet_hold(kind: type[FleetHold], revision: int = 1, seconds: float = 0, **given: object) -> FleetHold:
    """Make an event that pauses or resumes the fleet."""
    fields: dict[str, object] = {"by": "tester", "revision": revision, "at": at(seconds)}
    return kind.model_validate(fields | given)


@st.composite
def hold_events(draw: st.DrawFn) -> BatchHold | FleetHold:
    """Generate any event that pauses or resumes the batch or the fleet; ties are common."""
    revision, seconds = draw(st.integers(1, 3)), draw(st.integers(0, 2))
    pauses = draw(st.booleans())
    if draw(st.booleans()):
        costs = {} if pauses else {"max_cost": draw(st.sampled_from([None, 3]))}
        return hold(BatchPaused if pauses else BatchResumed, revision, seconds, **costs)
    return fleet_hold(FleetPaused if pauses else FleetResumed, revision, seconds)


@st.composite
def batch_events(draw: st.DrawFn) -> Event:
    """Generate any event of a batch itself."""
    seconds = draw(st.integers(0, 3))
    match draw(st.sampled_from(["opened", "stories", "sealed"])):
        case "opened":
            return opened(
                draw(st.integers(1, 6)),
                seconds,
                name=draw(st.sampled_from(["a", "b", None])),
                max_failures=draw(st.sampled_from([None, FailureLimit(count=2), FailureLimit(percent=10)])),
                max_cost=draw(st.sampled_from([None, 1, 2])),
            )
        case "stories":
            numbers = draw(st.lists(st.integers(1, 5), unique=True))
            shift = draw(st.integers(0, 1))
            starts = draw(st.sampled_from([None, at(60), at(120)]))
            lines = tuple(entry(number, position=number + shift, not_before=starts) for number in numbers)
            return BatchStories(batch_id=BATCH, at=at(seconds), stories=lines)
        case _:
            return BatchSealed(batch_id=BATCH, at=at(seconds))


def lives() -> st.SearchStrategy[list[Event]]:
    """Generate events of one batch, in any order."""
    kinds = (story_events(), story_events(), spendings(), batch_events(), hold_events())
    return st.lists(st.one_of(*kinds), max_size=25)


@st.composite
def deliveries(draw: st.DrawFn) -> tuple[list[Event], list[Event]]:
    """Generate events of one batch, and how they arrive: shuffled, some repeated, some late."""
    events = draw(lives())
    again = draw(st.lists(st.sampled_from(events), max_size=10)) if events else []
    late = draw(st.lists(st.booleans(), min_size=len(events), max_size=len(events)))
    first = [event for event, dropped in zip(events, late, strict=True) if not dropped]
    redelivered = [event for event, dropped in zip(events, late, strict=True) if dropped]
    return events, [*draw(st.permutations([*first, *again])), *draw(st.permutations(redelivered))]
