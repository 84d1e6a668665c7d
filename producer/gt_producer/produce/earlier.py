"""What gt-produce leaves out of a list, as far as the ledger and the journals of this machine can tell."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from gt_common.batches import batch_lock
from gt_common.cli.listing import say
from gt_common.errors import GossipToonError
from gt_common.files import is_locked
from gt_common.ledger import ledger_is_there, read_ledger
from gt_common.ledger.earlier import Comparison, Rule, compare, video_was_removed
from gt_common.ledger.views import UnfinishedStory
from gt_common.messages import GT_BATCH
from gt_common.settings import Settings
from gt_common.stories import Story, story_id
from gt_producer.produce.journal_state import JournalState, journal_path, read_state


def compare_list(
    settings: Settings, batch_id: str, stories: Sequence[Story], *, skip_changed: bool
) -> Comparison:
    """Compare a list with other batches; without a readable ledger nothing is left out.

    The orchestrator is not compared, because only the workers know theirs; nor does a missing folder count as
    a missing video, because the workers may be other machines.
    """
    known = _journal(settings, batch_id).positions
    new = [story for story in stories if story_id(batch_id, story.canonical) not in known]
    rule = Rule(batch_id, None, video_was_removed, lambda other: _is_made(settings, other), skip_changed)
    try:
        if not ledger_is_there(settings.ledger):
            return Comparison(tuple(stories))
        with read_ledger(settings.ledger, timeout=settings.connect_timeout) as ledger:
            found = compare(ledger, new, rule)
    except GossipToonError as error:
        say(f"warning: stories that are already made are not left out, the ledger cannot be read: {error}")
        return Comparison(tuple(stories))
    return replace(found, stories=_without(stories, found))


def _without(stories: Iterable[Story], found: Comparison) -> tuple[Story, ...]:
    left_out = {one.story.canonical for one in found.made} | {one.story.canonical for one in found.running}
    return tuple(story for story in stories if story.canonical not in left_out)


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
