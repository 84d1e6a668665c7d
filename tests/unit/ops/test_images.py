"""`ops/images/check` reads docker-compose.yml as compose does and says what it needs."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import yaml
from toolbox.errors import USAGE, BrokerError
from toolbox.images import cli
from toolbox.images.bases import full_name
from toolbox.images.compose import Mount, read_services
from toolbox.images.fleet import Fleet

ROOT = Path(__file__).resolve().parents[3]


def test_every_service_of_the_fleet_is_read(tmp_path: Path) -> None:
    fleet = Fleet(tmp_path)
    assert set(fleet.services) == set(yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"])
    worker = fleet.services["worker"]
    password = fleet.variables["RABBITMQ_WORKER_PASSWORD"]
    assert worker.environment["GT_AMQP_URL"] == f"amqp://gt-worker:{password}@rabbitmq:5672/gt"
    assert (worker.environment["GT_PREFETCH"], worker.environment["GT_LOG_LEVEL"]) == ("2", "")
    assert (worker.command, worker.entrypoint) == (("gt-consume",), None)
    assert worker.read_only
    assert worker.pids_limit == 4096
    assert Mount("./stories", "/stories", read_only=True) in worker.mounts
    assert fleet.services["report"].user == "1000:1000"
    assert set(fleet.dockerfiles.values()) == {
        str(path.relative_to(ROOT)) for path in (ROOT / "ops" / "images").glob("*.Dockerfile")
    }


def test_a_password_that_is_missing_is_named_in_the_words_of_the_file() -> None:
    with pytest.raises(
        BrokerError, match=r"^RABBITMQ_TOPOLOGY_PASSWORD: set it in \.env, see \.env\.example$"
    ):
        read_services(ROOT / "docker-compose.yml", {})


def test_folders_of_the_checkout_and_of_the_user_are_told_apart(tmp_path: Path) -> None:
    fleet = Fleet(tmp_path)
    assert fleet.volume("./ops") == ROOT / "ops"
    assert fleet.volume("./stories") == tmp_path / "volumes" / "stories"
    assert fleet.volume("outputs") == tmp_path / "volumes" / "outputs"


@pytest.mark.parametrize(
    ("name", "full"),
    [("python:3.11", "docker.io/library/python:3.11"), ("ghcr.io/a/uv:1", "ghcr.io/a/uv:1")],
)
def test_an_image_is_named_with_its_registry(name: str, full: str) -> None:
    assert full_name(name) == full


def test_what_is_missing_is_named_in_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert cli.main([]) == USAGE
    assert capsys.readouterr().err == "images: needs Linux and root, for namespaces and chroots\n"
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(cli, "PROGRAMS", {"gt-not-there": "gt-package"})
    assert cli.main([]) == USAGE
    assert "gt-package" in capsys.readouterr().err or not Path("/usr/lib/postgresql").exists()
