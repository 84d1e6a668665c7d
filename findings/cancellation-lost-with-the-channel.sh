#!/usr/bin/env bash
# aio-pika loses a cancellation that comes just when a connection is lost: a time limit around a call never ends it.
set -euo pipefail
. "$(dirname "$0")/lib.sh"
packages aio-pika==10.2.1 aiormq==7.2.4 pamqp==4.0.1

run <<'PY'
"""Cut a connection while a call waits, and let the call's time limit end some turns of the event loop later."""

import asyncio
import logging
import os
from urllib.parse import urlsplit

import aio_pika

CHANGED = 4
TURNS = 40
BEGUN = 5
PATIENCE_S = 0.3
URL = os.environ["GT_AMQP_URL"]
FAR = urlsplit(URL)


class Relay:
    """Passes bytes between a client and the broker until it is told to be silent, and then to cut."""

    def __init__(self) -> None:
        self.silent = False
        self.near: list[asyncio.StreamWriter] = []

    async def take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.near.append(writer)
        far_reader, far_writer = await asyncio.open_connection(FAR.hostname, FAR.port or 5672)
        await asyncio.gather(self.pass_on(reader, far_writer), self.pass_on(far_reader, writer))

    async def pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while data := await reader.read(65536):
                if not self.silent:
                    writer.write(data)
        except ConnectionError:
            pass
        writer.close()

    def cut(self) -> None:
        for writer in self.near:
            writer.transport.abort()


async def turn(times: int) -> None:
    for _ in range(times):
        await asyncio.sleep(0)


async def outcome(turns: int) -> tuple[str, bool]:
    """Return how the call ended, and whether its block then went on although the limit was over."""
    relay = Relay()
    server = await asyncio.start_server(relay.take, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    connection = await aio_pika.connect(URL.replace(FAR.netloc, f"{FAR.username}:{FAR.password}@127.0.0.1:{port}"))
    channel = await connection.channel()
    limit = asyncio.timeout(3600)
    ended, went_on = "", False

    async def call() -> None:
        nonlocal ended, went_on
        try:
            async with limit:
                try:
                    await channel.declare_queue(exclusive=True)
                except aio_pika.exceptions.AMQPError as error:
                    ended = type(error).__name__
                await asyncio.sleep(PATIENCE_S)
                went_on = True
        except TimeoutError:
            ended = f"{ended}, then TimeoutError" if ended else "TimeoutError"

    relay.silent = True
    task = asyncio.create_task(call())
    await turn(BEGUN)
    relay.cut()
    await turn(turns)
    limit.reschedule(asyncio.get_running_loop().time())
    await task
    server.close()
    return ended, went_on


async def main() -> int:
    logging.disable()
    found = [await outcome(turns) for turns in range(TURNS)]
    before = found.count(("TimeoutError", False))
    after = found.count(("AMQPConnectionError, then TimeoutError", False))
    lost = found.count(("AMQPConnectionError", True))
    print(f"seen: {TURNS} calls under `asyncio.timeout`, each cut off a little earlier before its limit was over")
    print(f"seen: ended by the limit before the loss was noticed: {before}; by the loss, then by the limit: {after}")
    print(f"seen: ended by the loss, and not by the limit, which was over: the block went on without one: {lost}")
    return 0 if lost and before and before + after + lost == TURNS else CHANGED


raise SystemExit(asyncio.run(main()))
PY
