"""Dead letters: which are meant, what the ledger and the queue say of them, and which are stale copies."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from gt_common.errors import MalformedMessageError, NoSuchBatchError, TopologyError, UsageError
from gt_common.failures import Failure
from gt_common.ledger import open_ledger
from gt_common.messages import AttemptError, StoryEvent, StoryMessage, StorySucceeded
from gt_common.messaging.consumer import Delivery, browse
from gt_common.messaging.dead_letters import read_dead_letter
from gt_common.messaging.names import Names
from gt_common.messaging.topology import inspect
from gt_common.settings import Settings

EXCERPT = 200

StoryKey = tuple[str, str]


@dataclass(frozen=True)
class Selection:
    """Which dead letters are meant; what is not given does not restrict, and all that is given must fit.

    Parameters:
        batch: a batch's id
        stories: story ids, of which one must fit
        error: the error's type exactly, or a part of its message; upper and lower case are the same
        stage: the stage's name; upper and lower case are the same

    Raises:
        UsageError: a text is empty, as an unset variable of a script leaves it
    """

    batch: str | None = None
    stories: frozenset[str] = frozenset()
    error: str | None = None
    stage: str | None = None

    def __post_init__(self) -> None:
        given = {"--batch": self.batch, "--error": self.error, "--stage": self.stage}
        empty = [flag for flag, value in given.items() if value is not None and not value.strip()]
        if empty or any(not story.strip() for story in self.stories):
            raise UsageError(f"{(empty or ['--story'])[0]} is empty; leave it out to mean all")

    @property
    def everything(self) -> bool:
        """Whether nothing restricts it."""
        return self == Selection()

    def matches(self, letter: StoryMessage) -> bool:
        """Tell whether a dead letter is meant."""
        return (
            self.batch in {None, letter.batch_id}
            and (not self.stories or letter.story_id in self.stories)
            and (self.error is None or _says(letter, self.error))
            and (self.stage is None or _stage(letter).casefold() == self.stage.casefold())
        )


@dataclass(frozen=True)
class Unreadable:
    """A body in the dead-letter queue that is no story message.

    Parameters:
        reason: why it was put aside, else why it cannot be read
        excerpt: its first 200 bytes
        size: bytes
    """

    reason: str
    excerpt: str
    size: int


@dataclass(frozen=True)
class Held:
    """A delivery of the dead-letter queue and what it is."""

    delivery: Delivery
    content: StoryMessage | Unreadable


def last_error(letter: StoryMessage) -> AttemptError | None:
    """Give what the story died of."""
    return letter.errors[-1] if letter.errors else None


def last_failure(letter: StoryMessage) -> Failure:
    """Give the cause of what the story died of; a letter of another program may name none."""
    last = last_error(letter)
    return last.failure if last else Failure(type="unknown", message="the dead letter names no error")


def known_letters(
    settings: Settings, *, batch: str | None = None, story: str | None = None
) -> list[StoryMessage]:
    """Give the dead letters that the ledger knows, newest first.

    Failed stories of a batch that ran without the broker have no letter in any queue and are not among them.

    Raises:
        LedgerUnreachableError, CredentialsRefusedError: the ledger cannot be read
    """
    with open_ledger(settings.ledger, timeout=settings.connect_timeout) as ledger:
        failed = ledger.failed(batch_id=batch, story_id=story)
    events = sorted(failed, key=lambda event: (event.at, event.story_id), reverse=True)
    return [event.letter for event in events if event.letter is not None]


def check_batch(settings: Settings, batch: str) -> None:
    """Check that the ledger knows a batch.

    Raises:
        NoSuchBatchError: it does not
    """
    with open_ledger(settings.ledger, timeout=settings.connect_timeout) as ledger:
        ledger.batch(batch)


def find_letter(settings: Settings, story: str, batch: str | None) -> StoryMessage:
    """Give the one dead letter of a story.

    Raises:
        UsageError: the ledger knows none, or the id stands in several batches
        LedgerUnreachableError, CredentialsRefusedError: the ledger cannot be read
    """
    found = known_letters(settings, batch=batch, story=story)
    if not found:
        where = f" in batch {batch}" if batch else ""
        raise UsageError(f"the ledger knows no dead letter of story {story}{where}; see `gt-dlq list`")
    if len(found) > 1:
        batches = ", ".join(sorted(letter.batch_id for letter in found))
        raise UsageError(f"story {story} has dead letters in several batches ({batches}); add --batch")
    return found[0]


def standing_events(settings: Settings, batches: Iterable[str]) -> dict[StoryKey, StoryEvent]:
    """Give the event that stands for each story of some batches, by (batch id, story id).

    Raises:
        LedgerUnreachableError, CredentialsRefusedError: the ledger cannot be read
    """
    found: dict[StoryKey, StoryEvent] = {}
    with open_ledger(settings.ledger, timeout=settings.connect_timeout) as ledger:
        for batch in sorted(set(batches)):
            try:
                state = ledger.batch(batch)
            except NoSuchBatchError:
                continue
            for story in state.stories.values():
                if story.event is not None:
                    found[batch, story.story_id] = story.event
    return found


def why_stale(letter: StoryMessage, standing: StoryEvent | None) -> str | None:
    """Say why a letter is a leftover that needs no replay; None when it is to be replayed.

    A later generation exists only after its message was confirmed by the broker, and a success of the same
    generation means that the video is made: in both cases nothing is lost with the letter.
    """
    if standing is None:
        return None
    if standing.generation > letter.generation:
        return f"already replayed, as generation {standing.generation}"
    if standing.generation == letter.generation and isinstance(standing, StorySucceeded):
        return "already made: the success came later than the dead letter"
    return None


def read_delivery(delivery: Delivery) -> Held:
    """Tell what a delivery of the dead-letter queue is."""
    try:
        return Held(delivery, read_dead_letter(delivery.body, delivery.died_of))
    except MalformedMessageError as error:
        given = delivery.headers.get("gt-reason")
        reason = given if isinstance(given, str) and given else str(error)
        excerpt = delivery.body[:EXCERPT].decode("utf-8", "backslashreplace")
        return Held(delivery, Unreadable(reason, excerpt, len(delivery.body)))


async def queued_letters(settings: Settings) -> tuple[list[StoryMessage], list[Unreadable]]:
    """Look into the dead-letter queue itself: its letters, newest first, and what is no story.

    Everything returns in its order; the broker counts one more delivery of each message.
    """
    async with browse(settings, Names(settings.namespace).dlq, "gt-dlq list") as deliveries:
        contents = [read_delivery(delivery).content for delivery in deliveries]
    letters = [content for content in contents if isinstance(content, StoryMessage)]
    letters.sort(key=lambda letter: letter.died_at or letter.published_at, reverse=True)
    return letters, [content for content in contents if isinstance(content, Unreadable)]


async def queue_depth(settings: Settings) -> int:
    """Give how many messages are ready in the dead-letter queue, without touching them.

    Raises:
        BrokerUnreachableError, CredentialsRefusedError: the broker cannot be asked
        TopologyError: there is no such queue
    """
    name = Names(settings.namespace).dlq
    [queue] = await inspect(settings, [name])
    if queue.messages is None:
        raise TopologyError(f"the broker has no queue {name}; run `gt-topology declare`")
    return queue.messages


def difference(in_queue: int, in_ledger: int) -> str | None:
    """Say that the queue and the ledger differ, and what that may mean; None when they agree."""
    if in_queue == in_ledger:
        return None
    letters = "dead letter" if in_queue == 1 else "dead letters"
    text = f"the queue holds {in_queue} {letters}, the ledger knows {in_ledger}: is gt-aggregate running?"
    if in_queue > in_ledger:
        return f"{text} (`gt-dlq list --queue` shows what lies in the queue)"
    return f"{text} (a replay at this moment also makes the queue look shorter)"


def choose(letters: Sequence[StoryMessage], selection: Selection, limit: int | None) -> list[StoryMessage]:
    """Give the first letters that are meant, in the order given."""
    return [letter for letter in letters if selection.matches(letter)][:limit]


def batches_of(held: Sequence[Held], selection: Selection) -> set[str]:
    """Give the batches of the letters that are meant."""
    letters = (item.content for item in held if isinstance(item.content, StoryMessage))
    return {letter.batch_id for letter in letters if selection.matches(letter)}


def stale_reason(
    letter: StoryMessage, standing: Mapping[StoryKey, StoryEvent], sent: Mapping[StoryKey, int]
) -> str | None:
    """Say why a letter is not to be sent: the ledger's word, or that this run has sent its twin.

    Parameters:
        sent: the generation of the letter that this run has replayed, by story
    """
    key = (letter.batch_id, letter.story_id)
    if letter.generation <= sent.get(key, 0):
        return "another copy of this dead letter was replayed just now"
    return why_stale(letter, standing.get(key))


def _says(letter: StoryMessage, text: str) -> bool:
    failure, wanted = last_failure(letter), text.casefold()
    return wanted == failure.type.casefold() or wanted in failure.message.casefold()


def _stage(letter: StoryMessage) -> str:
    return last_failure(letter).stage or ""
