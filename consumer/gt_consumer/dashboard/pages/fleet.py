"""The workers and the fleet: who runs what, what waits, what is paused, and how fast it goes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.responses import JSONResponse

from gt_common.messaging.names import Names
from gt_consumer.control.status.queues import is_shown, purpose
from gt_consumer.dashboard.board import board_of, may_act
from gt_consumer.dashboard.rates import Sample
from gt_consumer.dashboard.rendering import render

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from gt_consumer.control.status.fleet import Fleet


async def show_workers(request: Request) -> Response:
    """Show which workers are alive, and what each runs."""
    fleet = await board_of(request).fleet.ready()
    return render(request, "workers.html.j2", fleet=fleet, trouble=board_of(request).fleet.trouble)


async def show_fleet(request: Request) -> Response:
    """Show queues, pauses, waits for providers and rates."""
    board = board_of(request)
    fleet = await board.fleet.ready()
    return render(
        request,
        "fleet.html.j2",
        fleet=fleet,
        trouble=board.fleet.trouble,
        queues=_queues(fleet) if fleet else [],
        rates=board.rates.per_minute(),
        paused=any(pause.batch_id is None for pause in fleet.paused) if fleet else False,
        acts=may_act(request),
    )


async def send_samples(request: Request) -> Response:
    """Send the samples for the curves, one list per name."""
    samples = list(board_of(request).rates.samples)
    names = Sample._fields
    columns = zip(*samples, strict=True) if samples else ((),) * len(names)
    return JSONResponse(dict(zip(names, map(list, columns), strict=True)))


def _queues(fleet: Fleet) -> list[tuple[str, int | None, int | None, str, str]]:
    """Return name, messages, consumers, what it is for and what is missing, of each queue worth showing."""
    names = Names(fleet.namespace)
    hints = {names.stories: "start gt-consume", names.ledger_queue: "start gt-aggregate"}
    rows = []
    for name, info in fleet.queues.items():
        if not is_shown(name, info, names):
            continue
        text = purpose(name, names) + ("; see gt-doctor" if name == names.results_dlq else "")
        missing = hints.get(name, "") if info is not None and info.messages and not info.consumers else ""
        rows.append((name, info.messages if info else None, info.consumers if info else None, text, missing))
    return rows
