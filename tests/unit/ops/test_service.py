"""The order in which a broker is made available; small scripts and servers replace the real ones."""

from __future__ import annotations

from pathlib import Path

import pytest
from toolbox.broker.docker import Compose
from toolbox.broker.service import Service
from toolbox.broker.url import AmqpUrl
from toolbox.errors import UNREACHABLE, BrokerError
from toolbox.system.processes import free_port

from support.peers import peer, start_frame


def service(port: int, directory: Path, *, host: str = "127.0.0.1", tls: bool = False) -> Service:
    """A service that finds no Docker."""
    url = AmqpUrl(host, port, "guest", "secret-word", "/", tls=tls)
    return Service(url, directory, find_compose=lambda: None)


def docker(folder: Path, body: str) -> str:
    """A search path with a `docker` of the tests on it."""
    folder.mkdir()
    program = folder / "docker"
    program.write_text(f"#!/bin/sh\n{body}\n")
    program.chmod(0o755)
    return str(folder)


def test_a_broker_that_answers_is_used_and_nothing_is_written(tmp_path: Path) -> None:
    with peer(start_frame(product="RabbitMQ", version="4.2.1")) as port:
        said = service(port, tmp_path / "state").up()
    assert said == f"RabbitMQ 4.2.1 already answers at 127.0.0.1:{port}"
    assert not (tmp_path / "state").exists()


def test_no_broker_is_started_for_the_address_of_another_machine(tmp_path: Path) -> None:
    # 192.0.2.0/24 is reserved for documentation (RFC 5737): nothing answers there.
    with pytest.raises(
        BrokerError, match=r"192\.0\.2\.1:5672, and none can be started on another machine"
    ) as caught:
        service(5672, tmp_path, host="192.0.2.1").up()
    assert caught.value.exit_code == UNREACHABLE


def test_no_broker_is_started_where_tls_is_asked_for(tmp_path: Path) -> None:
    with pytest.raises(BrokerError, match="with TLS"):
        service(free_port(), tmp_path, tls=True).up()


def test_a_port_taken_by_another_program_is_named(tmp_path: Path) -> None:
    with (
        peer(b"HTTP/1.1 400 Bad Request\r\n\r\n") as port,
        pytest.raises(BrokerError, match=f"port {port} is in use"),
    ):
        service(port, tmp_path).up()


def test_status_without_a_broker_says_how_to_start_one(tmp_path: Path) -> None:
    with pytest.raises(BrokerError, match="start one with ops/broker up") as caught:
        service(free_port(), tmp_path).status()
    assert caught.value.exit_code == UNREACHABLE


def test_down_leaves_brokers_of_others_alone(tmp_path: Path) -> None:
    with peer(start_frame()) as port:
        assert service(port, tmp_path).down().startswith("nothing to stop")
        assert service(port, tmp_path).status() == f"AMQP broker answers at 127.0.0.1:{port}"


@pytest.mark.parametrize("broken", ["compose", "info"])
def test_docker_counts_only_with_compose_and_an_engine(broken: str, tmp_path: Path) -> None:
    assert Compose.find(docker(tmp_path / "broken", f'[ "$1" != {broken} ]')) is None
    assert Compose.find(docker(tmp_path / "whole", "exit 0")) is not None


def test_compose_gets_the_user_through_its_environment_only(tmp_path: Path) -> None:
    log = tmp_path / "log"
    path = docker(
        tmp_path / "bin",
        f'echo "$*" >> {log}; echo "$BROKER_USER $BROKER_PASSWORD $BROKER_VHOST $BROKER_PORT" > {log}.env',
    )
    compose = Compose.find(path)
    assert compose is not None
    compose.up(AmqpUrl("127.0.0.1", 5999, "me", "secret-word", "gt", tls=False))
    assert (
        log.read_text()
        .splitlines()[-1]
        .endswith("docker-compose.dev.yml up --detach --wait --quiet-pull rabbitmq")
    )
    assert "secret-word" not in log.read_text()
    assert Path(f"{log}.env").read_text() == "me secret-word gt 5999\n"


def test_what_compose_complains_of_is_quoted(tmp_path: Path) -> None:
    compose = Compose(
        docker(tmp_path / "bin", "echo pulling >&2; echo 'no space left' >&2; exit 1") + "/docker"
    )
    with pytest.raises(BrokerError, match="could not start the broker: no space left"):
        compose.up(AmqpUrl("127.0.0.1", 5999, "me", "secret-word", "gt", tls=False))
