"""The list of batches."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gt_common.ledger.queries.pages import BatchFilter
from gt_consumer.dashboard.board import board_of
from gt_consumer.dashboard.pages.query import page_of, tags_of, text_of
from gt_consumer.dashboard.rendering import PAGE, render

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

STATES = ("open", "paused", "done", "done_with_failures")


async def show_batches(request: Request) -> Response:
    """Show the batches that match the search, newest first."""
    tags, state = tags_of(request), text_of(request, "state")
    wanted = BatchFilter(text_of(request, "q"), tags, state if state in STATES else "")
    page = page_of(request)
    skip = (page - 1) * PAGE
    found = await board_of(request).books.read(lambda ledger: ledger.batch_page(wanted, skip, PAGE + 1))
    return render(
        request,
        "batches.html.j2",
        batches=found[:PAGE],
        more=len(found) > PAGE,
        page=page,
        wanted=wanted,
        tags=[f"{key}={value}" for key, value in tags.items()],
        states=STATES,
    )
