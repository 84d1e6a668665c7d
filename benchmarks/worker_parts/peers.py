"""The peers, as their documentation sets them up: durable quorum queues, acks after the work.

    python peers.py aio-pika|celery|dramatiq|faststream|taskiq work SLOTS|publish FIRST END

Each program consumes a queue named GT_BENCH_QUEUE at GT_AMQP_URL; the task is `noop.make_as_a_task`.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from noop import make_as_a_task

QUEUE = os.environ.get("GT_BENCH_QUEUE", "bench")
URL = os.environ.get("GT_AMQP_URL", "amqp://guest:guest@127.0.0.1:5672/")
QUORUM = {"x-queue-type": "quorum"}
IN_FLIGHT = 100


# -- bare aio-pika ---------------------------------------------------------------------------------------


async def _aio_pika_work(slots: int) -> None:
    import aio_pika

    connection = await aio_pika.connect(URL)
    channel = await connection.channel()
    await channel.set_qos(slots)
    queue = await channel.declare_queue(QUEUE, durable=True, arguments=QUORUM)

    async def on_message(message: aio_pika.abc.AbstractIncomingMessage) -> None:
        await asyncio.to_thread(make_as_a_task, int(message.body))
        await message.ack()

    await queue.consume(on_message)
    await asyncio.Event().wait()


async def _aio_pika_publish(first: int, end: int) -> None:
    import aio_pika

    connection = await aio_pika.connect(URL)
    channel = await connection.channel(publisher_confirms=True)
    await channel.declare_queue(QUEUE, durable=True, arguments=QUORUM)

    async def publish(number: int) -> None:
        message = aio_pika.Message(
            str(number).encode(), delivery_mode=2, content_type="application/json", message_id=str(number)
        )
        await channel.default_exchange.publish(message, QUEUE)

    await _in_groups(publish, first, end)
    await channel.close()
    await connection.close()


async def _in_groups(publish: Callable[[int], object], first: int, end: int) -> None:
    for begin in range(first, end, IN_FLIGHT):
        await asyncio.gather(*(publish(n) for n in range(begin, min(end, begin + IN_FLIGHT))))


# -- Celery ----------------------------------------------------------------------------------------------


def _celery() -> tuple[object, object]:
    import celery
    import kombu

    app = celery.Celery("bench", broker=URL)
    app.conf.update(
        task_queues=[kombu.Queue(QUEUE, queue_arguments=QUORUM)],
        task_default_queue=QUEUE,
        task_acks_late=True,
        task_ignore_result=True,
        worker_prefetch_multiplier=1,
        worker_enable_remote_control=False,
        broker_transport_options={"confirm_publish": True},
        broker_connection_retry_on_startup=True,
    )
    return app, app.task(make_as_a_task, name="make")


def _celery_work(slots: int) -> None:
    app, _ = _celery()
    options = ["--pool=prefork", f"--concurrency={slots}", "--without-gossip", "--without-mingle"]
    app.worker_main(["worker", "--loglevel=WARNING", "--without-heartbeat", *options])


def _celery_publish(first: int, end: int) -> None:
    app, task = _celery()
    with app.producer_or_acquire() as producer:
        for number in range(first, end):
            task.apply_async((number,), producer=producer)


# -- Dramatiq --------------------------------------------------------------------------------------------


def _dramatiq() -> tuple[object, object]:
    import dramatiq
    from dramatiq.brokers.rabbitmq import RabbitmqBroker

    class Broker(RabbitmqBroker):
        def _build_queue_arguments(self, queue_name: str) -> dict[str, object]:
            return {**super()._build_queue_arguments(queue_name), **QUORUM}

    broker = Broker(url=URL, confirm_delivery=True)
    dramatiq.set_broker(broker)
    return broker, dramatiq.actor(make_as_a_task, queue_name=QUEUE)


def _dramatiq_work(slots: int) -> None:
    # As many processes as this machine has processors, its default, where the slots allow that.
    processes = min(os.cpu_count() or 1, slots) if slots > 2 else 1
    os.environ["dramatiq_queue_prefetch"] = str(slots // processes)  # noqa: SIM112 - its name
    counts = ["--processes", str(processes), "--threads", str(slots // processes)]
    path = ["--path", str(Path(__file__).parent)]
    program = [sys.executable, "-m", "dramatiq", *path, *counts, "dramatiq_peer"]
    os.execv(sys.executable, program)  # noqa: S606


def _dramatiq_publish(first: int, end: int) -> None:
    _, actor = _dramatiq()
    for number in range(first, end):
        actor.send(number)


# -- FastStream ------------------------------------------------------------------------------------------


def _faststream(slots: int) -> tuple[object, object]:
    from faststream.rabbit import Channel, QueueType, RabbitBroker, RabbitQueue

    broker = RabbitBroker(URL, default_channel=Channel(prefetch_count=slots), logger=None)
    queue = RabbitQueue(QUEUE, queue_type=QueueType.QUORUM, durable=True)
    return broker, queue


async def _faststream_work(slots: int) -> None:
    from faststream import FastStream

    broker, queue = _faststream(slots)

    @broker.subscriber(queue)
    async def handle(number: int) -> None:
        await asyncio.to_thread(make_as_a_task, number)

    await FastStream(broker, logger=None).run()


async def _faststream_publish(first: int, end: int) -> None:
    broker, queue = _faststream(1)
    async with broker:
        await broker.start()
        await broker.declare_queue(queue)

        async def publish(number: int) -> None:
            await broker.publish(number, QUEUE, persist=True)

        await _in_groups(publish, first, end)


# -- Taskiq ----------------------------------------------------------------------------------------------


def _taskiq(slots: int) -> tuple[object, object]:
    from taskiq_aio_pika import AioPikaBroker, Queue, QueueType

    broker = AioPikaBroker(URL, qos=slots, delay_queue=None)
    broker = broker.with_queue(Queue(name=QUEUE, type=QueueType.QUORUM, durable=True))

    async def make(number: int) -> None:
        await asyncio.to_thread(make_as_a_task, number)

    return broker, broker.register_task(make, task_name="make")


def _taskiq_work(slots: int) -> None:
    os.environ["GT_BENCH_SLOTS"] = str(slots)
    counts = ["--workers", "1", "--max-async-tasks", str(slots), "--log-level", "ERROR"]
    os.chdir(Path(__file__).parent)
    program = [sys.executable, "-m", "taskiq", "worker", "taskiq_peer:broker", *counts]
    os.execv(sys.executable, program)  # noqa: S606


async def _taskiq_publish(first: int, end: int) -> None:
    broker, task = _taskiq(1)
    await broker.startup()
    await _in_groups(task.kiq, first, end)
    await broker.shutdown()


PEERS = {
    "aio-pika": (_aio_pika_work, _aio_pika_publish),
    "celery": (_celery_work, _celery_publish),
    "dramatiq": (_dramatiq_work, _dramatiq_publish),
    "faststream": (_faststream_work, _faststream_publish),
    "taskiq": (_taskiq_work, _taskiq_publish),
}


def main() -> None:
    """Work, or publish."""
    name, role, *numbers = sys.argv[1:]
    action = partial(PEERS[name][0 if role == "work" else 1], *map(int, numbers))
    if asyncio.iscoroutinefunction(action.func):
        asyncio.run(action())
    else:
        action()


if __name__ == "__main__":
    main()
