"""The local broker in a container: one service with the user of GT_AMQP_URL, published on 127.0.0.1 only."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from toolbox.broker.url import AmqpUrl
from toolbox.errors import BrokerError

COMPOSE_FILE = Path(__file__).resolve().parents[2] / "rabbitmq" / "docker-compose.dev.yml"
PULL_SECONDS = 900.0


@dataclass(frozen=True)
class Compose:
    """A working Docker with its compose plugin.

    Parameters:
        program: path of `docker`
    """

    program: str

    @classmethod
    def find(cls, path: str | None = None) -> Compose | None:
        """Return Docker, or None without the compose plugin or an engine that answers within 10 seconds."""
        program = shutil.which("docker", path=path)
        if program and _succeeds([program, "compose", "version"]) and _succeeds([program, "info"]):
            return cls(program)
        return None

    def up(self, url: AmqpUrl) -> None:
        """Start the container and wait until it is healthy.

        Raises:
            BrokerError: compose failed; the message has its last line
        """
        done = self._run(url, "up", "--detach", "--wait", "--quiet-pull", "rabbitmq")
        if done.returncode != 0:
            last = (done.stderr or done.stdout).strip().splitlines()[-1:] or ["no message"]
            raise BrokerError(f"docker compose could not start the broker: {last[0]}")

    def down(self, url: AmqpUrl) -> bool:
        """Remove the container and keep its data; return whether there was one."""
        there = bool(self._run(url, "ps", "--all", "--quiet").stdout.strip())
        return there and self._run(url, "down").returncode == 0

    def _run(self, url: AmqpUrl, *arguments: str) -> subprocess.CompletedProcess[str]:
        # In the environment, because every user of the machine can read command lines.
        environment = os.environ | {
            "BROKER_PORT": str(url.port),
            "BROKER_USER": url.user,
            "BROKER_PASSWORD": url.password,
            "BROKER_VHOST": url.vhost,
        }
        command = [self.program, "compose", "--file", str(COMPOSE_FILE), *arguments]
        try:
            return subprocess.run(
                command, env=environment, capture_output=True, text=True, timeout=PULL_SECONDS, check=False
            )
        except subprocess.TimeoutExpired:
            raise BrokerError(f"docker compose {arguments[0]} took longer than {PULL_SECONDS:g} s") from None


def _succeeds(command: list[str]) -> bool:
    try:
        return subprocess.run(command, capture_output=True, timeout=10.0, check=False).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False
