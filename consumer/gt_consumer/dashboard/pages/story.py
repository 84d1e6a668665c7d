"""One story: its attempts with their errors, what it has cost, and its video."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gt_common.errors import NoSuchBatchError
from gt_common.ledger.find_batch import check_known
from gt_common.messages import is_local, utc_now
from gt_common.report import view
from gt_common.report.advice import cure
from gt_common.report.links import story_href
from gt_common.report.rows import row_of
from gt_consumer.dashboard.board import board_of, may_act
from gt_consumer.dashboard.pages.moments import moments
from gt_consumer.dashboard.rendering import render
from gt_consumer.dashboard.videos import find_video

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from gt_common.ledger.queries.batches import BatchHead
    from gt_common.ledger.reader import LedgerReader
    from gt_common.lifecycle import StoryState
    from gt_common.messages import Event


async def show_story(request: Request) -> Response:
    """Show a story.

    Raises:
        NoSuchBatchError: the ledger does not know the batch or the story
    """
    board = board_of(request)
    batch_id, story_id = (str(request.path_params[name]) for name in ("batch_id", "story_id"))
    head, state, events = await board.books.read(lambda ledger: _read(ledger, batch_id, story_id))
    row = row_of(state, utc_now().astimezone())
    video = find_video(board.settings, batch_id, state.event)
    return render(
        request,
        "story.html.j2",
        batch_id=batch_id,
        batch_name=(head.opened.name if head.opened else None) or batch_id,
        row=row,
        title=view.story_label(row),
        link=story_href(row.url),
        moments=[*moments(events)][::-1],
        costs=[
            (*run, provider, amount)
            for run, spent in sorted(state.costs.runs.items())
            for provider, amount in spent.items()
        ],
        cost=state.cost,
        wasted=state.cost_wasted,
        video=video,
        advice=cure(row.failure, local=is_local(head.opened)) if row.failure else None,
        local=is_local(head.opened),
        acts=may_act(request),
    )


def _read(ledger: LedgerReader, batch_id: str, story_id: str) -> tuple[BatchHead, StoryState, list[Event]]:
    check_known(ledger, batch_id)
    states = ledger.stories(batch_id, [story_id])
    if not states:
        raise NoSuchBatchError(f"batch {batch_id} has no story {story_id!r} in the ledger")
    return ledger.head(batch_id), states[0], ledger.story_events(batch_id, story_id)
