"""One batch: its progress, causes of failure, timeline and stories."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from gt_common.ledger.find_batch import check_known
from gt_common.ledger.queries.pages import StoryFilter
from gt_common.lifecycle import BatchPhase, StoryStatus
from gt_common.messages import is_local, utc_now
from gt_common.report import view
from gt_common.report.building import screenful_of
from gt_common.report.eta import say_range
from gt_common.report.latest_attempts import LatestAttempts
from gt_common.report.page_rows import page_row
from gt_common.report.rows import row_of
from gt_common.report.timeline import lay_out
from gt_consumer.dashboard.board import board_of, may_act
from gt_consumer.dashboard.pages.query import page_of, text_of
from gt_consumer.dashboard.rendering import PAGE, render

if TYPE_CHECKING:
    from collections.abc import Sequence

    from starlette.requests import Request
    from starlette.responses import Response

    from gt_common.ledger import AttemptSpan
    from gt_common.ledger.overview import Memory, Overview
    from gt_common.ledger.reader import LedgerReader
    from gt_common.lifecycle import StoryState

SAMPLE: Final = 100
"""Stories of each status from which pace and workers are taken."""
WHOLE: Final = 200
"""Stories up to which the timeline has every attempt; of more it has the latest ones."""
BARS: Final = 200


@dataclass(frozen=True)
class _Found:
    """What the page shows, all read at once.

    Parameters:
        spans: the attempts; None if the timeline takes the latest ones from the overview
        stories: a page of them, and one more if there is another page
    """

    overview: Overview
    spans: Sequence[AttemptSpan] | None
    stories: list[StoryState]


async def show_batch(request: Request) -> Response:
    """Show a batch with a page of its stories.

    Raises:
        NoSuchBatchError: the ledger does not know it
    """
    board, batch_id = board_of(request), str(request.path_params["batch_id"])
    wanted, page = _wanted(request), page_of(request)
    found = await board.books.read(lambda ledger: _read(ledger, board.memory, batch_id, wanted, page))
    now = utc_now().astimezone()
    shown = screenful_of(found.overview, now, board.settings.currency)
    head, around = shown.head, shown.around
    latest = LatestAttempts(found.spans)
    rows = [(story, row_of(story, now)) for story in found.overview.stories]
    for story, row in rows:
        latest.add(story, row)
    spans = sorted(latest.spans(), key=lambda span: span.started_at)
    return render(
        request,
        "batch.html.j2",
        report=head,
        around=around,
        facts=view.facts(head, around, view.opened_utc(head)),
        left=f"{say_range(around.eta)} left" if around.eta else _no_estimate(head.state, found.overview),
        advice={group.fingerprint: view.next_step(group, head, around) for group in head.failure_groups},
        timeline=lay_out(spans[-BARS:], latest.names, now),
        timeline_of=BARS if len(spans) > BARS or (latest.partly and spans) else 0,
        rows=[page_row(row_of(story, now), None) for story in found.stories[:PAGE]],
        more=len(found.stories) > PAGE,
        page=page,
        wanted=wanted,
        statuses=[status.value for status in StoryStatus],
        local=is_local(found.overview.head.opened),
        acts=may_act(request),
        over=head.state is not BatchPhase.OPEN,
    )


def _wanted(request: Request) -> StoryFilter:
    wanted = StoryFilter(text=text_of(request, "q"), group=text_of(request, "group"))
    status = text_of(request, "status")
    known = {one.value for one in StoryStatus}
    return replace(wanted, status=StoryStatus(status)) if status in known else wanted


def _read(ledger: LedgerReader, memory: Memory, batch_id: str, wanted: StoryFilter, page: int) -> _Found:
    check_known(ledger, batch_id)
    overview = ledger.overview(batch_id, sample=SAMPLE, memory=memory)
    spans = ledger.attempts(batch_id) if overview.total <= WHOLE else None
    stories = ledger.story_page(batch_id, wanted, (page - 1) * PAGE, PAGE + 1)
    return _Found(overview, spans, stories)


def _no_estimate(state: BatchPhase, overview: Overview) -> str:
    """Return why there is no time left to tell, where a reader would look for one."""
    if state is not BatchPhase.OPEN:
        return ""
    return "" if overview.paused else "time left not known yet"
