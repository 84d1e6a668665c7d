"""Connections to the broker: hosts are tried in turn, errors are readable and contain no password.

Each user of a connection reconnects in its own loop instead of aio-pika's robust connections: see
docs/decisions/0003-own-reconnect-loop.md.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

from aio_pika.abc import AbstractChannel, AbstractConnection
from aio_pika.exceptions import (
    CONNECTION_EXCEPTIONS,
    AuthenticationError,
    ChannelClosed,
    IncompatibleProtocolError,
    ProbableAuthenticationError,
)
from aiormq.exceptions import AMQPError, ChannelAccessRefused
from pamqp.commands import Connection as Frames
from yarl import URL

from gt_common.errors import BrokerUnreachableError, CredentialsRefusedError, GossipToonError, UsageError
from gt_common.messaging.backoff import cancellations, is_own_cancellation
from gt_common.messaging.refusals import broker_words, is_no_access
from gt_common.messaging.tls import check_options, tls_error
from gt_common.messaging.transport import FollowedConnection, Handshake
from gt_common.settings import Settings

_VARIABLE = "GT_AMQP_URL"
_FORM = "write amqp://user@host:5672/vhost, the password after the user"
_ESCAPES = "in user name and password write @ as %40, : as %3A, / as %2F, ? as %3F and # as %23"
_NO_HOST = frozenset(", \t")
_START = "start one with `make broker` or set GT_AMQP_URL"
_CLOSE_S = 2.0
_ACCESS_REFUSED = 403
BROKER_ERRORS = (*CONNECTION_EXCEPTIONS, TimeoutError)


async def open_connection(settings: Settings, name: str) -> AbstractConnection:
    """Open a connection to the first broker of the list that accepts it.

    Parameters:
        name: shown in the broker's list of connections

    Raises:
        BrokerUnreachableError: no broker answers
        CredentialsRefusedError: a broker refuses user, password or virtual host
        UsageError: GT_AMQP_URL is not an AMQP URL
    """
    problems: list[GossipToonError] = []
    for text in settings.amqp_urls:
        url = parse_url(text)
        try:
            return await _open(url, settings, name)
        except GossipToonError as error:
            problems.append(error)
    if not problems:
        raise UsageError(f"{_VARIABLE} is empty; {_FORM}")
    refused = [error for error in problems if isinstance(error, CredentialsRefusedError)]
    raise refused[0] if refused else problems[0]


@asynccontextmanager
async def connect(settings: Settings, name: str) -> AsyncIterator[AbstractConnection]:
    """Open a connection for the duration of a block; see `open_connection`."""
    connection = await open_connection(settings, name)
    try:
        yield connection
    finally:
        await close_quietly(connection)


def is_alive(connection: AbstractConnection | None) -> bool:
    """Whether a connection is up; aio-pika's `is_closed` only reports a close by this side."""
    return connection is not None and connection.connected.is_set() and not connection.is_closed


async def close_quietly(
    closable: AbstractConnection | AbstractChannel | None, patience_s: float = _CLOSE_S
) -> bool:
    """Close a connection or channel that may be dead already.

    Parameters:
        patience_s: seconds to wait for the handshake

    Returns:
        False if a channel's close was given up: its connection must not be used any more, because another
        close of the half-closed channel would make the broker end the connection
    """
    if closable is None or closable.is_closed:
        return True
    with contextlib.suppress(*BROKER_ERRORS), honest_losses():
        async with asyncio.timeout(patience_s) as bound:
            await closable.close()
    return not bound.expired()


def parse_url(text: str) -> URL:
    """Check one URL of GT_AMQP_URL.

    Raises:
        UsageError: it is invalid; the message never contains the password
    """
    try:
        url = URL(text)
        port = url.port
    except (ValueError, IndexError):  # yarl 1.24 raises IndexError for some brackets
        raise UsageError(f"GT_AMQP_URL is not a URL; {_ESCAPES}") from None
    if url.scheme not in {"amqp", "amqps"} or not url.host:
        raise UsageError(f"GT_AMQP_URL must be amqp:// or amqps://, not {url.scheme or '?'}://…; {_FORM}")
    if any("@" in part for part in (url.host, url.path, url.raw_query_string, url.raw_fragment)):
        raise UsageError(f"GT_AMQP_URL has more than one @; {_ESCAPES}")
    if not _NO_HOST.isdisjoint(url.host) or "://" in url.path:
        raise UsageError(
            f"GT_AMQP_URL: invalid host name or virtual host; {_FORM}; separate several URLs by commas"
        )
    check_options(url)
    return url if port else url.with_port(5671 if url.scheme == "amqps" else 5672)


