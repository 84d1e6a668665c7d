"""The cause of a failed attempt: bounded in size, without secrets, with a fingerprint to group by."""

from __future__ import annotations

import re
from typing import Final, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from gt_common.failures.fingerprints import fingerprint
from gt_common.redaction import redact

UNREADABLE: Final = "MalformedMessage"
"""The type of the failure of a story whose message cannot be read."""

MAX_TYPE = 100
MAX_MESSAGE = 1000
MAX_TRACEBACK = 4000
MAX_LOG = 1500
MAX_CAUSES = 5
MAX_CAUSE = 400

_MARGIN = 500
_GAP = " [...] "
_HEAD = MAX_MESSAGE * 3 // 5
_HEADERS: Final = re.compile(r"\bheaders: \{([^{}]{0,8000})\}, (?=status_code: )")
_WAITS: Final = re.compile(
    r"['\"][\w-]{0,40}(?:retry-after|ratelimit-reset)[\w-]{0,20}['\"]: ['\"][^'\"]{1,60}['\"]", re.IGNORECASE
)


def head_and_tail(text: str, most: int) -> str:
    """Return a text with at most so many characters: of a longer one its start and its end."""
    if len(text) <= most:
        return text
    head = most * 3 // 5
    return text[:head] + _GAP + text[head + len(_GAP) - most :]


def without_headers(text: str) -> str:
    """Leave out the headers that SDKs made by Fern print before status and body, except for waits.

    Every answer has others, and they would fill a message whose end says what happened.
    """

    def waits(match: re.Match[str]) -> str:
        kept = ", ".join(_WAITS.findall(match[1]))
        return f"headers: {{{kept}}}, " if kept else ""

    return _HEADERS.sub(waits, text) if "headers: {" in text else text


class Failure(BaseModel):
    """The cause of a failed attempt.

    Parameters:
        type: class name of the error, such as `TimeoutError`
        message: its text without secrets, at most 1,000 characters: of a longer one its start and its end
        stage: the pipeline's stage in which it happened, if known
        retryable: whether another attempt may help
        traceback: its last lines, at most 4,000 characters together with causes and log
        causes: what led to it, as `Type: text`, nearest first
        log: the last lines that the orchestrator printed
        fingerprint: computed if omitted
    """

    model_config = ConfigDict(frozen=True, defer_build=True)

    type: str
    message: str
    stage: str | None = Field(default=None, max_length=200)
    retryable: bool = True
    traceback: str | None = None
    causes: tuple[str, ...] = ()
    log: str | None = None
    fingerprint: str = Field(default="", max_length=64)

    @model_validator(mode="before")
    @classmethod
    def _bound(cls, data: object) -> object:
        if not isinstance(data, dict):
            return data
        bounded = dict(data)
        bound_summary(bounded)
        _bound_details(bounded)
        return bounded

    @model_validator(mode="after")
    def _identify(self) -> Self:
        if not self.fingerprint:
            object.__setattr__(self, "fingerprint", fingerprint(self.stage, self.type, self.message))
        return self


def bound_summary(data: dict[str, object]) -> None:
    """Bound and redact what a list shows of a failure: its type, stage and message."""
    for name, most in (("type", MAX_TYPE), ("stage", 200)):
        text = data.get(name)
        if isinstance(text, str):
            data[name] = redact(text[: most + _MARGIN])[:most]
    _bound_message(data)


def _bound_message(data: dict[str, object]) -> None:
    """Shorten the message; the fingerprint of a long one is that of its start, as it has always been."""
    message = data.get("message")
    if not isinstance(message, str):
        return
    message = without_headers(message)
    start = redact(message[: MAX_MESSAGE + _MARGIN])[:MAX_MESSAGE]
    if len(message) <= MAX_MESSAGE:
        data["message"] = start
        return
    stage, kind = data.get("stage"), data.get("type")
    if not data.get("fingerprint") and isinstance(kind, str):
        data["fingerprint"] = fingerprint(stage if isinstance(stage, str) else None, kind, start)
    end = redact(message[-MAX_MESSAGE - _MARGIN :])
    # Each half is redacted with what surrounds it, so that no secret is cut in two and missed.
    data["message"] = start[:_HEAD] + _GAP + end[_HEAD + len(_GAP) - MAX_MESSAGE :]


def _cause(cause: object) -> str:
    return without_headers(str(cause)[:MAX_TRACEBACK])


def _bound_details(data: dict[str, object]) -> None:
    """Shorten causes, log and traceback to what a message of five attempts has room for."""
    left = MAX_TRACEBACK
    causes = data.get("causes")
    if isinstance(causes, (list, tuple)):
        short = tuple(head_and_tail(redact(cause), MAX_CAUSE) for cause in map(_cause, causes))
        data["causes"] = short[:MAX_CAUSES]
        left -= sum(len(cause) for cause in short[:MAX_CAUSES])
    for name, most in (("log", MAX_LOG), ("traceback", MAX_TRACEBACK)):
        text = data.get(name)
        if isinstance(text, str):
            room = min(most, left)
            data[name] = redact(text[-room - _MARGIN :])[-room:]
            left -= len(str(data[name]))
