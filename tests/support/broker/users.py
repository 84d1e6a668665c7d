"""A virtual host with a user of each role, as `ops/rabbitmq/make_users` writes them."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from pydantic import SecretStr
from toolbox.users.roles import password_variable, read_roles

from gt_common.settings import Settings, load_settings
from support.broker.node import PrivateNode

_SCRIPT = Path(__file__).resolve().parents[3] / "ops" / "rabbitmq" / "make_users"
ROLES = tuple(read_roles("gt"))
# With spaces and signs, which a URL escapes.
_PASSWORDS = {role: f"{role} p/@ss" for role in ROLES}


@dataclass(frozen=True)
class Users:
    """The users of a namespace, in a virtual host of the same name; no topology is declared yet."""

    node: PrivateNode
    namespace: str

    def password(self, role: str) -> str:
        """Return the password of a role's user."""
        return _PASSWORDS[role]

    def url(self, role: str) -> str:
        """Return the address with the user of a role."""
        return self.node.url_for(f"{self.namespace}-{role}", self.password(role), self.namespace)

    def settings(self, role: str, **more: object) -> Settings:
        """Return the settings of a command that logs in as the user of a role."""
        return load_settings(amqp_url=SecretStr(self.url(role)), namespace=self.namespace, **more)


def make_users(node: PrivateNode, namespace: str) -> Users:
    """Add the users to a node; each module has a namespace of its own."""
    made = subprocess.run(
        [sys.executable, _SCRIPT, "definitions", "--namespace", namespace, "--vhost", namespace],
        env=os.environ | {password_variable(role): password for role, password in _PASSWORDS.items()},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    node.import_definitions(made.stdout)
    return Users(node, namespace)
