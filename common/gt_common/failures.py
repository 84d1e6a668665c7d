"""Why an attempt failed: bounded in size, without secrets, with a fingerprint to group by."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from gt_common.redaction import redact

MAX_TYPE = 100
MAX_MESSAGE = 1000
MAX_TRACEBACK = 4000
MAX_LOG = 1500
MAX_CAUSES = 5
MAX_CAUSE = 160

_MARGIN = 500
_GAP = " [...] "
_HEAD = MAX_MESSAGE * 3 // 5

_NORMALISERS = (
    (re.compile(r"\b[a-z][a-z0-9+.-]*://\S+", re.IGNORECASE), "<url>"),
    (re.compile(r"(?<!\w)(?:/[\w.@~+-]+){2,}/?"), "<path>"),
    (re.compile(r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b", re.IGNORECASE), "<id>"),
    (re.compile(r"\b(?=[0-9a-f]*\d)[0-9a-f]{8,}\b", re.IGNORECASE), "<id>"),
    (re.compile(r"'[^']{1,200}'|\"[^\"]{1,200}\""), "<text>"),
    (re.compile(r"\d+(?:[.,:]\d+)*"), "<n>"),
    (re.compile(r"\s+"), " "),
)

_NOT_A_MEASURE = (
    r"(?!\d|[.,]\d)"
    r"(?!\s?(?:%|(?:ms|s|secs?|seconds?|m|mins?|minutes?|h|[kmg]?b|bytes|frames?|px|words?|times|rows)\b))"
)
_REASON = (
    r"client error|server error|too many requests|resource[ _](?:has been )?exhausted|quota exceeded|"
    r"unauthori[sz]ed|unauthenticated|forbidden|permission[ _]denied|payment required|not found|"
    r"request time-?out|internal server error|bad gateway|service (?:temporarily )?unavailable|"
    r"unavailable|gateway time-?out"
)
_STATUS = re.compile(
    r"\b(?:"
    r"http(?:/\d(?:\.\d)?)?[ :-]{1,2}(?:error |status |response )?(?:code )?:?\s?\(?"
    r"|(?<!exit )status(?:[ _]?code)?[\"']?[ :=]{1,3}"
    r"|error[ _]code[ :=]{1,3}"
    r"|(?<!exit )code[\"']?\s?[:=]\s?"
    rf"|(?=[45]\d\d(?:[ :-]{{1,2}}(?:{_REASON})\b|, message=))"
    rf")([45]\d\d){_NOT_A_MEASURE}",
    re.IGNORECASE,
)
_SLOW_DOWN = re.compile(
    r"too many requests|exceeded your current quota|insufficient_quota|resource_exhausted"
    r"|resource has been exhausted"
    r"|(?<!frame )(?<!sample )(?<!sampling )(?<!bit )(?<!refresh )\brate"
    r"(?:[ _]limit[ _](?:was |has been )?(?:exceeded|reached|hit)|[ -]limited)\b"
    r"|(?<!disk )(?<!storage )\bquota exceeded",
    re.IGNORECASE,
)
_RATE_LIMITS = (
    *("RateLimited", "RateLimitError", "RateLimitExceeded", "TooManyRequests", "TooManyRequestsError"),
    *("ResourceExhausted", "QuotaExceeded", "ThrottlingException"),
)


def http_status(message: str) -> int | None:
    """Return the HTTP status of an error, 400 to 599, if the message has one as a status.

    `HTTP 429`, `status code: 503` and `401 Unauthorized` are statuses, `took 401 ms` is not.
    """
    match = _STATUS.search(message[:MAX_MESSAGE])
    return int(match.group(1)) if match else None


def is_type(error_type: str, names: Iterable[str]) -> bool:
    """Whether an error's type is one of some names; case is ignored."""
    return error_type.casefold() in {name.casefold() for name in names}


def is_rate_limit(error_type: str, message: str) -> bool:
    """Whether a provider refused a call because there were too many."""
    if is_type(error_type, _RATE_LIMITS) or http_status(message) == 429:
        return True
    return _SLOW_DOWN.search(message[:MAX_MESSAGE]) is not None


def normalise_message(message: str) -> str:
    """Reduce a message to its constant part: without numbers, ids, paths, addresses and quoted text."""
    start = message[:MAX_MESSAGE].strip()
    first = start.splitlines()[0] if start else ""
    for pattern, replacement in _NORMALISERS:
        first = pattern.sub(replacement, first)
    return first.strip().lower()[:200]


def fingerprint(stage: str | None, error_type: str, message: str) -> str:
    """Return 12 hex digits that are the same for failures with the same cause."""
    cause = "\n".join((stage or "", error_type, normalise_message(message)))
    return hashlib.sha256(cause.encode()).hexdigest()[:12]


def head_and_tail(text: str, most: int) -> str:
    """Return a text with at most so many characters: of a longer one its start and its end."""
    if len(text) <= most:
        return text
    head = most * 3 // 5
    return text[:head] + _GAP + text[head + len(_GAP) - most :]


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

    model_config = ConfigDict(frozen=True)

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
        for name, most in (("type", MAX_TYPE), ("stage", 200)):
            if isinstance(bounded.get(name), str):
                bounded[name] = redact(bounded[name][: most + _MARGIN])[:most]
        _bound_message(bounded)
        _bound_details(bounded)
        return bounded

    @model_validator(mode="after")
    def _identify(self) -> Self:
        if not self.fingerprint:
            object.__setattr__(self, "fingerprint", fingerprint(self.stage, self.type, self.message))
        return self


def _bound_message(data: dict[str, object]) -> None:
    """Shorten the message; the fingerprint of a long one is that of its start, as it has always been."""
    message = data.get("message")
    if not isinstance(message, str):
        return
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


def _bound_details(data: dict[str, object]) -> None:
    """Shorten causes, log and traceback to what a message of five attempts has room for."""
    left = MAX_TRACEBACK
    causes = data.get("causes")
    if isinstance(causes, (list, tuple)):
        short = tuple(head_and_tail(redact(str(cause)[:MAX_TRACEBACK]), MAX_CAUSE) for cause in causes)
        data["causes"] = short[:MAX_CAUSES]
        left -= sum(len(cause) for cause in short[:MAX_CAUSES])
    for name, most in (("log", MAX_LOG), ("traceback", MAX_TRACEBACK)):
        text = data.get(name)
        if isinstance(text, str):
            room = min(most, left)
            data[name] = redact(text[-room - _MARGIN :])[-room:]
            left -= len(str(data[name]))
