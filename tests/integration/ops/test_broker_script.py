"""`ops/broker` as it is typed, with a private node: never the one that runs on the machine."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from toolbox.broker.probe import greet
from toolbox.broker.url import parse_url
from toolbox.errors import BrokerError
from toolbox.system.processes import free_port

from support.broker.node import PrivateNode, needs_rabbitmq

SCRIPT = Path(__file__).resolve().parents[3] / "ops" / "broker"


def broker(*arguments: str, url: str, timeout: float = 90.0) -> subprocess.CompletedProcess[str]:
    """Run the script with GT_AMQP_URL, on a PATH without Docker's engine."""
    environment = os.environ | {"GT_AMQP_URL": url, "DOCKER_HOST": "tcp://127.0.0.1:9"}
    return subprocess.run(
        [sys.executable, str(SCRIPT), *arguments],
        env=environment,
        capture_output=True,
        text=True,
        timeout=timeout,
    )


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PrivateNode]:
    """Yield one node for the tests of this module; a space in its path is part of the test."""
    with PrivateNode.start(tmp_path_factory.mktemp("private node")) as node:
        yield node


def test_help_tells_the_ways_and_the_exit_codes() -> None:
    done = broker("--help", url="amqp://127.0.0.1/")
    assert done.returncode == 0
    assert "GT_AMQP_URL" in done.stdout
    assert "exit codes: 0" in done.stdout


@pytest.mark.parametrize("command", ["up", "status"])
def test_another_machine_is_refused_in_one_line(command: str) -> None:
    done = broker(command, url="amqp://me:hunter2@192.0.2.1/")
    assert done.returncode == 3
    assert done.stdout == ""
    assert len(done.stderr.splitlines()) == 1
    assert "192.0.2.1:5672" in done.stderr
    assert "hunter2" not in done.stderr


def test_a_folder_that_cannot_be_made_is_told_in_one_line() -> None:
    done = broker("node", "--dir", "/proc/none", "--port", str(free_port()), url="amqp://127.0.0.1/")
    assert (done.returncode, done.stderr) == (3, "broker: /proc/none: No such file or directory\n")


def test_an_address_that_is_none_is_a_usage_error() -> None:
    done = broker(url="http://127.0.0.1/")
    assert (done.returncode, len(done.stderr.splitlines())) == (2, 1)


@pytest.mark.broker
@needs_rabbitmq
def test_up_starts_a_private_node_with_the_users_of_the_url_and_down_stops_it(tmp_path: Path) -> None:
    url = f"amqp://story%2Fteller:p%40ss@127.0.0.1:{free_port()}/gt"
    arguments = ("--dir", str(tmp_path / "state"))
    try:
        started = broker("up", *arguments, url=url)
        assert (started.returncode, started.stderr) == (0, "")
        assert "as a private node" in started.stdout
        assert len(started.stdout.splitlines()) == 1

        again = broker("up", *arguments, url=url)
        assert (again.returncode, "already answers" in again.stdout) == (0, True)
        assert "the private node in" in broker("status", *arguments, url=url).stdout
    finally:
        stopped = broker("down", *arguments, url=url)
    assert (stopped.returncode, stopped.stdout.startswith("broker: stopped the private node")) == (0, True)
    assert greet(parse_url(url)) is None
    assert broker("status", *arguments, url=url).returncode == 3


@pytest.mark.broker
@needs_rabbitmq
def test_a_node_in_the_foreground_lives_until_it_is_told_to_end(tmp_path: Path) -> None:
    url = f"amqp://guest:guest@127.0.0.1:{free_port()}/"
    command = [
        sys.executable,
        str(SCRIPT),
        "node",
        "--dir",
        str(tmp_path),
        "--port",
        str(parse_url(url).port),
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert f"answers at {parse_url(url)}" in process.stdout.readline()
        assert greet(parse_url(url)) is not None
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=60) == 0
    assert greet(parse_url(url)) is None


@pytest.mark.broker
@needs_rabbitmq
class TestPrivateNode:
    """What tests may rely on when they kill a broker."""

    def test_it_is_recognised_and_not_counted_as_ours(self, node: PrivateNode, tmp_path: Path) -> None:
        done = broker("up", "--dir", str(tmp_path), url=node.amqp_url)
        assert (done.returncode, "already answers" in done.stdout) == (0, True)
        assert broker("down", "--dir", str(tmp_path), url=node.amqp_url).stdout.startswith(
            "broker: nothing to stop"
        )
        assert node.running()

    def test_it_listens_on_the_loopback_interface_only(self, node: PrivateNode) -> None:
        listeners = node.ctl("eval", "rabbit_networking:active_listeners().")
        assert re.search(rf"amqp,[^{{]*\{{127,0,0,1\}},{node.port},", "".join(listeners.split()))
        assert (
            node.ctl("eval", "application:get_env(kernel, inet_dist_use_interface).").strip()
            == "{ok,{127,0,0,1}}"
        )

    def test_it_runs_with_the_settings_of_the_project(self, node: PrivateNode) -> None:
        for name, value in (
            ("consumer_timeout", 86_400_000),
            ("max_message_size", 16_777_216),
            ("dead_letter_worker_publisher_confirm_timeout", 5000),
        ):
            assert node.ctl("eval", f"application:get_env(rabbit, {name}).").strip() == f"{{ok,{value}}}"
        elsewhere = node.ctl("eval", 'os:getenv("RABBITMQ_CONFIG_FILES").').strip().strip('"')
        assert list(Path(elsewhere).iterdir()) == [], "and with none of the service on this machine"

    def test_killed_and_restarted_it_has_its_data_on_the_same_port(self, node: PrivateNode) -> None:
        node.ctl("add_vhost", "kept")
        node.kill()
        assert not node.running()
        assert greet(parse_url(node.amqp_url)) is None
        node.restart()
        assert greet(parse_url(node.amqp_url)) is not None
        assert "kept" in node.ctl("list_vhosts").split()

    def test_an_error_of_rabbitmqctl_is_raised_with_its_text(self, node: PrivateNode) -> None:
        with pytest.raises(BrokerError, match=r"delete_vhost failed: .*no_such_vhost"):
            node.ctl("delete_vhost", "no_such_vhost")
