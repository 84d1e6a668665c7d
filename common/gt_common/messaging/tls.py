"""TLS to the broker: the options of its URL, and what is wrong with a connection, in plain words."""

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
    """Check what stands behind the ? of a broker's URL; the client library passes over what it does not know.

    Raises:
        UsageError: an option that would do nothing, or a file that cannot be read
    """
    if "no_verify_ssl" in url.query:
        raise UsageError("GT_AMQP_URL: no_verify_ssl is refused; give the broker's authority as ?cafile=…")
    unknown = sorted(set(url.query) - _TLS - _OTHERS)
    if unknown:
        raise UsageError(f"GT_AMQP_URL: no option {unknown[0]}; for TLS there are {', '.join(sorted(_TLS))}")
    given = sorted(_TLS & set(url.query))
    if given and url.scheme == "amqp":
        raise UsageError(f"GT_AMQP_URL: {given[0]} is for TLS; write amqps://")
    for name in (name for name in _FILES if name in url.query):
        path = Path(url.query[name])
        if not path.is_file() or not os.access(path, os.R_OK):
            raise UsageError(f"GT_AMQP_URL: {name}={path} is no file that can be read")


def tls_error(error: BaseException, at: str) -> GossipToonError | None:
    """Give an error of ours for one of TLS; None when it is none.

    Parameters:
        error: as the client library raised it
        at: the broker, without its password
    """
    cause = error if isinstance(error, ssl.SSLError) else error.__cause__
    if isinstance(cause, ssl.SSLCertVerificationError):
        if "mismatch" in cause.verify_message:
            return BrokerUnreachableError(
                f"the certificate of the broker at {at} is for another host; use its name"
            )
        return BrokerUnreachableError(
            f"the certificate of the broker at {at} is not trusted ({cause.verify_message}); "
            "give its authority: amqps://…?cafile=PATH"
        )
    if not isinstance(cause, ssl.SSLError):
        return None
    if cause.reason == "WRONG_VERSION_NUMBER":
        return BrokerUnreachableError(
            f"what answers at {at} does not speak TLS; write amqp:// or another port"
        )
    if cause.reason in {"NO_CERTIFICATE_OR_CRL_FOUND", "NO_CERTIFICATE_ASSIGNED", "NO_START_LINE", "PEM_LIB"}:
        return UsageError("GT_AMQP_URL: cafile, certfile or keyfile holds no PEM certificate or key")
    return BrokerUnreachableError(f"no TLS connection to the broker at {at}: {cause.reason or cause}")
