"""What the broker's refusals mean; its own words belong into every message, since only it knows the limit."""

from __future__ import annotations

import re
from typing import Final

from aio_pika.exceptions import ChannelClosed, ChannelNotFoundEntity, DeliveryError
from aiormq.exceptions import ChannelPreconditionFailed

from gt_common.errors import CredentialsRefusedError

CLOSED: Final = "the channel was closed"

_ABSENT = re.compile(r"NOT_FOUND - no (?:queue|exchange) '")
_DIFFERENT = re.compile(r"PRECONDITION_FAILED - inequivalent arg ")
_NO_ACCESS = re.compile(r"NOT_ALLOWED - (?:vhost .* not found|access to vhost '.*' refused for user '[^']*')")


def broker_words(error: BaseException) -> str:
    """Return the broker's text of a refusal, or what is known of another error."""
    said = [text for text in error.args if isinstance(text, str)]
    return " ".join((said[-1] if said else str(error)).split()) or type(error).__name__


def is_absent(error: BaseException) -> bool:
    """Whether a queue or exchange does not exist; a queue whose node is down is `NOT_FOUND`, too."""
    return isinstance(error, ChannelNotFoundEntity) and bool(_ABSENT.match(broker_words(error)))


def is_different(error: BaseException) -> bool:
    """Whether something exists with other arguments; a limit on queues is `PRECONDITION_FAILED`, too."""
    return isinstance(error, ChannelPreconditionFailed) and bool(_DIFFERENT.match(broker_words(error)))


def is_no_access(text: str) -> bool:
    """Whether a connection was refused since the virtual host is closed to this user, and by no limit."""
    return bool(_NO_ACCESS.fullmatch(" ".join(text.split())))


def may_not_write(error: Exception, exchange: str) -> CredentialsRefusedError:
    """Return the error for an exchange to which the broker's user may not publish."""
    if isinstance(error, CredentialsRefusedError):
        return error
    return CredentialsRefusedError(
        f"the broker's user may not write to {exchange} ({broker_words(error)}); "
        "an administrator can grant it"
    )


def why_unconfirmed(error: BaseException) -> str:
    """Return why a message was not confirmed."""
    if isinstance(error, DeliveryError):
        # RabbitMQ 3.10 to 3.12 may nack a channel for ever after a leader's death: the next try uses another.
        return "the broker refused the message; its queue may be full (a policy's max-length)"
    if isinstance(error, ChannelClosed) and not any(error.args):
        return CLOSED  # by this side, because of what another message on it ran into
    return broker_words(error)
