"""gt-dashboard: check who may come in, take the port, print the address, serve until it is stopped."""

from __future__ import annotations

import asyncio
import errno
import secrets
import socket
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from gt_common.cli.app import print_lenient
from gt_common.cli.operator import operator
from gt_common.cli.signals import run_until_stopped
from gt_common.errors import ExitCode, UsageError
from gt_consumer.dashboard.addresses import is_loopback

if TYPE_CHECKING:
    from pydantic import SecretStr

    from gt_common.settings import Settings
    from gt_consumer.dashboard.access import Doors
    from gt_consumer.dashboard.board import Board

_LEAST: Final = 8
"""Characters of a password, at least."""


@dataclass(frozen=True)
class Request:
    """What the command line asks for.

    Parameters:
        port: 0 for a free one
        trust_header: the header by which a proxy names the user; None without one
    """

    host: str
    port: int
    read_only: bool
    trust_header: str | None


def serve(settings: Settings, request: Request) -> int:
    """Serve the dashboard until it is stopped; return the exit code.

    Raises:
        UsageError: a setting is wrong, others could reach it without a login, a password is too short, the
            port is taken, or the extra is missing
    """
    check_extra()
    check_addresses(settings)
    local = is_loopback(request.host)
    doors = make_doors(settings, request, local=local)
    with take_port(request.host, request.port) as listening:
        port: int = listening.getsockname()[1]
        print_lenient(address(request.host, port, doors.token))
        print(f"gt-dashboard: {said_doors(doors)}; Ctrl-C stops it", file=sys.stderr, flush=True)
        return run_until_stopped(serve_on(listening, settings, doors, local=local))


def check_extra() -> None:
    """Check that the libraries are installed.

    Raises:
        UsageError: one is not
    """
    try:
        import jinja2  # noqa: F401 - whether it is there
        import python_multipart  # noqa: F401
        import sse_starlette  # noqa: F401
        import starlette  # noqa: F401
        import uvicorn  # noqa: F401
    except ModuleNotFoundError as error:
        raise UsageError(
            f"gt-dashboard needs the extra [dashboard] ({error.name} is missing): pip install "
            "'gt-consumer[dashboard]'"
        ) from None


def check_addresses(settings: Settings) -> None:
    """Check the addresses of broker and ledger; neither is asked, because the page outlives both.

    Raises:
        UsageError: one is wrong, which no waiting would heal
    """
    from gt_common.ledger.address import parse_address
    from gt_common.messaging.connection import check_urls

    parse_address(settings.ledger)
    check_urls(settings)
    if settings.dashboard_amqp_url is not None:
        check_urls(settings.watching, "GT_DASHBOARD_AMQP_URL")


def make_doors(settings: Settings, request: Request, *, local: bool) -> Doors:
    """Return the ways in.

    Parameters:
        local: whether only this machine can reach the page

    Raises:
        UsageError: there would be none for others on the network, or a password is too short
    """
    from gt_consumer.dashboard.access import Doors

    password = _password(settings.dashboard_password, "GT_DASHBOARD_PASSWORD")
    reader = _password(settings.dashboard_reader_password, "GT_DASHBOARD_READER_PASSWORD")
    header = request.trust_header
    if header is not None and not header.replace("-", "").isalnum():
        raise UsageError(f"--trust-header {header!r} is not the name of a header, such as X-Forwarded-User")
    if password is not None and password == reader:
        raise UsageError("GT_DASHBOARD_PASSWORD and GT_DASHBOARD_READER_PASSWORD must differ")
    if not local and header is None and password is None and not (request.read_only and reader):
        raise UsageError(
            f"--host {request.host} can be reached by others: set GT_DASHBOARD_PASSWORD (and, for those "
            "who only look, GT_DASHBOARD_READER_PASSWORD), or --trust-header behind a proxy with a login"
        )
    return Doors(
        operator=operator(),
        token=secrets.token_urlsafe(32) if local and header is None else None,
        password=password,
        reader_password=reader,
        header=header,
        read_only=request.read_only,
    )


def _password(given: SecretStr | None, name: str) -> str | None:
    if given is None:
        return None
    password = given.get_secret_value()
    if len(password) < _LEAST:
        raise UsageError(f"{name} is too short: at least {_LEAST} characters")
    return password


def take_port(host: str, port: int) -> socket.socket:
    """Return a socket that listens.

    Raises:
        UsageError: the port is taken or not permitted, or this machine does not have the address
    """
    try:
        [family, *_], *_ = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        return socket.create_server((host, port), family=family, backlog=128)
    except socket.gaierror:
        raise UsageError(f"--host {host!r} is not an address of this machine") from None
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            said = f"port {port} is taken by another program; choose another one with --port"
        elif error.errno == errno.EACCES:
            said = f"port {port} may not be used by this user; choose one from 1024"
        else:
            said = f"--host {host} cannot be used: {error.strerror or error}"
        raise UsageError(said) from None


def address(host: str, port: int, token: str | None) -> str:
    """Return the address of the first page, with the token that lets its reader in."""
    name = f"[{host}]" if ":" in host else host
    return f"http://{name}:{port}/" + (f"?token={token}" if token else "")


def said_doors(doors: Doors) -> str:
    """Return who can use the page, in words."""
    if doors.header is not None:
        return f"users are those that the header {doors.header} names; only a proxy may reach this port"
    if doors.token is None:
        return "users log in with a password"
    return "everybody with this address can look" + ("" if doors.read_only else " and act")


async def serve_on(listening: socket.socket, settings: Settings, doors: Doors, *, local: bool) -> int:
    """Serve on a socket until this is cancelled.

    Parameters:
        local: whether only this machine can reach it
    """
    from gt_consumer.dashboard.app import make_app
    from gt_consumer.dashboard.server import make_server

    board = make_board(settings, doors, port=listening.getsockname()[1], local=local)
    server = make_server(make_app(board))
    serving = asyncio.create_task(server.serve(sockets=[listening]))
    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(board.live.run()), group.create_task(board.fleet.run())]
            await asyncio.shield(serving)
            for task in tasks:
                task.cancel()
    finally:
        board.live.close()
        server.should_exit = True
        await board.desk.close()
        await serving
        await board.metrics.aclose()
        board.books.close()
    return ExitCode.DONE


def make_board(settings: Settings, doors: Doors, *, port: int, local: bool) -> Board:
    """Return what the handlers of requests share."""
    from gt_common.metrics.fleet import FleetMetrics
    from gt_consumer.dashboard.access import Access
    from gt_consumer.dashboard.board import Board
    from gt_consumer.dashboard.books import Books
    from gt_consumer.dashboard.desk import Desk
    from gt_consumer.dashboard.fleet import FleetWatch
    from gt_consumer.dashboard.live import Live
    from gt_consumer.dashboard.rates import Rates

    books, rates, watching = Books(settings), Rates(), settings.watching
    live = Live(watching, books, rates)
    fleet = FleetWatch(watching, live, rates)
    return Board(
        settings=settings,
        # Cookies do not know ports, so two dashboards of one machine need two names.
        access=Access(doors, f"gt_dashboard_{port}"),
        books=books,
        live=live,
        fleet=fleet,
        rates=rates,
        desk=Desk(lambda: live.changed(fleet=True)),
        metrics=FleetMetrics(watching, "gt-dashboard", fleet.slots),
        local=local,
    )
