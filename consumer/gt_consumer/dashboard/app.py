"""The web application: which address leads where, and how errors are shown."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from sse_starlette import EventSourceResponse
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.responses import FileResponse, JSONResponse, RedirectResponse
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

import gt_common.report
from gt_common.errors import ExitCode, GossipToonError
from gt_common.log import get_logger
from gt_common.redaction import redact
from gt_consumer.dashboard import api, login
from gt_consumer.dashboard.actions import routes as actions
from gt_consumer.dashboard.board import Board, board_of
from gt_consumer.dashboard.guard import Guard
from gt_consumer.dashboard.pages.batch import show_batch
from gt_consumer.dashboard.pages.batches import show_batches
from gt_consumer.dashboard.pages.fleet import send_samples, show_fleet, show_workers
from gt_consumer.dashboard.pages.letters import show_discarded, show_letters
from gt_consumer.dashboard.pages.story import show_story
from gt_consumer.dashboard.rendering import render
from gt_consumer.dashboard.videos import send_file

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

log = get_logger("dashboard")

_STATIC: Final = Path(__file__).parent / "static"
_LOOK: Final = Path(gt_common.report.__file__).parent / "templates" / "look.css"
_REVALIDATE: Final = {"cache-control": "no-cache"}
_PING_S: Final = 15
_STATUS: Final = {
    ExitCode.NO_SUCH_BATCH: 404,
    ExitCode.USAGE: 400,
    ExitCode.UNREACHABLE: 503,
    ExitCode.CREDENTIALS: 503,
}


def make_app(board: Board) -> Guard:
    """Return the application."""
    app = Starlette(
        routes=[*_pages(), *_acts(), *_data()],
        middleware=[Middleware(login.RequireUser)],
        exception_handlers={
            GossipToonError: _show_error,
            HTTPException: _show_http_error,
            Exception: _show_crash,
        },
    )
    app.state.board = board
    return Guard(app, local=board.local)


def _pages() -> list[Route]:
    story = "/batches/{batch_id}/stories/{story_id}"
    return [
        Route("/", _go_to_batches),
        Route("/batches", show_batches),
        Route("/batches/{batch_id}", show_batch),
        Route(story, show_story),
        Route(story + "/{kind:str}", send_file),
        Route("/dead-letters", show_letters),
        Route("/dead-letters/discarded", show_discarded),
        Route("/workers", show_workers),
        Route("/fleet", show_fleet),
        Route("/login", login.show_login),
        Route("/login", login.take_login, methods=["POST"]),
        Route("/logout", login.log_out, methods=["POST"]),
    ]


def _acts() -> list[Route]:
    return [
        Route("/actions/{action}", actions.show_preview),
        Route("/actions/{action}", actions.take_order, methods=["POST"]),
        Route("/work", actions.show_works),
        Route("/work/{key}", actions.show_work),
    ]


def _data() -> list[Route | Mount]:
    return [
        Route("/api/batches", api.send_batches),
        Route("/api/batches/{batch_id}", api.send_batch),
        Route("/api/samples", send_samples),
        Route("/events", _send_events),
        Route("/metrics", api.send_metrics),
        Route("/healthz", api.say_healthy),
        Route("/static/look.css", _send_look),
        Mount("/static", _Files(directory=_STATIC)),
    ]


class _Files(StaticFiles):
    """Files of the page; browsers ask whether theirs are still the same, so that an upgrade is seen."""

    def file_response(self, *given: object, **named: object) -> Response:
        """Return a file."""
        response = super().file_response(*given, **named)  # type: ignore[arg-type]  # as they came
        response.headers.update(_REVALIDATE)
        return response


async def _go_to_batches(_: Request) -> Response:
    return RedirectResponse("/batches", 303)


async def _send_look(_: Request) -> Response:
    return FileResponse(_LOOK, media_type="text/css", headers=_REVALIDATE)


async def _send_events(request: Request) -> Response:
    return EventSourceResponse(board_of(request).live.messages(), ping=_PING_S)


async def _show_error(request: Request, error: Exception) -> Response:
    code = error.exit_code if isinstance(error, GossipToonError) else ExitCode.SOME_FAILED
    return _say_error(request, _STATUS.get(code, 500), redact(str(error)))


async def _show_http_error(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    said = {
        404: "There is no such page, or what it was about is gone.",
        403: "You may look, but not do this.",
    }
    return _say_error(request, status, said.get(status, "This is not possible here."))


async def _show_crash(request: Request, error: Exception) -> Response:
    log.error("request_failed", path=request.url.path, exc_info=error)
    return _say_error(request, 500, "This page could not be made; the dashboard's log says why.")


def _say_error(request: Request, status: int, text: str) -> Response:
    if request.url.path.startswith("/api/"):
        return JSONResponse({"error": text}, status)
    return render(request, "error.html.j2", status=status, code=status, text=text)
