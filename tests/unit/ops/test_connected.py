"""The containers' health check reads the kernel's table of connections."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parents[3] / "ops" / "images" / "connected.py"
linux_only = pytest.mark.skipif(not Path("/proc/net/tcp").exists(), reason="reads Linux's /proc/net")


def check(urls: str, variable: str = "GT_AMQP_URL") -> int:
    """Exit code of the health check for these brokers."""
    environment = os.environ | {variable: urls}
    return subprocess.run([sys.executable, str(SCRIPT)], env=environment, timeout=30).returncode


@linux_only
def test_a_connection_to_the_brokers_port_is_healthy_and_a_closed_one_not(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        url = f"amqp://u:p@other.example:1/,amqp://u:p@127.0.0.1:{port}/gt"
        # A listening socket alone is no connection.
        assert check(url) == 1
        with socket.create_connection(("127.0.0.1", port)):
            assert check(url) == 0
            (tmp_path / "url").write_text(f"{url}\n")
            assert check(str(tmp_path / "url"), "GT_AMQP_URL_FILE") == 0
            assert check("amqp://127.0.0.1:1/") == 1
        accepted, _address = server.accept()
        accepted.close()
        assert check(url) == 1
