#!/usr/bin/env bash
# RabbitMQ that is killed within half a second of the declaration of a quorum queue has lost the queue's messages, confirmed ones included.
set -euo pipefail
. "$(dirname "$0")/lib.sh"
packages aio-pika==10.2.1 aiormq==7.2.4 pamqp==4.0.1
server=${GT_RABBITMQ_BIN:-/usr/lib/rabbitmq/bin}
if ! [ -x "$server/rabbitmq-server" ]; then
    echo "not run: it kills a broker of its own, so RabbitMQ must be installed (GT_RABBITMQ_BIN: the folder of rabbitmq-server)" >&2
    exit 3
fi
export SERVER="$server/rabbitmq-server"

run <<'PY'
"""Declare a quorum queue, publish ten messages, kill the node; how many are left after its next start?"""

import asyncio
import contextlib
import os
import secrets
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path

import aio_pika

CHANGED = 4
QUEUE = {"x-queue-type": "quorum"}
FOLDER = Path.cwd() / "node"
FOLDER.mkdir()
BOOT_S = 90.0
# With the node's own epmd in its process group nothing is left when that is killed.
LAUNCH = '[ -z "$1" ] || "$1" -address 127.0.0.1 -port "$ERL_EPMD_PORT" & exec "$2"'


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


PORT, DIST, EPMD = free_port(), free_port(), free_port()
URL = f"amqp://guest:guest@127.0.0.1:{PORT}/"
(FOLDER / "rabbitmq.conf").write_text(f"listeners.tcp.1 = 127.0.0.1:{PORT}\n")
ENVIRONMENT = os.environ | {
    "HOME": str(FOLDER),
    "RABBITMQ_NODENAME": f"finding{secrets.token_hex(4)}@localhost",
    "RABBITMQ_CONFIG_FILE": str(FOLDER / "rabbitmq.conf"),
    "RABBITMQ_CONF_ENV_FILE": str(FOLDER / "none"),
    "RABBITMQ_MNESIA_BASE": str(FOLDER / "data"),
    "RABBITMQ_LOG_BASE": str(FOLDER / "log"),
    "RABBITMQ_ENABLED_PLUGINS_FILE": str(FOLDER / "plugins"),
    "RABBITMQ_DIST_PORT": str(DIST),
    "ERL_EPMD_PORT": str(EPMD),
    "ERL_EPMD_ADDRESS": "127.0.0.1",
}
(FOLDER / "plugins").write_text("[].\n")


def start() -> subprocess.Popen[bytes]:
    with (FOLDER / "console").open("ab") as console:
        return subprocess.Popen(
            ["/bin/sh", "-c", LAUNCH, "sh", shutil.which("epmd") or "", os.environ["SERVER"]],
            env=ENVIRONMENT,
            stdin=subprocess.DEVNULL,
            stdout=console,
            stderr=console,
            start_new_session=True,
        )


def kill(node: subprocess.Popen[bytes]) -> None:
    os.killpg(node.pid, signal.SIGKILL)
    node.wait()
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", PORT))
            return
        time.sleep(0.1)


async def connected() -> aio_pika.abc.AbstractConnection:
    deadline = time.monotonic() + BOOT_S
    while True:
        try:
            return await aio_pika.connect(URL, timeout=5)
        except (OSError, asyncio.TimeoutError, aio_pika.exceptions.AMQPError):
            if time.monotonic() > deadline:
                raise
            await asyncio.sleep(0.5)


async def publish(name: str) -> str:
    connection = await connected()
    async with connection:
        channel = await connection.channel()
        await channel.declare_queue(name, durable=True, arguments=QUEUE)
        for _ in range(10):
            await channel.default_exchange.publish(aio_pika.Message(b"{}", delivery_mode=2), name)
        return str(connection.transport.connection.server_properties.get("version"))


async def left(name: str) -> tuple[int, str]:
    """Return how many messages the queue gives out, and whether it answers."""
    connection = await connected()
    async with connection:
        channel = await connection.channel()
        queue = await channel.get_queue(name, ensure=False)
        number = 0
        try:
            while await queue.get(fail=False, no_ack=True, timeout=15) is not None:
                number += 1
        except (asyncio.TimeoutError, aio_pika.exceptions.AMQPError):
            return number, "and does not answer"
        return number, "and answers"


def trial(name: str, seconds: float) -> tuple[str, int, str]:
    node = start()
    try:
        version = asyncio.run(publish(name))
        time.sleep(seconds)
        kill(node)
        node = start()
        return version, *asyncio.run(left(name))
    finally:
        kill(node)


version, soon, state = trial("soon", 0.0)
print(f"seen: RabbitMQ {version}")
print(f"seen: killed at once after ten confirms: the queue has {soon} messages {state}")
_, later, state_later = trial("later", 3.0)
print(f"seen: killed three seconds after ten confirms: the queue has {later} messages {state_later}")
raise SystemExit(0 if soon == 0 and later == 10 else CHANGED)
PY
