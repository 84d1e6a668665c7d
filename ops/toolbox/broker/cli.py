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

EPILOG = """GT_AMQP_URL (environment, else .env) says where: default amqp://guest:guest@127.0.0.1:5672/

`up` is content with a broker that answers there. Else it starts one: with Docker compose; else a private
node of an installed RabbitMQ, with its data in .broker/; else, on Debian and Ubuntu as root or with a sudo
that asks for no password, it installs rabbitmq-server first. GT_RABBITMQ_BIN (environment) names the folder
of another RabbitMQ's rabbitmq-server and rabbitmqctl, to be taken instead.

example: GT_AMQP_URL=amqp://guest:guest@127.0.0.1:5999/ ops/broker up
exit codes: 0 a broker answers, 2 wrong usage, 3 none answers and none could be started"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; gives the exit code."""
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
    """Start one private node, say where, and stay until SIGTERM or SIGINT; then stop it."""
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
    raise BrokerError(f"the RabbitMQ node at {node.url} ended by itself; see {node.directory}/console.log")


def _end(_number: int, _frame: FrameType | None) -> None:
    """Leave by way of the `finally` that stops the node; once, a second signal must not disturb that."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    raise SystemExit(DONE)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="ops/broker",
        description="Make a RabbitMQ broker answer at GT_AMQP_URL.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "command",
        nargs="?",
        default="up",
        choices=["up", "down", "status", "node"],
        help="up (default); down: stop what up started; status; node: run one private node until SIGTERM",
    )
    parser.add_argument(
        "--dir", type=Path, default=DEFAULT_DIRECTORY, help="folder of the private node (default: .broker)"
    )
    parser.add_argument("--port", type=int, default=0, help="AMQP port, for node")
    parser.add_argument(
        "--epmd-port", type=int, default=0, help="port of its name service, for node (default: a free one)"
    )
    parser.add_argument("--name", default="", help="node name, for node (default: gt-batch@localhost)")
    return parser
