"""Those who are told: the addresses of GT_NOTIFY, checked, with names that give nothing away."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Final

from gt_common.errors import UsageError
from gt_common.notify.message import Message, Tone
from gt_common.redaction import redact
from gt_common.settings import Settings
from gt_common.texts import one_line, truncate

if TYPE_CHECKING:
    from apprise import Apprise, AppriseResult, NotifyBase

MOST_TARGETS: Final = 20
_DIGEST_CHARACTERS: Final = 12
_REASON_CHARACTERS: Final = 200

Send = Callable[[Message], str | None]
"""Sends a message, which may take seconds; returns why that failed, or None."""


@dataclass(frozen=True)
class Target:
    """Somebody who is told.

    Parameters:
        digest: names the target in the ledger, without its address
        name: its service and the beginning of its digest, as in logs
        send: sends it a message
    """

    digest: str
    name: str
    send: Send


def digests(settings: Settings) -> tuple[str, ...]:
    """Return the digests of the addresses in GT_NOTIFY; the library for sending is not loaded."""
    return tuple(map(digest_of, settings.notify_urls))


@cache
def digest_of(url: str) -> str:
    """Return a digest of a secret address; slow, because readers of the ledger could try passwords on it."""
    return hashlib.scrypt(url.encode(), salt=b"gt-notify", n=4096, r=8, p=1, dklen=32).hex()[
        :_DIGEST_CHARACTERS
    ]


def open_targets(settings: Settings) -> tuple[Target, ...]:
    """Check the addresses in GT_NOTIFY and return whom they name; nothing is sent.

    Raises:
        UsageError: the library is missing, or an address is not one
    """
    urls = settings.notify_urls
    if len(urls) > MOST_TARGETS:
        raise UsageError(f"GT_NOTIFY: {len(urls)} addresses are too many; {MOST_TARGETS} is the limit")
    return tuple(_open(number, url) for number, url in enumerate(urls, 1))


def _open(number: int, url: str) -> Target:
    try:
        from apprise import Apprise, AppriseAsset
    except ImportError:
        raise UsageError("GT_NOTIFY needs Apprise: pip install 'gt-common[notify]'") from None
    # Its warnings name hosts and tokens; the reason for a failure is taken from the result.
    logging.getLogger("apprise").propagate = False
    asset = AppriseAsset(
        app_id="GossipToon",
        app_desc="GossipToon Batch",
        async_mode=False,
        # Without a limit of its own Apprise sends in the calling thread; ours may be left behind.
        service_timeout=0,
        storage_mode="memory",
        pgp_autogen=False,
        pem_autogen=False,
    )
    service = Apprise.instantiate(url, asset=asset)
    if service is None:
        raise UsageError(f"GT_NOTIFY: address {number} {_why_refused(url)}; see docs/notifications.md")
    digest = digest_of(url)
    sender = Apprise(service, asset=asset)
    return Target(
        digest, f"{_service_name(url, service)}-{digest[:6]}", lambda message: _send(sender, message)
    )


def _why_refused(url: str) -> str:
    """Return what is wrong with an address, without a part of it that may be secret."""
    from apprise import NotificationManager

    schema = _schema(url)
    services = NotificationManager()  # type: ignore[no-untyped-call]
    if schema not in services:
        return "does not begin with the name of a service, as in tgram://"
    if not services[schema].enabled:
        return f"needs a Python package that is not installed for {schema}://"
    return f"is not complete, or has a wrong key, for {schema}://"


def _schema(url: str) -> str:
    return url.partition("://")[0].lower()


def _service_name(url: str, service: NotifyBase) -> str:
    """Return the service by which an address is known; web hooks may be given as https:// as well."""
    names: list[str] = []
    for attribute in ("protocol", "secure_protocol"):
        found: object = getattr(service, attribute)
        names += [found] if isinstance(found, str) else map(str, found) if isinstance(found, tuple) else []
    return _schema(url) if _schema(url) in names or not names else names[0]


def _send(sender: Apprise, message: Message) -> str | None:
    from apprise import NotifyFormat, NotifyType

    types = {Tone.GOOD: NotifyType.SUCCESS, Tone.BAD: NotifyType.FAILURE, Tone.WARNING: NotifyType.WARNING}
    result = sender.notify(
        message.body, title=message.title, notify_type=types[message.tone], body_format=NotifyFormat.TEXT
    )
    return None if result else _reason(result)


def _reason(result: AppriseResult) -> str:
    lines = [entry.message for entry in result.logs() if entry.level in {"WARNING", "ERROR", "CRITICAL"}]
    said = redact(one_line("; ".join(lines)))
    return truncate(said or "refused without a reason", _REASON_CHARACTERS)
