"""Commits events from a running loop: one transaction at a time, all that came meanwhile in the next."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING

from gt_common.messages import Event

if TYPE_CHECKING:
    from gt_common.ledger.ledger import Ledger

_Waiting = list[tuple[Sequence[Event], asyncio.Future[None]]]


class LedgerWriter:
    """Takes events into a ledger in the order in which they come; one fsync serves all who wait."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._waiting: _Waiting = []
        self._task: asyncio.Task[None] | None = None

    async def commit(self, events: Sequence[Event]) -> None:
        """Take events in, all or none of them; they are committed when this returns.

        Who is cancelled while waiting has still handed them over.

        Raises:
            LedgerUnreachableError, CredentialsRefusedError, MalformedMessageError: they, and those that
                waited with them, were not taken in
        """
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((events, done))
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._write(), name="commit events")
        await done

    async def aclose(self) -> None:
        """Wait for what was handed over."""
        if self._task is not None:
            await self._task

    async def _write(self) -> None:
        while self._waiting:
            group, self._waiting = self._waiting, []
            together = [event for events, _ in group for event in events]
            try:
                await asyncio.to_thread(self._ledger.apply, together)
            except Exception as error:  # noqa: BLE001 - it is told to each who waits
                _settle(group, error)
            else:
                _settle(group, None)


def _settle(group: _Waiting, error: Exception | None) -> None:
    for _, done in group:
        if done.done():
            continue
        if error is None:
            done.set_result(None)
        else:
            done.set_exception(error)
