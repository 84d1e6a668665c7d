"""What the client library makes of a lost connection, and of a cancellation at that moment."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from gt_common.messaging.connection import honest_losses


async def _gives_an_error() -> None:
    try:
        await asyncio.Event().wait()
    except asyncio.CancelledError:
        raise ConnectionAbortedError("lost") from None


async def _gives_nothing() -> None:
    try:
        await asyncio.Event().wait()
    except asyncio.CancelledError:
        return


async def _guarded(call: Callable[[], Awaitable[None]]) -> None:
    with honest_losses():
        await call()


@pytest.mark.parametrize("call", [_gives_an_error, _gives_nothing])
async def test_a_time_limit_ends_a_call_that_swallows_the_cancellation(
    call: Callable[[], Awaitable[None]],
) -> None:
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0):
            await _guarded(call)


@pytest.mark.parametrize("call", [_gives_an_error, _gives_nothing])
async def test_a_task_that_is_cancelled_ends_as_cancelled(call: Callable[[], Awaitable[None]]) -> None:
    task = asyncio.create_task(_guarded(call))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_a_loss_while_a_cancelled_task_cleans_up_is_an_error_that_the_clean_up_knows() -> None:
    found: list[str] = []

    async def lost() -> None:
        raise ConnectionAbortedError("lost")

    async def work() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            try:
                await _guarded(lost)
            except ConnectionAbortedError as error:
                found.append(str(error))

    task = asyncio.create_task(work())
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert found == ["lost"]


@pytest.mark.parametrize("raised", [asyncio.CancelledError(), Exception("between two frames")])
async def test_a_bare_error_of_a_loss_becomes_a_connection_error(raised: BaseException) -> None:
    async def lost() -> None:
        raise raised

    with pytest.raises(ConnectionResetError):
        await _guarded(lost)
