"""What a video was made from, so that a later run knows whether it would make the same."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from typing import Annotated

from pydantic import BaseModel, ConfigDict, StringConstraints

from gt_common.redaction import redact
from gt_common.stories import path_of

_LONGEST_NAME = 1000
Digest = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]


class MadeFrom(BaseModel):
    """The text of a story, its options and the orchestrator, as far as they can be compared.

    Parameters:
        text: SHA-256 of a story file; None for a post on Reddit, or a file that cannot be read here
        options: SHA-256 of the options
        orchestrator: its name without secrets; None if it is not known
    """

    model_config = ConfigDict(frozen=True, defer_build=True)

    text: Digest | None = None
    options: Digest | None = None
    orchestrator: Annotated[str, StringConstraints(max_length=_LONGEST_NAME)] | None = None

    def differences(self, wanted: MadeFrom) -> tuple[str, ...]:
        """Return in words how another run would differ; what is not known on one side is not compared."""
        return tuple(self._differences(wanted))

    def _differences(self, wanted: MadeFrom) -> Iterator[str]:
        if None not in (self.text, wanted.text) and self.text != wanted.text:
            yield "text changed"
        if None not in (self.options, wanted.options) and self.options != wanted.options:
            yield "other options"
        if None not in (self.orchestrator, wanted.orchestrator) and self.orchestrator != wanted.orchestrator:
            yield f"other orchestrator: {self.orchestrator}"


def made_from(url: str, options: Mapping[str, object], orchestrator: str | None = None) -> MadeFrom:
    """Return what a video of this story would be made from now; this reads a story file."""
    return MadeFrom(
        text=_digest_of_file(url),
        options=hashlib.sha256(json.dumps(options, sort_keys=True).encode()).hexdigest(),
        orchestrator=None if orchestrator is None else orchestrator_name(orchestrator),
    )


def orchestrator_name(orchestrator: str) -> str:
    """Return the name under which an orchestrator is recorded: without secrets, and bounded."""
    return redact(orchestrator)[:_LONGEST_NAME]


def _digest_of_file(url: str) -> str | None:
    if not url.startswith("file:"):
        return None
    try:
        path = path_of(url)
        if not path.is_file():  # a pipe would block
            return None
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except (OSError, ValueError):
        return None
