"""One RabbitMQ user per role, with the fewest rights it needs, as definitions or commands for a broker."""

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
from toolbox.secret_variables import secret

ROLES_FILE = Path(__file__).resolve().parents[2] / "rabbitmq" / "roles.json"
SALT_BYTES = 4
# Valid values of GT_NAMESPACE.
NAMESPACE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,40}")


@dataclass(frozen=True)
class Role:
    """Rights of the user `<namespace>-<role>`, as patterns for the names of exchanges and queues."""

    user: str
    tags: str
    configure: str
    write: str
    read: str


@dataclass(frozen=True)
class User:
    """A user to create, with its rights in one virtual host."""

    role: Role
    password: str


def read_roles(namespace: str, path: Path = ROLES_FILE) -> dict[str, Role]:
    """Read the roles of `roles.json` for one namespace (GT_NAMESPACE), by name.

    Raises:
        BrokerError: the namespace is invalid (exit code 2)
    """
    if not NAMESPACE.fullmatch(namespace):
        raise BrokerError(
            f"invalid namespace {namespace!r}: use at most 41 letters, digits, dashes and underscores", USAGE
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
    """Return the environment variable of a role's password, such as RABBITMQ_WORKER_PASSWORD."""
    return f"RABBITMQ_{role.upper()}_PASSWORD"


def users_from(environment: Mapping[str, str], roles: Mapping[str, Role]) -> list[User]:
    """Return one user per role, with its password from the environment or from the file named there.

    Raises:
        BrokerError: passwords are missing (exit code 2); the message names all of them
    """
    passwords = {name: secret(environment, password_variable(name)) for name in roles}
    missing = [password_variable(name) for name, password in passwords.items() if not password]
    if missing:
        raise BrokerError(f"no password in {', '.join(missing)}; see .env.example", USAGE)
    return [User(roles[name], password) for name, password in passwords.items() if password]


def password_hash(password: str, salt: bytes | None = None) -> str:
    """Return RabbitMQ's salted SHA-256: base64(salt + sha256(salt + password)), with a salt of 4 bytes."""
    salt = secrets.token_bytes(SALT_BYTES) if salt is None else salt
    return base64.b64encode(salt + hashlib.sha256(salt + password.encode()).digest()).decode("ascii")


def definitions(vhost: str, users: list[User]) -> dict[str, object]:
    """Return a definitions document with one virtual host and these users; it has hashes, not passwords."""
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
    """Return shell commands that create the same users, reading each password from its variable."""
    lines = [f"rabbitmqctl add_vhost {shlex.quote(vhost)}"]
    for name, role in roles.items():
        rights = " ".join(shlex.quote(right) for right in (role.configure, role.write, role.read))
        user = shlex.quote(role.user)
        lines.append(f"printenv {password_variable(name)} | rabbitmqctl add_user {user}")
        if role.tags:
            lines.append(f"rabbitmqctl set_user_tags {user} {role.tags}")
        lines.append(f"rabbitmqctl set_permissions -p {shlex.quote(vhost)} {user} {rights}")
    return [*lines, "rabbitmqctl delete_user guest"]
