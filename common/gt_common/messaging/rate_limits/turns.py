"""What one metronome leaves to the next: when each provider may get its next token.

Only for long intervals, which a successor would else have to wait for in full; the notices go to the stream
of pauses, which every worker reads from its last day on.
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Final, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict

from gt_common.messages import Label, utc_now
from gt_common.rates import Rate

WORTH_NOTING_S: Final = 20.0
"""A shorter interval is simply waited for."""

READ_BACK_S: Final = 86400.0
"""Older notices are not read."""

_CARE_S = 15.0
"""A metronome may be frozen between notice and token for as long as the broker keeps its lock."""

Publish = Callable[[bytes], Awaitable[None]]


class TurnNotice(BaseModel):
    """A provider gets a token now, and no other before this time."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    v: Literal[1] = 1
    type: Literal["turn"] = "turn"
    provider: Label
    next_at: AwareDatetime


class EchoNotice(BaseModel):
    """Published and heard again by a new metronome: what was published before it is known then."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    v: Literal[1] = 1
    type: Literal["echo"] = "echo"
    id: Label


class TurnMemory:
    """What the stream told of turns."""

    def __init__(self) -> None:
        self._next: dict[str, datetime] = {}
        self._echoes: dict[str, asyncio.Event] = {}

    def note(self, notice: TurnNotice | EchoNotice) -> None:
        """Take a notice from the stream."""
        if isinstance(notice, TurnNotice):
            self._next[notice.provider] = notice.next_at
        elif notice.id in self._echoes:
            self._echoes[notice.id].set()

    async def first_turn(self, rate: Rate, publish: Publish) -> None:
        """Wait until a new metronome may give its first token, at most one interval.

        Parameters:
            publish: puts a notice into the stream
        """
        if not is_noted(rate):
            await asyncio.sleep(rate.interval_s)
            return
        number = uuid.uuid4().hex
        heard = self._echoes[number] = asyncio.Event()
        try:
            async with asyncio.timeout(rate.interval_s):
                await publish(EchoNotice(id=number).model_dump_json().encode())
                await heard.wait()
        except TimeoutError:
            return  # an interval has passed
        finally:
            del self._echoes[number]
        known = self._next.get(rate.provider)
        if known is not None:
            left_s = (known - utc_now()).total_seconds()
            await asyncio.sleep(min(max(left_s, 0.0), rate.interval_s))


async def note_turn(rate: Rate, publish: Publish) -> None:
    """Leave to a successor when the token after the one that is given now may follow."""
    if is_noted(rate):
        next_at = utc_now() + timedelta(seconds=rate.interval_s + _CARE_S)
        await publish(TurnNotice(provider=rate.provider, next_at=next_at).model_dump_json().encode())


def is_noted(rate: Rate) -> bool:
    """Tell whether a rate's turns are noted: its interval is long, and shorter than what is read back."""
    return WORTH_NOTING_S < rate.interval_s < READ_BACK_S
