"""What gt-produce leaves out of a list, as far as the ledger and the journals of this machine can tell."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Final

from gt_common.batches import batch_lock
from gt_common.cli.listing import say
from gt_common.cli.planning import lock_planning
from gt_common.errors import GossipToonError, NoSuchBatchError
from gt_common.files import is_locked, make_state_folder
from gt_common.ledger import ledger_is_there, read_ledger
from gt_common.ledger.earlier import BeingMade, Comparison, Rule, compare, video_was_removed
from gt_common.ledger.ledger import LedgerReader
from gt_common.ledger.views import UnfinishedStory
from gt_common.lifecycle import StoryStatus
from gt_common.messages import GT_BATCH
from gt_common.settings import Settings
from gt_common.stories import Story, story_id
from gt_producer.produce.journal_state import JournalState, journal_path, read_recent, read_state

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


def compare_list(
    settings: Settings, batch_id: str, stories: Sequence[Story], *, skip_changed: bool
) -> Comparison:
    """Compare a list with other batches; without a readable ledger only the journals of this machine count.

    The orchestrator is not compared, because only the workers know theirs; nor does a missing folder count as
    a missing video, because the workers may be other machines.
    """
    known = _journal(settings, batch_id).positions
    new = [story for story in stories if story_id(batch_id, story.canonical) not in known]
    published = _published(settings, batch_id, new)
    rule = Rule(batch_id, None, video_was_removed, lambda other: _is_made(settings, other), skip_changed)
    found = Comparison(tuple(new))
    try:
        if ledger_is_there(settings.ledger):
            with read_ledger(settings.ledger, timeout=settings.connect_timeout) as ledger:
                found = compare(ledger, new, rule)
                published = _unknown_to(ledger, published)
    except GossipToonError as error:
        say(f"warning: stories that are already made are not left out, the ledger cannot be read: {error}")
        found = Comparison(tuple(new))
    left = {story.canonical for story in found.stories}
    running = (*found.running, *(one for name, one in published.items() if name in left))
    found = replace(
        found,
        running=running,
        again=tuple(one for one in found.again if one.story.canonical not in published),
    )
    return replace(found, stories=_without(stories, found))


def _without(stories: Iterable[Story], found: Comparison) -> tuple[Story, ...]:
    left_out = {one.story.canonical for one in found.made} | {one.story.canonical for one in found.running}
    return tuple(story for story in stories if story.canonical not in left_out)


def _published(settings: Settings, batch_id: str, stories: Sequence[Story]) -> dict[str, BeingMade]:
    """Return the stories that a batch of this machine has published lately, by canonical URL."""
    found: dict[str, BeingMade] = {}
    for path, age, state in read_recent(settings.state_dir / "journals", JOURNAL_COUNTS_S):
        header = state.header
        if header is None or header.batch_id == batch_id or header.namespace != settings.namespace:
            continue
        sent = state.positions.keys() if is_locked(path) else state.confirmed
        for story in stories:
            if story.canonical not in found and story_id(header.batch_id, story.canonical) in sent:
                other = UnfinishedStory(story.canonical, header.batch_id, StoryStatus.QUEUED, None)
                found[story.canonical] = BeingMade(story, other, age)
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
    return identity in state.confirmed or identity not in state.positions or is_locked(path)


def _journal(settings: Settings, batch_id: str) -> JournalState:
    try:
        return read_state(journal_path(settings.state_dir / "journals", batch_id))
    except OSError:  # said when the journal is opened
        return JournalState()
