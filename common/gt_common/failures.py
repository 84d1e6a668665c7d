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

_MARGIN = 500

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


class Failure(BaseModel):
    """The cause of a failed attempt.

    Parameters:
        type: class name of the error, such as `TimeoutError`
        message: its text without secrets, at most 1,000 characters
        stage: the pipeline's stage in which it happened, if known
        retryable: whether another attempt may help
        traceback: its last lines, at most 4,000 characters
        fingerprint: computed if omitted
    """

    model_config = ConfigDict(frozen=True)

    type: str
    message: str
    stage: str | None = Field(default=None, max_length=200)
    retryable: bool = True
    traceback: str | None = None
    fingerprint: str = Field(default="", max_length=64)

    @model_validator(mode="before")
    @classmethod
    def _bound(cls, data: object) -> object:
        if not isinstance(data, dict):
            return data
        bounded = dict(data)
        for name, most in (("type", MAX_TYPE), ("message", MAX_MESSAGE), ("stage", 200)):
            if isinstance(bounded.get(name), str):
                bounded[name] = redact(bounded[name][: most + _MARGIN])[:most]
        if isinstance(bounded.get("traceback"), str):
            bounded["traceback"] = redact(bounded["traceback"][-MAX_TRACEBACK - _MARGIN :])[-MAX_TRACEBACK:]
        return bounded

    @model_validator(mode="after")
    def _identify(self) -> Self:
        if not self.fingerprint:
            object.__setattr__(self, "fingerprint", fingerprint(self.stage, self.type, self.message))
        return self
