"""One RabbitMQ user per role, with the least rights it needs: the definitions a broker loads."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import secrets
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from toolbox.errors import USAGE, BrokerError

ROLES_FILE = Path(__file__).resolve().parents[2] / "rabbitmq" / "roles.json"
SALT_BYTES = 4
# The names GT_NAMESPACE may have.
NAMESPACE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,40}")


@dataclass(frozen=True)
class Role:
    """What the user `<namespace>-<role>` may do; the patterns match names of exchanges and queues."""

    user: str
    tags: str
    configure: str
    write: str
    read: str


@dataclass(frozen=True)
class User:
    """A user to be made, with its rights in one virtual host."""

    role: Role
    password: str


def read_roles(namespace: str, path: Path = ROLES_FILE) -> dict[str, Role]:
    """The roles of `roles.json` for one namespace (GT_NAMESPACE).

    Raises:
        BrokerError: the namespace cannot be part of a name (exit code 2)
    """
    if not NAMESPACE.fullmatch(namespace):
        raise BrokerError(
            f"{namespace!r} is no namespace: letters, digits, dashes, underscores, at most 41", USAGE
        )
    raw: dict[str, dict[str, str]] = json.loads(path.read_text(encoding="utf-8"))
    escaped = re.escape(namespace)
    return {
        name: Role(
            user=f"{namespace}-{name}",
            tags=role["tags"],
            configure=role["configure"].replace("{ns}", escaped),
            write=role["write"].replace("{ns}", escaped),
            read=role["read"].replace("{ns}", escaped),
        )
        for name, role in raw.items()
    }


def password_variable(role: str) -> str:
    """The environment variable with the password of a role: RABBITMQ_WORKER_PASSWORD."""
    return f"RABBITMQ_{role.upper()}_PASSWORD"


def users_from(environment: Mapping[str, str], roles: Mapping[str, Role]) -> list[User]:
    """One user per role, its password from the environment.

    Raises:
        BrokerError: a password is missing (exit code 2); all missing ones are named
    """
    missing = [password_variable(name) for name in roles if not environment.get(password_variable(name))]
    if missing:
        raise BrokerError(f"no password in {', '.join(missing)}; see .env.example", USAGE)
    return [User(role, environment[password_variable(name)]) for name, role in roles.items()]


def password_hash(password: str, salt: bytes | None = None) -> str:
    """RabbitMQ's salted SHA-256: base64(salt + sha256(salt + password)), the salt 4 random bytes."""
    salt = secrets.token_bytes(SALT_BYTES) if salt is None else salt
    return base64.b64encode(salt + hashlib.sha256(salt + password.encode()).digest()).decode("ascii")


def definitions(vhost: str, users: list[User]) -> dict[str, object]:
    """A definitions document with these users and one virtual host; it holds hashes, no passwords."""
    return {
        "vhosts": [{"name": vhost}],
        "users": [
            {
                "name": user.role.user,
                "password_hash": password_hash(user.password),
                "hashing_algorithm": "rabbit_password_hashing_sha256",
                "tags": user.role.tags,
            }
            for user in users
        ],
        "permissions": [
            {
                "user": user.role.user,
                "vhost": vhost,
                "configure": user.role.configure,
                "write": user.role.write,
                "read": user.role.read,
            }
            for user in users
        ],
    }


def commands(vhost: str, roles: Mapping[str, Role]) -> list[str]:
    """The same by hand: shell commands that read each password from a variable, through standard input."""
    lines = [f"rabbitmqctl add_vhost {shlex.quote(vhost)}"]
    for name, role in roles.items():
        rights = " ".join(shlex.quote(right) for right in (role.configure, role.write, role.read))
        user = shlex.quote(role.user)
        lines.append(f"printenv {password_variable(name)} | rabbitmqctl add_user {user}")
        if role.tags:
            lines.append(f"rabbitmqctl set_user_tags {user} {role.tags}")
        lines.append(f"rabbitmqctl set_permissions -p {shlex.quote(vhost)} {user} {rights}")
    return [*lines, "rabbitmqctl delete_user guest"]
