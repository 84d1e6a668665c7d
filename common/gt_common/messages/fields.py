"""Types of the fields of messages and events, with their bounds, and the base of both."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

from gt_common.stories.titles import clean_title

MAX_ORDINAL: Final = 1_000_000
_SCHEME: Final = re.compile(r"(?:https?|file):", re.IGNORECASE)


def _story_scheme(url: str) -> str:
    if not _SCHEME.match(url):
        raise ValueError("a story's URL begins with https:, http: or file:")
    return url


def _cleaned(title: object) -> str | None:
    return clean_title(title) if isinstance(title, str) else None


Identifier = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]
Url = Annotated[str, StringConstraints(min_length=1, max_length=2048)]
StoryUrl = Annotated[Url, AfterValidator(_story_scheme)]
Title = Annotated[str | None, BeforeValidator(_cleaned)]
"""A story's title; it only names, so that one that cannot be shown is shortened or left out, not refused."""
Label = Annotated[str, StringConstraints(min_length=1, max_length=200)]
Reason = Annotated[str, StringConstraints(max_length=500)]
Count = Annotated[int, Field(ge=0, le=1_000_000)]
Ordinal = Annotated[int, Field(ge=1, le=MAX_ORDINAL)]
Seconds = Annotated[float, Field(ge=0, le=1e9, allow_inf_nan=False)]


class Versioned(BaseModel):
    """Base of messages and events: frozen; fields of later minor versions are kept."""

    model_config = ConfigDict(frozen=True, extra="allow")

    v: Literal[1] = 1


def utc_now() -> datetime:
    """Return the current time in UTC."""
    return datetime.now(UTC)
