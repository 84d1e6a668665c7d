"""The command line of `ops/rabbitmq/make_users`."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from toolbox.errors import DONE, BrokerError
from toolbox.users.roles import commands, definitions, read_roles, users_from

EXAMPLES = """examples:
  ops/rabbitmq/make_users commands                     print the rabbitmqctl commands to type
  ops/rabbitmq/make_users definitions > users.json     then: rabbitmqctl import_definitions users.json

`definitions` reads each password from RABBITMQ_<ROLE>_PASSWORD and writes salted hashes.
exit codes: 0 done, 2 wrong usage or a password is missing"""


def main(argv: Sequence[str] | None = None) -> int:
    """Write definitions or commands to standard output or a file; return the exit code."""
    arguments = _parser().parse_args(argv)
    try:
        roles = read_roles(arguments.namespace)
        if arguments.form == "commands":
            text = "\n".join(commands(arguments.vhost, roles)) + "\n"
        else:
            document = definitions(arguments.vhost, users_from(os.environ, roles))
            text = json.dumps(document, indent=1) + "\n"
    except BrokerError as error:
        print(f"make_users: {error}", file=sys.stderr)
        return error.exit_code
    if arguments.output:
        _write(arguments.output, text)
    else:
        sys.stdout.write(text)
    return DONE


def _write(path: Path, text: str) -> None:
    """Write a file in one step, so that a broker never reads half of it."""
    partial = path.with_name(path.name + ".partial")
    partial.write_text(text, encoding="utf-8")
    partial.replace(path)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="ops/rabbitmq/make_users",
        description="Write RabbitMQ users, one per role of roles.json, each with the fewest rights it needs.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "form",
        choices=["definitions", "commands"],
        help="definitions: JSON for rabbitmqctl import_definitions; commands: single rabbitmqctl commands",
    )
    parser.add_argument(
        "--namespace",
        default=os.environ.get("GT_NAMESPACE") or "gt",
        help="prefix of users, exchanges and queues (default: GT_NAMESPACE or gt)",
    )
    parser.add_argument("--vhost", default="gt", help="virtual host of the users (default: gt)")
    parser.add_argument("--output", type=Path, help="write to this file instead of standard output")
    return parser
