"""What is read from a ledger; on SQLite with no database library beside the standard one."""

from __future__ import annotations

from collections.abc import Callable, Collection, Container, Iterable, Iterator
from types import TracebackType
from typing import TYPE_CHECKING, Concatenate, ParamSpec, Self, TypeVar

from gt_common.ledger import queries

if TYPE_CHECKING:
    from gt_common.ledger.letter_line import LetterLine
    from gt_common.ledger.overview import Memory, Overview
    from gt_common.ledger.places import Places
    from gt_common.ledger.plain import Plain, PlainReads
    from gt_common.ledger.pruning.candidates import Age, OldBatch
    from gt_common.ledger.queries.batches import BatchHead
    from gt_common.ledger.queries.figures import Figures
    from gt_common.ledger.queries.letter_groups import LetterGroup
    from gt_common.ledger.queries.letters import LetterKey, StoryKey
    from gt_common.ledger.queries.orders import Orders, Trace
    from gt_common.ledger.queries.pages import BatchFilter, StoryFilter
    from gt_common.ledger.queries.stop_rules import RuledBatch
    from gt_common.ledger.queries.story_keys import StoryRef
    from gt_common.ledger.snapshot import Snapshot
    from gt_common.ledger.views import AttemptSpan, BatchSummary, EarlierVideo, Tombstone, UnfinishedStory
    from gt_common.lifecycle import BatchPhase, BatchState, StoryState, StoryStatus
    from gt_common.messages import (
        BatchHold,
        BatchPaused,
        Event,
        FleetHold,
        StoryCancelled,
        StoryEvent,
        StoryFailed,
        StoryMessage,
    )

Given = ParamSpec("Given")
Answer = TypeVar("Answer")


