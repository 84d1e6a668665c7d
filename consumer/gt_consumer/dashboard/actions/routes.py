"""The pages on which operators act: a preview with its form, the order, and what became of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse

from gt_consumer.dashboard.actions.doing import Do, cancel_stories, change_letters, change_pause
from gt_consumer.dashboard.actions.preview import Preview, preview_cancel, preview_letters, preview_pause
from gt_consumer.dashboard.board import board_of, may_act, user_of
from gt_consumer.dashboard.orders import (
    LETTER_ACTIONS,
    Action,
    Target,
    action_of,
    cancel_order,
    check_target,
    letter_order,
    pause_order,
)
from gt_consumer.dashboard.rendering import render

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.requests import Request
    from starlette.responses import Response

    from gt_common.ledger.reader import LedgerReader
    from gt_common.settings import Settings


async def show_preview(request: Request) -> Response:
    """Show what an action would change, with the form that confirms it.

    Raises:
        HTTPException: there is no such action (404), or a reader may not (403)
        NoSuchBatchError, UsageError: there is no such batch or story
    """
    action = _allowed_action(request)
    target = Target.of(request.query_params)
    check_target(action, target)

    def look(ledger: LedgerReader) -> Preview:
        if action in LETTER_ACTIONS:
            return preview_letters(ledger, action, target)
        if action == "cancel":
            return preview_cancel(ledger, cancel_order(target, {}, user_of(request).name))
        return preview_pause(ledger, target)

    preview = await board_of(request).books.read(look)
    return render(request, "preview.html.j2", action=action, target=target, preview=preview)


async def take_order(request: Request) -> Response:
    """Start what the form orders, and lead to the page that shows how far it is; errors as `show_preview`."""
    action, board = _allowed_action(request), board_of(request)
    async with request.form(max_files=0, max_fields=20) as form:
        given = {name: value for name, value in form.items() if isinstance(value, str)}
    target, by = Target.of(given), user_of(request).name
    check_target(action, target)
    reason, do = _work_of(board.settings, action, target, given, by)
    work = board.desk.start(action, target, by, reason, do)
    return RedirectResponse(f"/work/{work.key}", 303)


def _work_of(
    settings: Settings, action: Action, target: Target, given: Mapping[str, str], by: str
) -> tuple[str | None, Do]:
    """Return the reason and the work of an order; for errors see `show_preview`."""
    if action in LETTER_ACTIONS:
        letters = letter_order(target, given, by)
        return letters.reason, change_letters(settings, action, letters)
    if action == "cancel":
        cancel = cancel_order(target, given, by)
        return cancel.reason, cancel_stories(settings, cancel)
    pause = pause_order(action, target, given, by)
    return pause.reason, change_pause(settings, pause)


async def show_works(request: Request) -> Response:
    """Show what was ordered since this dashboard runs."""
    return render(request, "works.html.j2", works=board_of(request).desk.latest)


async def show_work(request: Request) -> Response:
    """Show how far an order is, or how it ended.

    Raises:
        HTTPException: it is unknown (404)
    """
    work = board_of(request).desk.find(str(request.path_params["key"]))
    if work is None:
        raise HTTPException(404)
    return render(request, "work.html.j2", work=work, acts=may_act(request))


def _allowed_action(request: Request) -> Action:
    action = action_of(str(request.path_params["action"]))
    if action is None:
        raise HTTPException(404)
    if not may_act(request):
        raise HTTPException(403)
    return action
