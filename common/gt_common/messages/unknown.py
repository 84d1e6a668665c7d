"""Events of a type that this version does not know, kept for a later version that does."""

from __future__ import annotations

import hashlib
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StrictInt, ValidatorFunctionWrapHandler, WrapValidator

from gt_common.messages.fields import Identifier


def _or_none(value: object, check: ValidatorFunctionWrapHandler) -> str | None:
    """Return an identifier, or None if a newer version means something else by the field."""
    try:
        found: str = check(value)
    except ValueError:
        return None
    return found


class UnknownEvent(BaseModel):
    """An event of a newer version.

    Parameters:
        batch_id: None if it is about no batch, as far as this version can tell
        body: the event as it was published
    """

    model_config = ConfigDict(frozen=True, defer_build=True)

    v: Annotated[StrictInt, Field(ge=1)] = 1
    type: Identifier
    batch_id: Annotated[Identifier, WrapValidator(_or_none)] | None = None
    body: str = Field(default="", exclude=True)

    @property
    def key(self) -> str:
        """What makes it the same event when it is delivered again: a digest of its body."""
        return hashlib.sha256(self.body.encode()).hexdigest()
