"""What the broker's refusals mean; its own words belong into every message, since only it knows the limit."""

from __future__ import annotations

import re

from aio_pika.exceptions import ChannelNotFoundEntity
from aiormq.exceptions import ChannelPreconditionFailed

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
