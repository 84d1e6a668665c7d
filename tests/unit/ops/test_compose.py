"""docker-compose.yml fits the rest of the checkout: commands, variables, rights, images. Needs no engine."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml
from toolbox.users.roles import password_variable, read_roles

ROOT = Path(__file__).resolve().parents[3]
FLEET = ROOT / "docker-compose.yml"
LAPTOP = ROOT / "ops" / "rabbitmq" / "docker-compose.dev.yml"
DOCKERFILES = sorted((ROOT / "ops" / "images").glob("*.Dockerfile"))
VARIABLE = re.compile(r"\$\{([A-Z_]+)(?:(:[-?])([^}]*))?\}")
# Which broker user each service logs in as; the others do not log in.
LOGINS = {
    "topology": "topology",
    "aggregator": "aggregator",
    "worker": "worker",
    "producer": "producer",
    "dlq": "dlq",
}
SERVERS = {"rabbitmq", "postgres", "aggregator", "worker"}
ONE_SHOT = {"users", "topology", "producer", "report", "dlq"}


def services(path: Path) -> dict[str, dict[str, Any]]:
    """The services of a compose file, its anchors and merges resolved."""
    found: dict[str, dict[str, Any]] = yaml.safe_load(path.read_text())["services"]
    return found


def instructions(dockerfile: Path) -> list[list[str]]:
    """The instructions of a Dockerfile, continued lines joined, as words."""
    text = dockerfile.read_text().replace("\\\n", " ")
    return [line.split() for line in text.splitlines() if line and not line.startswith("#")]


def scripts() -> set[str]:
    """Every command of the three packages."""
    files = [ROOT / package / "pyproject.toml" for package in ("common", "producer", "consumer")]
    return {name for file in files for name in tomllib.loads(file.read_text())["project"]["scripts"]}


FLEET_SERVICES = services(FLEET)


def test_every_service_is_known_to_these_tests() -> None:
    assert set(FLEET_SERVICES) == SERVERS | ONE_SHOT


@pytest.mark.parametrize("name", sorted(set(FLEET_SERVICES) - {"users", "rabbitmq", "postgres"}))
def test_the_command_of_a_service_is_one_of_ours(name: str) -> None:
    service = FLEET_SERVICES[name]
    assert (service.get("entrypoint") or service["command"])[0] in scripts()


def test_the_users_are_written_by_a_script_that_is_there() -> None:
    script = FLEET_SERVICES["users"]["command"][1]
    assert "./ops:/ops:ro" in FLEET_SERVICES["users"]["volumes"]
    assert (ROOT / script.removeprefix("/")).is_file()


@pytest.mark.parametrize(("name", "role"), LOGINS.items())
def test_a_service_logs_in_as_the_user_of_its_role(name: str, role: str) -> None:
    url = FLEET_SERVICES[name]["environment"]["GT_AMQP_URL"]
    user = read_roles("gt")[role].user.removeprefix("gt")
    assert url == f"amqp://${{GT_NAMESPACE:-gt}}{user}:${{{password_variable(role)}}}@rabbitmq:5672/gt"


def test_services_that_need_no_broker_have_no_login() -> None:
    without = {
        name
        for name, service in FLEET_SERVICES.items()
        if "GT_AMQP_URL" not in service.get("environment", {})
    }
    assert without == set(FLEET_SERVICES) - set(LOGINS)


def test_every_variable_is_in_the_example() -> None:
    used = {match[0] for match in VARIABLE.findall(FLEET.read_text())}
    example = set(re.findall(r"^#?([A-Z_]+)=", (ROOT / ".env.example").read_text(), re.MULTILINE))
    assert used <= example


def test_passwords_have_no_default_and_must_be_set() -> None:
    found = VARIABLE.findall(FLEET.read_text())
    passwords = {name for name, *_ in found if name.endswith("PASSWORD")}
    assert passwords == {*map(password_variable, read_roles("gt")), "POSTGRES_PASSWORD"}
    assert {operator for name, operator, _ in found if name in passwords} == {"", ":?"}
    assert {name for name, operator, _ in found if operator == ":?"} == passwords
    assert not re.findall(r"PASSWORD=.+", (ROOT / ".env.example").read_text().partition("\n\n")[2])


@pytest.mark.parametrize("name", sorted(SERVERS))
def test_what_runs_all_the_time_restarts_and_is_watched(name: str) -> None:
    service = FLEET_SERVICES[name]
    assert service["restart"] == "unless-stopped"
    built = service.get("build", {}).get("dockerfile")
    watched = built and "HEALTHCHECK" in (ROOT / built).read_text()
    assert watched or service["healthcheck"]["test"]


def test_dependencies_are_waited_for() -> None:
    conditions = {
        (name, other): condition["condition"]
        for name, service in FLEET_SERVICES.items()
        for other, condition in service.get("depends_on", {}).items()
    }
    assert {other for _, other in conditions} == {"users", "rabbitmq", "topology", "postgres"}
    for (_, other), condition in conditions.items():
        assert condition == ("service_completed_successfully" if other in ONE_SHOT else "service_healthy")


def minutes(text: str) -> int:
    """A whole number of minutes such as 11m."""
    match = re.fullmatch(r"(\d+)m(?:in)?", text)
    assert match, text
    return int(match[1])


def test_a_worker_gets_longer_to_stop_than_its_stories_do() -> None:
    worker = FLEET_SERVICES["worker"]
    assert minutes(worker["stop_grace_period"]) > minutes(worker["environment"]["GT_DRAIN_TIMEOUT"])
    unit = (ROOT / "ops" / "systemd" / "gt-consume@.service").read_text()
    timeout, drain = re.search(r"TimeoutStopSec=(\w+)", unit), re.search(r"GT_DRAIN_TIMEOUT=(\w+)", unit)
    assert timeout
    assert drain
    assert minutes(timeout[1]) > minutes(drain[1])


@pytest.mark.parametrize("path", [FLEET, LAPTOP], ids=["fleet", "laptop"])
def test_ports_are_published_on_the_loopback_interface_only(path: Path) -> None:
    ports = [port for service in services(path).values() for port in service.get("ports", [])]
    assert ports
    assert all(port.startswith("127.0.0.1:") for port in ports)


@pytest.mark.parametrize("path", [FLEET, LAPTOP], ids=["fleet", "laptop"])
def test_mounted_files_are_there_and_volumes_are_declared(path: Path) -> None:
    declared = yaml.safe_load(path.read_text())["volumes"]
    sources = {
        mount.split(":")[0] for service in services(path).values() for mount in service.get("volumes", [])
    }
    for source in sources:
        assert source in declared or (path.parent / source).exists()
    assert set(declared) <= sources


@pytest.mark.parametrize("path", [FLEET, LAPTOP], ids=["fleet", "laptop"])
def test_images_are_pinned(path: Path) -> None:
    for service in services(path).values():
        assert re.search(r":\d+[.\d]*", service["image"]), service["image"]


def test_both_brokers_are_the_same() -> None:
    fleet, laptop = FLEET_SERVICES["rabbitmq"], services(LAPTOP)["rabbitmq"]
    assert fleet["image"] == laptop["image"]
    for shared in (
        "rabbitmq.conf:/etc/rabbitmq/conf.d/20-gossiptoon.conf:ro",
        "advanced.config:/etc/rabbitmq/advanced.config:ro",
    ):
        assert all(any(mount.endswith(shared) for mount in broker["volumes"]) for broker in (fleet, laptop))


@pytest.mark.parametrize("dockerfile", DOCKERFILES, ids=lambda path: path.stem)
class TestDockerfiles:
    """What can be checked of an image without building it."""

    def test_copied_sources_are_there_and_sent_to_the_engine(self, dockerfile: Path) -> None:
        sent = {
            line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")
        }
        copies = [words[1:-1] for words in instructions(dockerfile) if words[0] == "COPY"]
        sources = [source for copy in copies if not copy[0].startswith("--from") for source in copy]
        assert sources
        for source in sources:
            assert (ROOT / source).exists()
            assert any(source == entry or source.startswith(f"{entry}/") for entry in sent), source

    def test_the_last_stage_has_a_pinned_base_and_another_user_than_root(self, dockerfile: Path) -> None:
        lines = instructions(dockerfile)
        bases = [words[1] for words in lines if words[0] == "FROM"]
        assert all(re.search(r":\d+\.\d+", base) for base in bases)
        assert [words for words in lines if words[0] == "USER"] == [["USER", "10001"]]

    def test_it_installs_an_existing_package_and_runs_one_of_its_commands(self, dockerfile: Path) -> None:
        text = dockerfile.read_text()
        packages = set(re.findall(r"--package (\S+)", text))
        assert len(packages) == 1
        project = tomllib.loads((ROOT / packages.pop().removeprefix("gt-") / "pyproject.toml").read_text())[
            "project"
        ]
        assert set(re.findall(r"--extra (\S+)", text)) <= set(project.get("optional-dependencies", {}))
        found = dict(re.findall(r"^(CMD|ENTRYPOINT) (\[.+\])$", text, re.MULTILINE))
        command = [*json.loads(found["ENTRYPOINT"]), *json.loads(found.get("CMD", "[]"))]
        # The init is PID 1 with `docker run` too, and a subreaper below compose's own.
        assert command[:3] == ["/usr/bin/tini", "-s", "--"]
        assert "tini" in text.split("apt-get install", 1)[1].split("&&")[0]
        assert command[3] in project["scripts"]

    def test_it_is_used_by_the_fleet(self, dockerfile: Path) -> None:
        built = {service["build"]["dockerfile"] for service in FLEET_SERVICES.values() if "build" in service}
        assert str(dockerfile.relative_to(ROOT)) in built
