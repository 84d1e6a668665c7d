"""Types of the fields of messages and events, with their bounds, and the base of both."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

from gt_common.money import MOST_MILLIONTHS
from gt_common.stories.urls import has_gaps
from gt_common.texts import clean_title

MAX_ORDINAL: Final = 1_000_000
MAX_REASON: Final = 500
"""Characters of a reason, or of what a limit or a machine said, in an event."""
MAX_PROVIDERS: Final = 50
"""Providers whose costs a run tells apart."""
_SCHEME: Final = re.compile(r"(?:https?|file):", re.IGNORECASE)
_STORY_URL: Final = r"^([Hh][Tt][Tt][Pp][Ss]?|[Ff][Ii][Ll][Ee]):[^\s\u0000-\u001f\u007f-\u009f]*$"
_GIVEN_NAME: Final = r"^(?!-)[^\u0000-\u001f\u007f-\u00a0\u2028\u2029]*$"
"""What `_story_scheme` and `_given_name` accept, for the JSON Schema."""


def _story_scheme(url: str) -> str:
    if not _SCHEME.match(url):
        raise ValueError("a story's URL begins with https:, http: or file:")
    if has_gaps(url):
        raise ValueError("a story's URL has no white space and no control characters")
    return url


def _given_name(name: str) -> str:
    if not name.isprintable() or name.startswith("-"):
        raise ValueError("a story file's name has no control characters and does not begin with a hyphen")
    return name


def _cleaned(title: object) -> str | None:
    return clean_title(title) if isinstance(title, str) else None


Identifier = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]
Url = Annotated[str, StringConstraints(min_length=1, max_length=2048)]
StoryUrl = Annotated[Url, AfterValidator(_story_scheme), Field(json_schema_extra={"pattern": _STORY_URL})]
GivenName = Annotated[Url, AfterValidator(_given_name), Field(json_schema_extra={"pattern": _GIVEN_NAME})]
"""How a list names a story file; programs get it as an argument."""
Title = Annotated[str | None, BeforeValidator(_cleaned)]
"""A story's title; it only names, so that one that cannot be shown is shortened or left out, not refused."""
Label = Annotated[str, StringConstraints(min_length=1, max_length=200)]
Reason = Annotated[str, StringConstraints(max_length=MAX_REASON)]
Count = Annotated[int, Field(ge=0, le=1_000_000)]
Ordinal = Annotated[int, Field(ge=1, le=MAX_ORDINAL)]
Millionths = Annotated[int, Field(ge=0, le=MOST_MILLIONTHS)]
Cost = Annotated[dict[Label, Millionths], Field(min_length=1, max_length=MAX_PROVIDERS)]
"""What a run has spent so far: millionths of the currency, by provider."""
Seconds = Annotated[float, Field(ge=0, le=1e9, allow_inf_nan=False)]


class Versioned(BaseModel):
    """Base of messages and events: frozen; fields of later minor versions are kept."""

    # A command uses few of the models, so that each is built when it is first used.
    model_config = ConfigDict(frozen=True, extra="allow", defer_build=True)

    v: Literal[1] = 1


def utc_now() -> datetime:
    """Return the current time in UTC."""
    return datetime.now(UTC)
