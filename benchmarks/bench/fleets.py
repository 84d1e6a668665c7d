"""A namespace of the broker with a ledger, for the commands of one checkout; and messages put into it."""

from __future__ import annotations

import asyncio
import os
import secrets
import subprocess
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from itertools import islice
from pathlib import Path

IN_FLIGHT = 500
EXCHANGES = ("results", "dlx")

Routed = tuple[str, str, bytes]
"""Exchange without its namespace, routing key and body of a message."""


@contextmanager
def fleet(bin_folder: Path) -> Iterator[dict[str, str]]:
    """Declare a namespace for one build, with an empty ledger; yield the environment of its commands."""
    with tempfile.TemporaryDirectory() as folder:
        environment = {
            **os.environ,
            "GT_NAMESPACE": f"bench{secrets.token_hex(4)}",
            "GT_STATE_DIR": f"{folder}/state",
            "GT_LEDGER_URL": f"sqlite:///{folder}/ledger.db",
        }
        made = "import os; from gt_common.ledger import open_ledger; open_ledger(os.environ['GT_LEDGER_URL'])"
        subprocess.run([bin_folder / "python", "-c", made], env=environment, check=True)
        topology = bin_folder / "gt-topology"
        subprocess.run([topology, "declare"], env=environment, check=True, capture_output=True)
        try:
            yield environment
        finally:
            subprocess.run([topology, "delete", "-y"], env=environment, check=True, capture_output=True)


def put(messages: Iterable[Routed], environment: Mapping[str, str]) -> None:
    """Publish persistent messages into a fleet's exchanges and wait for every confirm."""
    asyncio.run(_put(messages, environment))


async def _put(messages: Iterable[Routed], environment: Mapping[str, str]) -> None:
    import aio_pika  # not needed by the scripts that only declare

    url = environment.get("GT_AMQP_URL", "amqp://guest:guest@127.0.0.1:5672/")
    namespace = environment["GT_NAMESPACE"]
    left = iter(messages)
    async with await aio_pika.connect(url) as connection:
        channel = await connection.channel(publisher_confirms=True, on_return_raises=True)
        exchanges = {
            name: await channel.get_exchange(f"{namespace}.{name}", ensure=False) for name in EXCHANGES
        }

        async def publish(name: str, key: str, body: bytes) -> None:
            ready = aio_pika.Message(
                body, content_type="application/json", delivery_mode=aio_pika.DeliveryMode.PERSISTENT
            )
            await exchanges[name].publish(ready, key)

        while group := [*islice(left, IN_FLIGHT)]:
            await asyncio.gather(*(publish(*message) for message in group))
