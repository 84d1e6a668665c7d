"""What gt-produce leaves out of a list, as far as the ledger and the journals of this machine can tell."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from functools import partial
from itertools import compress
from typing import TYPE_CHECKING, Final

from gt_common.batches import batch_lock
from gt_common.cli.cost_estimate import CostEstimate
from gt_common.cli.listing import say
from gt_common.cli.planning import lock_planning
from gt_common.errors import CredentialsRefusedError, GossipToonError, LedgerUnreachableError
from gt_common.files import is_locked, make_state_folder
from gt_common.ledger import ledger_is_there, read_ledger
from gt_common.ledger.earlier import (
    BeingMade,
    Comparison,
    OnCompared,
    Rule,
    add_running,
    compare,
    running_table,
    video_was_removed,
)
from gt_common.ledger.find_batch import check_not_pruned
from gt_common.ledger.views import UnfinishedStory
from gt_common.messages import GT_BATCH
from gt_common.messages.statuses import StoryStatus
from gt_common.settings import Settings
from gt_common.stories import Story, canonical_urls, story_id, story_ids, without, without_in_order
from gt_producer.produce.journal_state import Header, JournalState, journal_path, read_recent, read_state
from gt_producer.produce.plan import place_known_list

if TYPE_CHECKING:
    from gt_common.ledger.reader import LedgerReader

JOURNAL_COUNTS_S: Final = 24 * 3600.0
"""Seconds for which a published story that the ledger does not know counts as being made."""


@contextmanager
def lock_comparison(settings: Settings) -> Iterator[None]:
    """Let one gt-produce of this machine at a time compare its list, until its journal has the list.

    Raises:
        UsageError: the state folder cannot be made, or another process has held the lock for too long
        OSError: the lock's file cannot be opened
    """
    folder = settings.state_dir / "journals"
    make_state_folder(folder)
    with lock_planning(folder, "gt-produce"):
        yield


def check_unused(settings: Settings, batch_id: str) -> None:
    """Check that a batch id is not that of a pruned batch, as far as the ledger can be read.

    Raises:
        UsageError: it is
    """
    with suppress(LedgerUnreachableError, CredentialsRefusedError):
        if ledger_is_there(settings.ledger):
            with read_ledger(settings.ledger, timeout=settings.connect_timeout) as ledger:
                check_not_pruned(ledger, batch_id)


def compare_list(
    settings: Settings,
    header: Header,
    stories: Sequence[Story],
    *,
    skip_changed: bool,
    on_compared: OnCompared = lambda _count: None,
) -> Comparison:
    """Compare a list with other batches; without a readable ledger only the journals of this machine count.

    The orchestrator is not compared, because only the workers know theirs; nor does a missing folder count as
    a missing video, because the workers may be other machines. What the batch has already stays in it.

    Parameters:
        header: of the list
    """
    batch_id, state = header.batch_id, _journal(settings, header.batch_id)
    if place_known_list(header, stories, state):
        return Comparison(stories)
    new = _new_stories(stories, batch_id, state.positions)
    if not new:
        return Comparison(stories)
    rule = Rule(batch_id, None, video_was_removed, _Makers(settings).is_made, skip_changed)
    found, sent = _ask_ledger(settings, new, rule, on_compared)
    running, left = _being_made(found.stories, sent)
    if not running:
        return replace(found, stories=_without(stories, new, found.stories))
    published = {one.story.canonical for one in running} if found.again else frozenset[str]()
    return replace(
        found,
        stories=_without(stories, new, left),
        running=(*found.running, *running) if found.running else running,
        again=[one for one in found.again if one.story.canonical not in published] or (),
    )


def _ask_ledger(
    settings: Settings, new: Sequence[Story], rule: Rule, on_compared: OnCompared
) -> tuple[Comparison, list[_Sent]]:
    """Compare a list with the ledger, if it can be read; return what it does not know, too."""
    try:
        if ledger_is_there(settings.ledger):
            with read_ledger(settings.ledger, timeout=settings.connect_timeout) as ledger:
                # Before the comparison, so that what arrives meanwhile counts as being made.
                sent = _published(settings, rule.batch_id, partial(_known_ids, ledger))
                return compare(ledger, new, rule, on_compared), sent
    except GossipToonError as error:
        say(f"warning: stories that are already made are not left out, the ledger cannot be read: {error}")
    return Comparison(new), _published(settings, rule.batch_id, _nothing_known)


def estimate_cost(settings: Settings, stories: int) -> CostEstimate:
    """Estimate what a list will cost from earlier videos of any orchestrator: only the workers know theirs.

    Parameters:
        stories: how many are to be published
    """
    costs: list[int] = []
    # An estimate is a courtesy; without a readable ledger there is none.
    with suppress(GossipToonError):
        if ledger_is_there(settings.ledger):
            with read_ledger(settings.ledger, timeout=settings.connect_timeout) as ledger:
                costs = ledger.costs()
    return CostEstimate(stories, costs, settings.currency)


def _new_stories(stories: Sequence[Story], batch_id: str, known: Container[str]) -> Sequence[Story]:
    """Return the stories that a batch does not have yet."""
    identify = story_ids(batch_id)
    return without(stories, {name for name in canonical_urls(stories) if identify(name) in known})


def _without(stories: Sequence[Story], new: Sequence[Story], left: Sequence[Story]) -> Sequence[Story]:
    """Return the stories but for those new ones that are not left; all are in the order of the list."""
    if len(left) == len(new):
        return stories
    if new is stories:
        return left
    gone = without_in_order(new, canonical_urls(left))
    return without_in_order(stories, canonical_urls(gone))


_KnownIds = Callable[[str], Container[str]]
"""From a batch to the ids of those of its stories that the ledger has."""


def _nothing_known(_batch_id: str) -> Container[str]:
    return ()


def _known_ids(ledger: LedgerReader, batch_id: str) -> Container[str]:
    return frozenset(ref.story_id for ref in ledger.story_refs(batch_id))


@dataclass(frozen=True)
class _Sent:
    """A batch that this machine has published lately, and the ids, as numbers, that the ledger has not."""

    batch_id: str
    age_s: float
    unknown: frozenset[int]


def _published(settings: Settings, batch_id: str, known_ids: _KnownIds) -> list[_Sent]:
    """Return what batches of this machine have published lately and the ledger does not know, newest first.

    Of stories that the ledger has, it knows whether they have ended.
    """
    found = []
    for path, age, state in read_recent(settings.state_dir / "journals", JOURNAL_COUNTS_S):
        header = state.header
        if header is None or header.batch_id == batch_id or header.namespace != settings.namespace:
            continue
        is_sent = state.positions.__contains__ if is_locked(path) else state.has_published
        known = known_ids(header.batch_id)
        unknown = frozenset(int(name, 16) for name in state.positions if name not in known and is_sent(name))
        if unknown:
            found.append(_Sent(header.batch_id, age, unknown))
    return found


def _being_made(
    stories: Sequence[Story], sent: Sequence[_Sent]
) -> tuple[Sequence[BeingMade], Sequence[Story]]:
    """Return those of the stories that were published lately, and those that are left."""
    if not sent:
        return (), stories
    found, left_out = running_table(stories), bytearray(len(stories))
    batches = [(one, story_ids(one.batch_id)) for one in sent]
    for number, canonical in enumerate(canonical_urls(stories)):
        for one, identify in batches:
            if int(identify(canonical), 16) in one.unknown:
                other = UnfinishedStory(canonical, one.batch_id, StoryStatus.QUEUED, None)
                add_running(found, number, BeingMade(stories[number], other, one.age_s))
                left_out[number] = 1
                break
    return found or (), without_in_order(stories, compress(canonical_urls(stories), left_out))


class _Makers:
    """Whether unfinished stories are really being made; each batch is looked at once."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._journals: dict[str, tuple[JournalState, bool]] = {}
        self._local: dict[str, bool] = {}

    def is_made(self, other: UnfinishedStory) -> bool:
        """Whether a story is queued or running, and was not left behind by a process that ended."""
        settings, batch_id = self._settings, other.batch_id
        if other.made_by == GT_BATCH:
            if batch_id not in self._local:
                self._local[batch_id] = is_locked(batch_lock(settings.state_dir, batch_id))
            return self._local[batch_id]
        if batch_id not in self._journals:
            path = journal_path(settings.state_dir / "journals", batch_id)
            self._journals = {batch_id: (_journal(settings, batch_id), is_locked(path))}
        state, is_publishing = self._journals[batch_id]
        identity = story_id(batch_id, other.canonical)
        return state.has_published(identity) or identity not in state.positions or is_publishing


def _journal(settings: Settings, batch_id: str) -> JournalState:
    try:
        return read_state(journal_path(settings.state_dir / "journals", batch_id))
    except OSError:  # said when the journal is opened
        return JournalState()
