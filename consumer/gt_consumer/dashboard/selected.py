"""The newest of some dead letters, and how many there are, without reading the others where possible."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gt_common.lifecycle import StoryStatus
from gt_consumer.deadletters.ledger_view import KnownLetter, LetterPages, known_letter
from gt_consumer.deadletters.selection import Selection

if TYPE_CHECKING:
    from gt_common.ledger.reader import LedgerReader


def newest_letters(
    ledger: LedgerReader, status: StoryStatus, selection: Selection, limit: int
) -> tuple[list[KnownLetter], int]:
    """Return the newest selected letters, and how many are selected altogether.

    Parameters:
        status: `failed` or `cancelled`
    """
    group = selection.group
    if status is not StoryStatus.FAILED or selection != Selection(batch=selection.batch, group=group):
        return LetterPages(ledger, status, selection).first(limit, lambda one: one)
    keys = ledger.letter_keys(status, batch_id=selection.batch, group=group)
    shown = [(batch, story) for batch, story, _ in keys[:limit]]
    current = ledger.current(shown)
    found = (known_letter(current[key]) for key in shown if key in current)
    return [known for known in found if known], len(keys)
