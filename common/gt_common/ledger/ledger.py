"""The ledger: apply events, query what they add up to."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from types import TracebackType
from typing import Concatenate, ParamSpec, Self, TypeVar

from sqlalchemy import Connection, select

from gt_common.ledger import unknown, writing
from gt_common.ledger.address import parse_address
from gt_common.ledger.database import Database
from gt_common.ledger.migrate import bring_up_to_date, fold_known_events
from gt_common.ledger.queries import batches, dead_letters, earlier_videos, known_posts
from gt_common.ledger.reading import Reads
from gt_common.ledger.schema import version
from gt_common.ledger.views import AttemptSpan, BatchSummary, UnfinishedStory
from gt_common.lifecycle import BatchState
from gt_common.messages import (
    Event,
    StoryCancelled,
    StoryEvent,
    StoryFailed,
    StoryMessage,
    StorySucceeded,
    UnknownEvent,
)

Given = ParamSpec("Given")
Answer = TypeVar("Answer")


class LedgerReader:
    """Answers questions from a ledger; `gt_common.ledger.read_ledger` opens it.

    Safe to use from several threads; from async code call it with `asyncio.to_thread`. Every method raises
    LedgerUnreachableError or CredentialsRefusedError when the database cannot be used.
    """

    def __init__(self, reads: Reads) -> None:
        self._reads = reads

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def label(self) -> str:
        """Address of the ledger, without the password."""
        return self._reads.address.label

    def close(self) -> None:
        """Close its connections."""
        self._reads.close()

    def _read(
        self,
        query: Callable[Concatenate[Connection, Given], Answer],
        *given: Given.args,
        **named: Given.kwargs,
    ) -> Answer:
        return self._reads.read(lambda connection: query(connection, *given, **named))

    def batch(self, batch_id: str) -> BatchState:
        """Return the state of a batch after its events so far.

        Raises:
            NoSuchBatchError: the ledger has no event of it
        """
        return self._read(batches.read_batch, batch_id)

    def batches(self, limit: int = 50) -> list[BatchSummary]:
        """List batches, newest first."""
        return self._read(batches.read_batches, limit)

    def attempts(self, batch_id: str) -> list[AttemptSpan]:
        """Return the timeline of a batch: every run of every attempt, ordered by start.

        Raises:
            NoSuchBatchError: the ledger has no event of it
        """
        return self._read(batches.read_attempts, batch_id)

    def events(self, batch_id: str, types: Collection[str]) -> list[Event]:
        """Return a batch's events of some types, such as `batch.stories`, oldest first."""
        return self._read(batches.read_events, batch_id, types)

    def failed(self, *, batch_id: str | None = None, story_id: str | None = None) -> list[StoryFailed]:
        """Return the current dead letters, oldest batch first."""
        return self._reads.read(
            lambda connection: dead_letters.read_failed_stories(connection, batch_id, story_id)
        )

    def cancelled(self, *, batch_id: str | None = None, story_id: str | None = None) -> list[StoryCancelled]:
        """Return the currently discarded dead letters, oldest batch first."""
        return self._reads.read(
            lambda connection: dead_letters.read_cancelled_stories(connection, batch_id, story_id)
        )

    def replayed(
        self, *, batch_id: str | None = None, story_id: str | None = None
    ) -> list[tuple[StoryEvent, StoryMessage]]:
        """Return replayed stories without an outcome: the latest event, and the replayed letter."""
        return self._reads.read(
            lambda connection: dead_letters.read_replayed_stories(connection, batch_id, story_id)
        )

    def known_stories(self, canonicals: Collection[str]) -> set[str]:
        """Return which of these Reddit posts, by canonical URL, were in any batch."""
        return self._read(known_posts.read_known, canonicals)

    def unfinished(self, canonicals: Collection[str]) -> list[UnfinishedStory]:
        """Return the stories with one of these canonical URLs that are not final, oldest batch first."""
        return self._read(earlier_videos.read_unfinished, canonicals)

    def made(self, canonicals: Collection[str]) -> dict[str, list[StorySucceeded]]:
        """Return the successes of each story that has one, in any batch, newest first, by canonical URL."""
        return self._read(earlier_videos.read_made, canonicals)

    def durations(self, limit: int = 100) -> list[float]:
        """Return how many seconds each of the latest videos took."""
        return self._read(earlier_videos.read_durations, limit)

    def version(self) -> int:
        """Return a number that grows with every new event."""
        return self._read(_read_version)


class Ledger(LedgerReader):
    """Stores every event once, and the state that is folded from them."""

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self._database = database

    @classmethod
    def open(cls, url: str, *, timeout: float) -> Self:
        """Open a ledger; see `gt_common.ledger.open_ledger`."""
        database = Database(parse_address(url), timeout)
        try:
            bring_up_to_date(database)
            fold_known_events(database)
        except BaseException:
            database.close()
            raise
        return cls(database)

    def apply(self, events: Sequence[Event | UnknownEvent]) -> int:
        """Store events in one transaction; return how many were new.

        Events may arrive in any order, repeatedly and from several processes at once. Those of unknown types
        are kept as they are, for a version that knows them.

        Raises:
            MalformedMessageError: the database cannot store one of them; none was stored
        """
        if not events:
            return 0
        with self._database.writing() as connection:
            known = [event for event in events if not isinstance(event, UnknownEvent)]
            strange = [event for event in events if isinstance(event, UnknownEvent)]
            return writing.take(connection, known) + unknown.keep(connection, strange)


def _read_version(connection: Connection) -> int:
    number: int = connection.execute(select(version.c.number)).scalar_one()
    return number