class LedgerReader:
    """Answers questions from a ledger; `gt_common.ledger.read_ledger` opens it.

    Safe to use from several threads; from async code call it with `asyncio.to_thread`. Every method raises
    LedgerUnreachableError or CredentialsRefusedError when the database cannot be used.
    """

    def __init__(self, plain: PlainReads) -> None:
        self._plain = plain

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def label(self) -> str:
        """Address of the ledger, without the password."""
        return self._plain.address.label

    def close(self) -> None:
        """Close its connections."""
        self._plain.close()

    def _query(
        self, query: Callable[Concatenate[Plain, Given], Answer], *given: Given.args, **named: Given.kwargs
    ) -> Answer:
        return self._plain.query(lambda plain: query(plain, *given, **named))

    def knows(self, batch_id: str) -> bool:
        """Whether the ledger has an event of a batch."""
        return self._query(queries.batches.is_known, batch_id)

    def phase(self, batch_id: str) -> BatchPhase:
        """Return the phase of a batch, from its counts.

        Raises:
            NoSuchBatchError: the ledger has no event of it
        """
        return self._query(queries.batches.read_phase, batch_id)

    def overview(self, batch_id: str, *, sample: int | None = None, memory: Memory | None = None) -> Overview:
        """Return what a screen shows of a batch, however large it is.

        Parameters:
            sample: stories of each status from which the pace, the workers and the folder are taken;
                None for as many as a good estimate needs
            memory: what was read of batches before

        Raises:
            NoSuchBatchError: the ledger has no event of it
        """
        from gt_common.ledger.overview import SAMPLE, read_overview

        return self._query(read_overview, batch_id, SAMPLE if sample is None else sample, memory)

    def batch_page(self, wanted: BatchFilter, skip: int, limit: int) -> list[BatchSummary]:
        """Return some of the batches that are wanted, newest first."""
        return self._query(queries.pages.read_batch_page, wanted, skip, limit)

    def story_page(self, batch_id: str, wanted: StoryFilter, skip: int, limit: int) -> list[StoryState]:
        """Return some of the stories of a batch that are wanted, failures first.

        Raises:
            NoSuchBatchError: the ledger has no event of the batch
        """
        return self._query(queries.pages.read_story_page, batch_id, wanted, skip, limit)

    def story_events(self, batch_id: str, story_id: str) -> list[Event]:
        """Return what happened to a story, oldest first."""
        return self._query(queries.pages.read_story_events, batch_id, story_id)

    def snapshot(self, batch_id: str) -> Snapshot:
        """Copy a whole batch as it is now; to be closed.

        Raises:
            NoSuchBatchError: the ledger has no event of it
            OutputError: the folder for temporary files is full
        """
        from gt_common.ledger.snapshot import read_snapshot

        return self._query(read_snapshot, batch_id)

    def batch(self, batch_id: str) -> BatchState:
        """Return the state of a batch after its events so far.

        Raises:
            NoSuchBatchError: the ledger has no event of it
        """
        return self._query(queries.batches.read_batch, batch_id)

    def deciding_events(self, batch_id: str) -> list[tuple[str, bool, str | None]]:
        """Return each story's id, whether a list named it, and the id of the event that decides its state."""
        return self._query(lambda plain: list(queries.batches.read_deciding_events(plain, batch_id)))

    def stories(self, batch_id: str, story_ids: Collection[str]) -> list[StoryState]:
        """Return the stories of a batch with these ids."""
        return self._query(queries.batches.read_these_stories, batch_id, story_ids)

    def story_refs(self, batch_id: str, *, only_open: bool = False) -> list[StoryRef]:
        """Return the stories of a batch without their events, in no particular order.

        Parameters:
            only_open: leave out those that are final
        """
        return self._query(queries.story_keys.read_story_refs, batch_id, only_open=only_open)

    def head(self, batch_id: str) -> BatchHead:
        """Return a batch without its stories.

        Raises:
            NoSuchBatchError: the ledger has no event of it
        """
        return self._query(queries.batches.read_head, batch_id)

    def fleet_hold(self) -> FleetHold | None:
        """Return the latest pause or resumption of the fleet; None if it was never paused."""
        return self._query(queries.holds.read_fleet)

    def hold(self, batch_id: str) -> BatchHold | None:
        """Return the latest pause or resumption of a batch; None if it was never paused, or is unknown."""
        return self._query(queries.holds.read_batch_hold, batch_id)

    def ruled_batches(self, batch_ids: Collection[str] | None = None) -> list[RuledBatch]:
        """Return those of these batches, or of all, that have stop rules and go through the broker."""
        return self._query(queries.stop_rules.read_ruled_batches, batch_ids)

    def paused_batches(self) -> list[BatchPaused]:
        """Return the pauses of all batches that are paused, oldest batch first; also of ended ones."""
        return self._query(queries.holds.read_paused)

    def batches(self, limit: int = 50) -> list[BatchSummary]:
        """List batches, newest first."""
        return self._query(queries.batches.read_batches, limit)

    def batch_ids(self, limit: int) -> list[str]:
        """List the ids of batches, newest first."""
        return self._query(queries.batches.read_ids, limit)

    def tombstones(self, batch_ids: Collection[str]) -> dict[str, Tombstone]:
        """Return what is left of those of these batches that were pruned."""
        return self._query(queries.tombstones.read_tombstones, batch_ids)

    def incomplete_tombstones(self) -> list[Tombstone]:
        """Return the tombstones of batches that are being pruned, or whose pruning was stopped."""
        return self._query(queries.tombstones.read_incomplete)

    def old_batches(self, age: Age, *, sizes: bool = False) -> Iterator[OldBatch]:
        """Yield the batches whose last event is old, oldest first; in a large ledger that takes a while.

        Parameters:
            sizes: whether to count their events and bytes
        """
        from gt_common.ledger.plain import parts
        from gt_common.ledger.pruning.candidates import list_old, read_begun_before

        for ids in parts(self._query(read_begun_before, age.before)):
            yield from self._query(list_old, ids, age, sizes=sizes)

    def attempts(self, batch_id: str) -> list[AttemptSpan]:
        """Return the timeline of a batch: every run of every attempt, ordered by start.

        Raises:
            NoSuchBatchError: the ledger has no event of it
        """
        return self._query(queries.batches.read_attempts, batch_id)

    def events(self, batch_id: str, types: Collection[str]) -> list[Event]:
        """Return a batch's events of some types, such as `batch.stories`, oldest first."""
        return self._query(queries.batches.read_events, batch_id, types)

    def orders(self, batch_id: str, seen: Trace = ()) -> Orders | None:
        """Return what operators have ordered for a batch; None if nothing was since the last look.

        Parameters:
            seen: the trace of the last look; empty at the first one
        """
        return self._query(queries.orders.read_orders, batch_id, seen)

    def figures(self) -> Figures:
        """Return the figures of the whole ledger, for a monitoring system."""
        return self._query(queries.figures.read_figures)

    def version(self) -> int:
        """Return a number that grows with every new event."""
        return self._query(queries.batches.read_version)

    def known_stories(self, canonicals: Collection[str]) -> set[str]:
        """Return which of these Reddit posts, by canonical URL, were in any batch."""
        return self._query(queries.known_posts.read_known, canonicals)

    def unfinished(self, canonicals: Container[str]) -> list[UnfinishedStory]:
        """Return the stories with one of these canonical URLs that are not final, oldest batch first."""
        return self._query(queries.earlier_videos.read_unfinished, canonicals)

    def places(self, canonicals: Container[str]) -> Places:
        """Return where the successes of these stories are, so that `made` can be asked for some."""
        return self._query(queries.earlier_videos.read_places, canonicals)

    def made(
        self, canonicals: Collection[str], places: Places | None = None
    ) -> dict[str, list[EarlierVideo]]:
        """Return the successes of each story that has one, in any batch, newest first, by canonical URL.

        Parameters:
            places: of a list with these stories; None to look for them
        """
        return self._query(queries.earlier_videos.read_made, canonicals, places)

    def durations(self, limit: int = 100, *, orchestrator: str | None = None) -> list[float]:
        """Return how many seconds each of the latest videos took, of all orchestrators or of one."""
        return self._query(queries.earlier_videos.read_durations, limit, orchestrator)

    def failed(self, *, batch_id: str | None = None, story_id: str | None = None) -> list[StoryFailed]:
        """Return the current dead letters, oldest batch first."""
        return self._query(queries.dead_letters.read_failed_stories, batch_id, story_id)

    def cancelled(self, *, batch_id: str | None = None, story_id: str | None = None) -> list[StoryCancelled]:
        """Return the currently discarded dead letters, oldest batch first."""
        return self._query(queries.dead_letters.read_cancelled_stories, batch_id, story_id)

    def letters_of(self, keys: Iterable[StoryKey]) -> list[StoryMessage]:
        """Return every dead letter that these stories ever had, each story's oldest first."""
        return self._query(queries.dead_letters.read_letters, [*keys])

    def letter_keys(
        self,
        status: StoryStatus,
        *,
        batch_id: str | None = None,
        with_letter: bool = True,
        group: str | None = None,
    ) -> list[LetterKey]:
        """Return the keys of dead letters at a status, the latest event first.

        Parameters:
            with_letter: False for stories whose message could not be read, so that there is no letter
            group: only those with this fingerprint of the failure
        """
        read = queries.letters.read_letter_keys
        return self._query(read, status, batch_id, with_letter=with_letter, group=group)

    def newest_letters(
        self, status: StoryStatus, limit: int, *, batch_id: str | None = None
    ) -> tuple[list[LetterKey], int]:
        """Return the keys of the latest dead letters at a status, and how many there are altogether.

        Parameters:
            limit: at most so many keys
        """
        return self._query(queries.letters.read_newest_letters, status, batch_id, limit)

    def letter_count(self, status: StoryStatus, *, batch_id: str | None = None) -> int:
        """Return how many dead letters there are at a status."""
        return self._query(queries.letters.count_letters, status, batch_id)

    def letter_lines(self, keys: Collection[StoryKey]) -> dict[StoryKey, LetterLine]:
        """Return what a list shows of these dead letters, as far as their stories are still at `failed`."""
        return self._query(queries.letters.read_letter_lines, [*keys])

    def letter_groups(self, batch_id: str | None = None) -> list[LetterGroup]:
        """Return the dead letters of a batch, or of all, by cause, those with most letters first."""
        return self._query(queries.letter_groups.read_letter_groups, batch_id)

    def current(self, keys: Collection[StoryKey]) -> dict[StoryKey, StoryEvent]:
        """Return the event that decides the status of each of these stories, as far as there is one."""
        return self._query(queries.letters.read_current_events, [*keys])

    def replayed(
        self, *, batch_id: str | None = None, story_id: str | None = None
    ) -> list[tuple[StoryEvent, StoryMessage]]:
        """Return replayed stories without an outcome: the latest event, and the replayed letter."""
        return self._query(queries.dead_letters.read_replayed_stories, batch_id, story_id)

    def costs(self, limit: int = 100, *, orchestrator: str | None = None) -> list[int]:
        """Return what each of the latest videos has cost, all runs of its story included, in millionths.

        Parameters:
            orchestrator: only its videos count; None for those of all
        """
        return self._query(queries.earlier_costs.read_costs, limit, orchestrator)
