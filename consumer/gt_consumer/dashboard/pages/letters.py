"""Dead letters by cause, the newest of them, and those that were discarded."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from gt_common.lifecycle import StoryStatus
from gt_common.messages import utc_now
from gt_common.messaging.names import Names
from gt_common.report.advice import cure
from gt_consumer.dashboard.board import board_of, may_act
from gt_consumer.dashboard.orders import Target
from gt_consumer.dashboard.pages.query import text_of
from gt_consumer.dashboard.rendering import render
from gt_consumer.dashboard.selected import newest_letters
from gt_consumer.deadletters.ledger_view import KnownLetter
from gt_consumer.deadletters.selection import Selection, last_failure

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from gt_common.ledger.queries.letter_groups import LetterGroup
    from gt_common.ledger.reader import LedgerReader

LISTED: Final = 50
GROUPS: Final = 50
_Found = tuple[list["LetterGroup"], list[KnownLetter], int]


async def show_letters(request: Request) -> Response:
    """Show the dead letters that match, of one batch or of all; what is done here is done to all of them."""
    board, target = board_of(request), Target.of(request.query_params)
    groups, letters, count = await board.books.read(lambda ledger: _read(ledger, target.selection))
    fleet = board.fleet.latest
    queue = fleet.queues.get(Names(fleet.namespace).dlq) if fleet else None
    return render(
        request,
        "letters.html.j2",
        groups=groups[:GROUPS],
        others=max(0, len(groups) - GROUPS),
        advice={one.fingerprint: cure(one.failure, local=False) for one in groups[:GROUPS] if one.failure},
        letters=[(one.letter, one.when, last_failure(one.letter)) for one in letters],
        count=count,
        target=target,
        in_queue=None if queue is None or target.fields else queue.messages,
        acts=may_act(request),
    )


async def show_discarded(request: Request) -> Response:
    """Show the discarded dead letters and cancelled stories that can be restored."""
    batch = text_of(request, "batch") or None

    def read(ledger: LedgerReader) -> tuple[list[KnownLetter], int]:
        return newest_letters(ledger, StoryStatus.CANCELLED, Selection(batch=batch), LISTED)

    letters, count = await board_of(request).books.read(read)
    return render(
        request,
        "discarded.html.j2",
        letters=[(one.letter, one.event) for one in letters],
        count=count,
        batch=batch or "",
        today=utc_now(),
        acts=may_act(request),
    )


def _read(ledger: LedgerReader, selection: Selection) -> _Found:
    groups = ledger.letter_groups(selection.batch)
    letters, count = newest_letters(ledger, StoryStatus.FAILED, selection, LISTED)
    return groups, letters, count
