"""The laptop's broker in a container: one service, the user of GT_AMQP_URL, published on 127.0.0.1 only."""

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
    """Docker with its compose plugin, known to work; `program` is the path of `docker`."""

    program: str

    @classmethod
    def find(cls, path: str | None = None) -> Compose | None:
        """Docker, if the compose plugin is there and the engine answers within 10 seconds, else None."""
        program = shutil.which("docker", path=path)
        if program and _succeeds([program, "compose", "version"]) and _succeeds([program, "info"]):
            return cls(program)
        return None

    def up(self, url: AmqpUrl) -> None:
        """Start the container and wait until it is healthy.

        Raises:
            BrokerError: compose failed; the message is its last line
        """
        done = self._run(url, "up", "--detach", "--wait", "--quiet-pull", "rabbitmq")
        if done.returncode != 0:
            last = (done.stderr or done.stdout).strip().splitlines()[-1:] or ["no message"]
            raise BrokerError(f"docker compose could not start the broker: {last[0]}")

    def down(self, url: AmqpUrl) -> bool:
        """Remove the container, keep its data; whether there was one."""
        there = bool(self._run(url, "ps", "--all", "--quiet").stdout.strip())
        return there and self._run(url, "down").returncode == 0

    def _run(self, url: AmqpUrl, *arguments: str) -> subprocess.CompletedProcess[str]:
        # Through the environment: an argument list can be read by every user of the machine.
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
