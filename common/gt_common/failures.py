"""Why an attempt failed: bounded in size, without secrets, with a fingerprint to group by."""

from __future__ import annotations

import hashlib
import re
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
