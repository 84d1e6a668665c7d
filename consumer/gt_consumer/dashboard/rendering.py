"""Renders the templates, which share their look and their parts with the HTML report."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Final

from starlette.responses import HTMLResponse

from gt_common.durations import say_duration
from gt_common.messages import utc_now
from gt_common.money import as_number, format_money
from gt_common.report import view
from gt_common.report.timeline import LABEL, WIDTH
from gt_common.texts import by_whom, one_line, plural, utc_text
from gt_consumer.dashboard.addresses import batch_href, story_href, with_query
from gt_consumer.dashboard.board import USER, board_of
from gt_consumer.dashboard.guard import NONCE

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from jinja2 import Environment
    from starlette.requests import Request

PAGE: Final = 100
"""Rows of a page."""


def render(
    request: Request,
    template: str,
    *,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
    **shown: object,
) -> HTMLResponse:
    """Render a page.

    Parameters:
        shown: what the template shows, by name
    """
    board = board_of(request)
    context = {
        "user": request.scope.get(USER),
        "nonce": request.scope[NONCE],
        "here": request.url.path,
        "broker_trouble": board.live.broker_trouble,
        "ledger_trouble": board.live.ledger_trouble,
        "read_only": board.access.reads_only,
        "passwords": board.access.takes_passwords,
        "namespace": board.settings.namespace,
        "currency": board.settings.currency,
        "now": utc_now(),
        **shown,
    }
    text = _environment().get_template(template).render(context)
    return HTMLResponse(text, status, headers)


def _money(amount: int | None, currency: str) -> str:
    return "" if amount is None else format_money(as_number(amount) or 0.0, currency).strip()


def _ago(when: datetime | None) -> str:
    return view.ago(when, utc_now()) if when else ""


def _clock(when: datetime) -> str:
    return f"{when.astimezone():%Y-%m-%d %H:%M:%S}"


@cache
def _environment() -> Environment:
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.ChoiceLoader(
            [jinja2.PackageLoader("gt_consumer.dashboard"), jinja2.PackageLoader("gt_common.report")]
        ),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    environment.globals |= {
        "view": view,
        "width": WIDTH,
        "label": LABEL,
        "batch_href": batch_href,
        "story_href": story_href,
        "with_query": with_query,
        "plural": plural,
        "by_whom": by_whom,
        "page_size": PAGE,
    }
    environment.filters |= {
        "ago": _ago,
        "clock": _clock,
        "utc": utc_text,
        "seconds": say_duration,
        "money": _money,
        "line": one_line,
    }
    return environment
