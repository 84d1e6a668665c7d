"""The command line of `ops/broker`."""

from __future__ import annotations

import argparse
import os
import signal
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import FrameType

from toolbox.broker.node import Node
from toolbox.broker.service import CHECKOUT, DEFAULT_DIRECTORY, Service
from toolbox.broker.url import configured_url
from toolbox.errors import DONE, UNREACHABLE, USAGE, BrokerError

EPILOG = """The address is GT_AMQP_URL of the environment or .env, by default amqp://guest:guest@127.0.0.1:5672/

`up` does nothing if a broker already answers there. Otherwise it starts one, in the first way that works:
  1. a container, with Docker compose
  2. a private node of an installed RabbitMQ, with its data in .broker/
  3. the same after installing rabbitmq-server with apt-get, as root or with sudo without a password
GT_RABBITMQ_BIN (environment) names a folder with rabbitmq-server and rabbitmqctl to use instead.

example: GT_AMQP_URL=amqp://guest:guest@127.0.0.1:5999/ ops/broker up
exit codes: 0 a broker answers, 2 wrong usage, 3 no broker answers and none could be started"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; return the exit code."""
    arguments = _parser().parse_args(argv)
    try:
        if arguments.command == "node":
            return _node(arguments)
        service = Service(configured_url(os.environ, CHECKOUT / ".env"), arguments.dir)
        action: dict[str, Callable[[], str]] = {
            "up": service.up,
            "down": service.down,
            "status": service.status,
        }
        print(f"broker: {action[arguments.command]()}")
    except BrokerError as error:
        print(f"broker: {error}", file=sys.stderr)
        return error.exit_code
    except OSError as error:
        print(f"broker: {error.filename or arguments.dir}: {error.strerror}", file=sys.stderr)
        return UNREACHABLE
    return DONE


def _node(arguments: argparse.Namespace) -> int:
    """Start one private node, print its address, and stop it on SIGTERM or SIGINT.

    Raises:
        BrokerError: --port is missing, or the node did not start or ended by itself
    """
    if not arguments.port:
        raise BrokerError("ops/broker node needs --port", USAGE)
    signal.signal(signal.SIGTERM, _end)
    signal.signal(signal.SIGINT, _end)
    node = Node.create(arguments.dir, arguments.port, epmd_port=arguments.epmd_port, name=arguments.name)
    try:
        greeting = node.start()
        print(f"broker: {greeting} answers at {node.url}", flush=True)
        while node.running():
            time.sleep(0.5)
    finally:
        node.stop()
    raise BrokerError(f"the RabbitMQ node at {node.url} has ended; see {node.directory}/console.log")


def _end(_number: int, _frame: FrameType | None) -> None:
    """Leave through the `finally` that stops the node; further signals must not interrupt that."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    raise SystemExit(DONE)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="ops/broker",
        description="Make a RabbitMQ broker available at GT_AMQP_URL.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "command",
        nargs="?",
        default="up",
        choices=["up", "down", "status", "node"],
        help="up (default): start a broker if none answers; down: stop what up started; status: show what "
        "answers; node: run a private node in the foreground until SIGTERM",
    )
    parser.add_argument(
        "--dir",
        type=Path,
        default=DEFAULT_DIRECTORY,
        help="data folder of the private node (default: .broker)",
    )
    parser.add_argument("--port", type=int, default=0, help="AMQP port of the node (node only)")
    parser.add_argument(
        "--epmd-port", type=int, default=0, help="port of the node's epmd (node only; default: a free one)"
    )
    parser.add_argument("--name", default="", help="node name (node only; default: gt-batch@localhost)")
    return parser
