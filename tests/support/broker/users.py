"""A node with a user of each role, as `ops/rabbitmq/make_users` writes them."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pydantic import SecretStr

from gt_common.settings import Settings, load_settings
from support.broker.node import PrivateNode

ROLES = ("topology", "producer", "worker", "aggregator", "dlq", "follower")
_ROOT = Path(__file__).resolve().parents[3]
_PASSWORDS = {f"RABBITMQ_{role.upper()}_PASSWORD": f"{role}secret" for role in ROLES}


@contextmanager
def node_with_roles(folder: Path) -> Iterator[PrivateNode]:
    """Start the node; no topology is declared yet."""
    made = subprocess.run(
        [sys.executable, _ROOT / "ops/rabbitmq/make_users", "definitions"],
        env=os.environ | _PASSWORDS,
        capture_output=True,
        text=True,
        check=True,
    )
    with PrivateNode.start(folder) as node:
        node.import_definitions(made.stdout)
        yield node


def settings_of(node: PrivateNode, role: str, **more: object) -> Settings:
    """Return the settings of a command that logs in as the user of a role."""
    url = node.url_for(f"gt-{role}", f"{role}secret", "gt")
    return load_settings(amqp_url=SecretStr(url), **more)
