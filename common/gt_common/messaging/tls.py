"""TLS to the broker: options of its URL, and readable errors."""

from __future__ import annotations

import os
import ssl
from pathlib import Path

from yarl import URL

from gt_common.errors import BrokerUnreachableError, GossipToonError, UsageError

_FILES = ("cafile", "certfile", "keyfile")
_TLS = {*_FILES, "capath", "cadata"}
_OTHERS = {"auth", "happy_eyeballs_delay", "heartbeat", "interleave", "name", "timeout"}


def check_options(url: URL) -> None:
    """Check the query options of a broker's URL; the client library ignores unknown ones.

    Raises:
        UsageError: an option has no effect, or a file cannot be read
    """
    if "no_verify_ssl" in url.query:
        raise UsageError("GT_AMQP_URL: no_verify_ssl is not allowed; pass the authority as ?cafile=…")
    unknown = sorted(set(url.query) - _TLS - _OTHERS)
    if unknown:
        raise UsageError(f"GT_AMQP_URL: unknown option {unknown[0]}; for TLS use {', '.join(sorted(_TLS))}")
    given = sorted(_TLS & set(url.query))
    if given and url.scheme == "amqp":
        raise UsageError(f"GT_AMQP_URL: {given[0]} is a TLS option; write amqps://")
    for name in (name for name in _FILES if name in url.query):
        path = Path(url.query[name])
        if not path.is_file() or not os.access(path, os.R_OK):
            raise UsageError(f"GT_AMQP_URL: {name}={path} is not a readable file")


def tls_error(error: BaseException, at: str) -> GossipToonError | None:
    """Return a readable error for a TLS failure; None if it is not one.

    Parameters:
        error: as raised by the client library
        at: the broker's URL without its password
    """
    cause = error if isinstance(error, ssl.SSLError) else error.__cause__
    if isinstance(cause, ssl.SSLCertVerificationError):
        if "mismatch" in cause.verify_message:
            return BrokerUnreachableError(
                f"the certificate of the broker at {at} is for another host; use its name"
            )
        return BrokerUnreachableError(
            f"the certificate of the broker at {at} is not trusted ({cause.verify_message}); "
            "pass its authority: amqps://…?cafile=PATH"
        )
    if not isinstance(cause, ssl.SSLError):
        return None
    if cause.reason == "WRONG_VERSION_NUMBER":
        return BrokerUnreachableError(
            f"the server at {at} does not speak TLS; write amqp:// or use another port"
        )
    if cause.reason in {"NO_CERTIFICATE_OR_CRL_FOUND", "NO_CERTIFICATE_ASSIGNED", "NO_START_LINE", "PEM_LIB"}:
        return UsageError("GT_AMQP_URL: cafile, certfile or keyfile contains no PEM certificate or key")
    return BrokerUnreachableError(f"no TLS connection to the broker at {at}: {cause.reason or cause}")
