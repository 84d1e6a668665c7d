"""Only a peer that sends Connection.Start is a broker."""

from __future__ import annotations

import struct

import pytest
from toolbox.broker.probe import Greeting, greet, wait_for_greeting
from toolbox.broker.url import AmqpUrl
from toolbox.system.processes import free_port

from support.peers import peer, start_frame


def at(port: int) -> AmqpUrl:
    return AmqpUrl("127.0.0.1", port, "guest", "guest", "/", tls=False)


def test_a_broker_is_recognised_with_its_version() -> None:
    with peer(start_frame(cluster_name="rabbit@x", product="RabbitMQ", version="4.2.1")) as port:
        assert greet(at(port)) == Greeting("RabbitMQ", "4.2.1")


def test_a_broker_that_says_little_of_itself_is_one_too() -> None:
    with peer(start_frame()) as port:
        assert str(greet(at(port))) == "AMQP broker"


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"AMQP\x00\x00\x09\x01",
        b"HTTP/1.1 400 Bad Request\r\n\r\n",
        start_frame(product="RabbitMQ")[:20],
        struct.pack(">BHI", 1, 0, 12) + struct.pack(">HH", 20, 10) + bytes(8),
        struct.pack(">BHI", 1, 0, 2**31),
    ],
    ids=["silence", "protocol refused", "http", "cut short", "another method", "absurd size"],
)
def test_a_port_that_accepts_connections_is_no_broker(answer: bytes) -> None:
    with peer(answer) as port:
        assert greet(at(port)) is None


def test_waiting_ends_when_the_process_is_gone() -> None:
    assert wait_for_greeting(at(free_port()), 60.0, lambda: False) is None