def check_urls(settings: Settings, variable: str = _VARIABLE) -> None:
    """Check the URLs of all brokers, without connecting to one.

    Parameters:
        variable: where they come from

    Raises:
        UsageError: one is invalid, or there is none
    """
    if not settings.amqp_urls:
        raise UsageError(f"{variable} is empty; {_FORM}")
    for text in settings.amqp_urls:
        try:
            parse_url(text)
        except UsageError as error:
            raise UsageError(str(error).replace(_VARIABLE, variable)) from None


def say_url(url: URL) -> str:
    """Format a broker's URL without its password."""
    user = f"{url.user}@" if url.user else ""
    return f"{url.scheme}://{user}{url.host}:{url.port}{url.path}"


@contextmanager
def honest_losses() -> Iterator[None]:
    """Turn what aiormq raises when a connection is lost during a call into a ConnectionError.

    A waiting call ends with a bare CancelledError if the peer stopped answering, and with a bare Exception if
    the connection is lost between two frames. And a cancellation that comes at the moment of a loss is given
    out as the error of the loss, or as none (aiormq 7.2.4, findings/cancellation-lost-with-the-channel.sh);
    here it stays a CancelledError, without which a time limit around the call would never end it.
    """
    before = cancellations()
    try:
        yield
    except asyncio.CancelledError:
        if is_own_cancellation():
            raise
        raise ConnectionResetError("the broker stopped answering") from None
    except Exception as error:
        if cancellations() > before:
            raise asyncio.CancelledError from error
        if type(error) is not Exception:
            raise
        raise ConnectionResetError("the connection was lost during a call") from None
    if cancellations() > before:
        raise asyncio.CancelledError


@contextmanager
def plain_errors(what: str) -> Iterator[None]:
    """Turn the client library's errors into errors of the project.

    Parameters:
        what: the failed action, such as "inspect the queue gt.dlq"
    """
    try:
        with honest_losses():
            yield
    except ChannelAccessRefused as error:
        raise CredentialsRefusedError(
            f"could not {what}: the user lacks permission ({broker_words(error)})"
        ) from None
    except (ChannelClosed, *BROKER_ERRORS) as error:
        raise BrokerUnreachableError(f"could not {what}: {broker_words(error)}") from None


async def _open(url: URL, settings: Settings, name: str) -> AbstractConnection:
    handshake = Handshake(settings.connect_timeout)
    connection = FollowedConnection(
        url.update_query(heartbeat=settings.heartbeat),
        client_properties={"connection_name": name},
        transport_factory=handshake,
    )
    connection.tap = handshake.tap
    try:
        with _plain_connect_errors(say_url(url), settings.connect_timeout, handshake):
            async with handshake.timeout():
                await connection.connect()
    finally:
        handshake.end()
        # Otherwise a connection that was never up tries to close itself when it is garbage-collected.
        if not is_alive(connection):
            await connection.close()
    return connection


@contextmanager
def _plain_connect_errors(at: str, seconds: float, handshake: Handshake) -> Iterator[None]:
    try:
        with honest_losses():
            yield
    except (*BROKER_ERRORS, AMQPError) as error:
        refusal = handshake.refusal()
        raise (_refused(at, refusal) if refusal else _not_connected(error, at, seconds)) from None


def _refused(at: str, refusal: Frames.Close) -> GossipToonError:
    """Return the error for a connection that the broker itself closed, with its words."""
    said = " ".join(refusal.reply_text.split())
    if refusal.reply_code == _ACCESS_REFUSED:
        return CredentialsRefusedError(
            f"the broker at {at} refused the user name or password ({said}); check GT_AMQP_URL"
        )
    if is_no_access(said):
        return CredentialsRefusedError(
            f"the broker at {at} refused the virtual host: it does not exist or the user has no access to it "
            f"({said}); check the path in GT_AMQP_URL"
        )
    return BrokerUnreachableError(f"the broker at {at} refused the connection: {said}")


def _not_connected(error: BaseException, at: str, seconds: float) -> GossipToonError:
    match error:
        case ProbableAuthenticationError():
            return CredentialsRefusedError(
                f"the broker at {at} refused the user name or password; check GT_AMQP_URL"
            )
        case AuthenticationError():
            return CredentialsRefusedError(f"the broker at {at} offers no known way to log in ({error})")
        case IncompatibleProtocolError():
            return BrokerUnreachableError(f"the server at {at} does not speak AMQP 0-9-1")
        case TimeoutError():
            return BrokerUnreachableError(
                f"the broker at {at} did not answer within {seconds:g} s; check GT_AMQP_URL"
            )
        case _:
            # A TLS listener closes the connection or answers with an alert, which is not a complete frame.
            hung_up = isinstance(error.__cause__, (ConnectionResetError, asyncio.IncompleteReadError))
            tls = "; a TLS port needs amqps://" if hung_up and at.startswith("amqp://") else ""
            return tls_error(error, at) or BrokerUnreachableError(
                f"no broker answers at {at} ({broker_words(error)}); {_START}{tls}"
            )
