"""The command line of `ops/rabbitmq/make_users`."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from toolbox.errors import DONE, USAGE, BrokerError
from toolbox.users.roles import commands, definitions, read_roles, users_from

EXAMPLES = """examples:
  ops/rabbitmq/make_users commands                     print the rabbitmqctl commands to type
  ops/rabbitmq/make_users definitions --output users.json
                                                       then: rabbitmqctl import_definitions users.json

`definitions` reads each password from RABBITMQ_<ROLE>_PASSWORD, or from the file that
RABBITMQ_<ROLE>_PASSWORD_FILE names, and writes salted hashes.
exit codes: 0 done, 2 wrong usage, a password is missing or the file cannot be written"""


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
    if not arguments.output:
        sys.stdout.write(text)
        return DONE
    try:
        _write(arguments.output, text, arguments.owner)
    except OSError as error:
        print(f"make_users: cannot write {arguments.output}: {error.strerror}", file=sys.stderr)
        return USAGE
    return DONE


def _write(path: Path, text: str, owner: tuple[int, int] | None) -> None:
    """Write a file in one step, so that a broker never reads half of it; only its owner may read it."""
    partial = path.with_name(path.name + ".partial")
    partial.unlink(missing_ok=True)
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
        if owner:
            os.fchown(descriptor, *owner)
    partial.replace(path)


def _owner(text: str) -> tuple[int, int]:
    user, _, group = text.partition(":")
    return int(user), int(group)


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
    parser.add_argument(
        "--output", type=Path, help="write to this file, mode 0600, instead of standard output"
    )
    parser.add_argument(
        "--owner", type=_owner, metavar="UID:GID", help="owner of the file: the user that the broker runs as"
    )
    return parser
