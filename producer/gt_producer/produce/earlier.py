"""What gt-produce leaves out of a list, as far as the ledger and the journals of this machine can tell."""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from gt_common.batches import batch_lock
from gt_common.cli.cost_estimate import CostEstimate
from gt_common.cli.listing import say
from gt_common.cli.planning import lock_planning
from gt_common.errors import (
    CredentialsRefusedError,
    GossipToonError,
    LedgerUnreachableError,
    NoSuchBatchError,
)
from gt_common.files import is_locked, make_state_folder
from gt_common.ledger import ledger_is_there, read_ledger
from gt_common.ledger.earlier import BeingMade, Comparison, Rule, compare, video_was_removed
from gt_common.ledger.find_batch import check_not_pruned
from gt_common.ledger.views import UnfinishedStory
from gt_common.messages import GT_BATCH
from gt_common.messages.statuses import StoryStatus
from gt_common.settings import Settings
from gt_common.stories import Story, canonical_urls, story_id, story_ids, without
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
    settings: Settings, header: Header, stories: Sequence[Story], *, skip_changed: bool
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
    published = _published(settings, batch_id, new)
    rule = Rule(batch_id, None, video_was_removed, lambda other: _is_made(settings, other), skip_changed)
    found = Comparison(new)
    try:
        if ledger_is_there(settings.ledger):
            with read_ledger(settings.ledger, timeout=settings.connect_timeout) as ledger:
                found = compare(ledger, new, rule)
                published = _unknown_to(ledger, published)
    except GossipToonError as error:
        say(f"warning: stories that are already made are not left out, the ledger cannot be read: {error}")
        found = Comparison(new)
    left = frozenset(canonical_urls(found.stories)) if published else frozenset[str]()
    running = (*found.running, *(one for name, one in published.items() if name in left))
    found = replace(
        found,
        running=running,
        again=tuple(one for one in found.again if one.story.canonical not in published),
    )
    return replace(found, stories=_without(stories, found))


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


def _without(stories: Sequence[Story], found: Comparison) -> Sequence[Story]:
    left_out = {one.story.canonical for one in found.made} | {one.story.canonical for one in found.running}
    return without(stories, left_out) if left_out else stories


def _published(settings: Settings, batch_id: str, stories: Sequence[Story]) -> dict[str, BeingMade]:
    """Return the stories that a batch of this machine has published lately, by canonical URL."""
    found: dict[str, BeingMade] = {}
    for path, age, state in read_recent(settings.state_dir / "journals", JOURNAL_COUNTS_S):
        header = state.header
        if header is None or header.batch_id == batch_id or header.namespace != settings.namespace:
            continue
        is_sent = state.positions.__contains__ if is_locked(path) else state.has_published
        identify = story_ids(header.batch_id)
        for number, canonical in enumerate(canonical_urls(stories)):
            if canonical not in found and is_sent(identify(canonical)):
                other = UnfinishedStory(canonical, header.batch_id, StoryStatus.QUEUED, None)
                found[canonical] = BeingMade(stories[number], other, age)
    return found


def _unknown_to(ledger: LedgerReader, published: Mapping[str, BeingMade]) -> dict[str, BeingMade]:
    """Return the stories of which the ledger has nothing yet; it knows whether the others have ended."""
    known: dict[str, frozenset[str]] = {}
    for other in {one.other.batch_id for one in published.values()}:
        try:
            known[other] = frozenset(ledger.batch(other).stories)
        except NoSuchBatchError:
            known[other] = frozenset()
    return {
        name: one
        for name, one in published.items()
        if story_id(one.other.batch_id, name) not in known[one.other.batch_id]
    }


def _is_made(settings: Settings, other: UnfinishedStory) -> bool:
    """Whether an unfinished story is queued or running, and was not left behind by a process that ended."""
    if other.made_by == GT_BATCH:
        return is_locked(batch_lock(settings.state_dir, other.batch_id))
    state = _journal(settings, other.batch_id)
    identity = story_id(other.batch_id, other.canonical)
    path = journal_path(settings.state_dir / "journals", other.batch_id)
    return state.has_published(identity) or identity not in state.positions or is_locked(path)


def _journal(settings: Settings, batch_id: str) -> JournalState:
    try:
        return read_state(journal_path(settings.state_dir / "journals", batch_id))
    except OSError:  # said when the journal is opened
        return JournalState()
