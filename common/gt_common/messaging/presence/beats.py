"""What a worker says of itself every few seconds, in the stream `gt.presence`.

Best effort and never a fact about a story: those are the events, which the ledger has.
"""

from __future__ import annotations

from typing import Annotated, Final, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from gt_common.log import get_logger
from gt_common.messages import Count, Identifier, Label, Ordinal, Url

log = get_logger("presence")

BEAT_S: Final = 10.0
"""Most seconds between two beats of a worker."""
ALIVE_S: Final = 25.0
"""A worker without a beat for so long is not alive: two beats were lost, or it was."""

MOST_RUNNING: Final = 200
"""Most stories in one beat, so that it stays small."""
MOST_WAITS: Final = 100


class _Part(BaseModel):
    # Fields of newer versions are left out, so that versions may run side by side.
    model_config = ConfigDict(frozen=True, extra="ignore", defer_build=True)


class RunningStory(_Part):
    """A story that a worker runs now; `since` is the start of this run."""

    batch_id: Identifier
    story_id: Identifier
    url: Url
    stage: Label | None = None
    since: AwareDatetime


class ProviderWait(_Part):
    """A provider for which runs of this worker wait.

    Parameters:
        until: no call before this time, as the provider asked; None if runs wait for their turn only
        runs: runs that wait for their turn now
    """

    provider: Label
    until: AwareDatetime | None = None
    runs: Count = 0


class Beat(_Part):
    """A worker is alive and runs these stories.

    Parameters:
        kind: `ready` at the start, `left` at a clean end, otherwise `beat`
        at: by the clock of the worker's machine, as all times here
        started_at: when the worker started; with name, host and pid it tells one worker from another
        slots: stories that it can run at the same time
    """

    v: Literal[1] = 1
    kind: Literal["ready", "beat", "left"] = "beat"
    name: Label
    host: Label
    pid: Annotated[int, Field(ge=1)] | None = None
    version: Label
    started_at: AwareDatetime
    at: AwareDatetime
    slots: Ordinal
    running: Annotated[tuple[RunningStory, ...], Field(max_length=MOST_RUNNING)] = ()
    waits: Annotated[tuple[ProviderWait, ...], Field(max_length=MOST_WAITS)] = ()


def encode_beat(beat: Beat) -> bytes:
    """Encode a beat as the JSON body of a message."""
    return beat.model_dump_json(exclude_none=True).encode()


def decode_beat(body: bytes) -> Beat | None:
    """Decode the body of a message; None, with a warning, if it is not a beat that this version knows."""
    try:
        return Beat.model_validate_json(body)
    except ValidationError as error:
        log.warning("beat_rejected", problems=error.error_count(), bytes=len(body))
        return None
