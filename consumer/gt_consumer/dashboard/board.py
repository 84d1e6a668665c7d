"""What the handlers of requests share."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, cast

from gt_common.ledger.overview import Memory
from gt_consumer.dashboard.access import Role, User

if TYPE_CHECKING:
    from starlette.requests import Request

    from gt_common.metrics.fleet import FleetMetrics
    from gt_common.settings import Settings
    from gt_consumer.dashboard.access import Access
    from gt_consumer.dashboard.books import Books
    from gt_consumer.dashboard.desk import Desk
    from gt_consumer.dashboard.fleet import FleetWatch
    from gt_consumer.dashboard.live import Live
    from gt_consumer.dashboard.rates import Rates

USER: Final = "gt_user"
"""Key of the user in a request's scope."""


@dataclass(frozen=True)
class Board:
    """What the handlers of requests share.

    Parameters:
        memory: what was read of batches for the pages before
        local: whether only this machine can reach it
    """

    settings: Settings
    access: Access
    books: Books
    live: Live
    fleet: FleetWatch
    rates: Rates
    desk: Desk
    metrics: FleetMetrics
    local: bool
    memory: Memory = field(default_factory=Memory)


def board_of(request: Request) -> Board:
    """Return what the handlers of requests share."""
    return cast("Board", request.app.state.board)


def user_of(request: Request) -> User:
    """Return who sends a request; without a login nobody gets as far as a handler that asks."""
    return cast("User", request.scope[USER])


def may_act(request: Request) -> bool:
    """Whether the user who sends a request may change something."""
    return user_of(request).role is Role.OPERATOR
