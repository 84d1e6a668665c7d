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

from gt_common.reddit.settings import RedditSettings
from gt_common.secret_files import VariableSettings
from gt_common.settings import Settings, load_settings

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
    "control": "operator",
    "dashboard": "dashboard",
}
# Services of this project, whose environment is that of the settings.
OURS = {*LOGINS, "report"}
WITH_REDDIT = {"worker", "producer"}
WITH_LEDGER = {
    "aggregator": ("gt", "POSTGRES_LEDGER_PASSWORD"),
    **dict.fromkeys(
        ("producer", "report", "dlq", "control", "dashboard"), ("gt_report", "POSTGRES_REPORT_PASSWORD")
    ),
}
# Who sends notifications; their addresses are secrets of other services.
NOTIFYING = {"aggregator"}
# Who lets people in; the passwords are optional, because the profile is.
DASHBOARD = {"GT_DASHBOARD_PASSWORD", "GT_DASHBOARD_READER_PASSWORD"}
# Settings that the fleet sets itself, and how.
FIXED = {
    "GT_OUTPUT": "/outputs",
    "GT_STATE_DIR": "/state",
    "GT_DRAIN_TIMEOUT": "10m",
    "GT_METRICS_HOST": "0.0.0.0",  # noqa: S104 - of a container
    "GT_METRICS_PORT": "9464",
}
# One name for all replicas would make them one worker. The dashboard has one user for all that it does: who
# only reads may not see how much waits.
LEFT_OUT = {"GT_WORKER_NAME", "GT_DASHBOARD_AMQP_URL"}
OF_OTHERS = {"prometheus", "grafana"}
MONITORING = {"dashboard"} | OF_OTHERS
SERVERS = {"rabbitmq", "postgres", "aggregator", "worker"} | MONITORING
OTHERS = {"users", "rabbitmq", "postgres"} | OF_OTHERS
ONE_SHOT = {"users", "topology", "producer", "report", "dlq", "control"}


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


@pytest.mark.parametrize("name", sorted(set(FLEET_SERVICES) - OTHERS))
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


def variables(settings: type[VariableSettings]) -> set[str]:
    """Return the variables of a class of settings."""
    return {f"{settings.PREFIX}{name.upper()}" for name in settings.model_fields}


@pytest.mark.parametrize("name", sorted(OURS))
def test_every_setting_reaches_every_service(name: str) -> None:
    environment = FLEET_SERVICES[name]["environment"]
    expected = variables(Settings) - LEFT_OUT
    if name in WITH_REDDIT:
        expected |= variables(RedditSettings)
    if name not in WITH_LEDGER:
        expected.remove("GT_LEDGER_URL")
    if name not in LOGINS:
        expected.remove("GT_AMQP_URL")
    if name not in NOTIFYING:
        expected.remove("GT_NOTIFY")
    if name != "dashboard":
        expected -= DASHBOARD
    assert {variable for variable in environment if variable.startswith("GT_")} == expected


@pytest.mark.parametrize("name", sorted(OURS))
def test_a_setting_is_that_of_dotenv_or_fixed(name: str) -> None:
    for variable, value in FLEET_SERVICES[name]["environment"].items():
        if variable in FIXED:
            assert value == FIXED[variable]
        elif variable.startswith("GT_") and not variable.endswith("_URL"):
            assert re.fullmatch(rf"\$\{{{variable}:-[^}}]*\}}", value), variable


def test_settings_that_are_not_set_have_their_defaults(monkeypatch: pytest.MonkeyPatch) -> None:
    before = load_settings(worker_name="w")
    for variable, value in FLEET_SERVICES["worker"]["environment"].items():
        if not {variable} & {"GT_AMQP_URL", "PYTHONPATH"}:
            monkeypatch.setenv(variable, VARIABLE.sub(lambda match: match[3], value))
    expected = {"prefetch": 2, "log_format": "json", "output": Path("/outputs"), "state_dir": Path("/state")}
    expected |= {"story_roots": (Path("/stories"),)}
    expected |= {"metrics_host": FIXED["GT_METRICS_HOST"], "metrics_port": 9464}
    assert load_settings(worker_name="w") == before.model_copy(update=expected)


@pytest.mark.parametrize(("name", "login"), WITH_LEDGER.items())
def test_only_the_aggregator_may_change_the_ledger(name: str, login: tuple[str, str]) -> None:
    user, password = login
    url = FLEET_SERVICES[name]["environment"]["GT_LEDGER_URL"]
    assert url == f"postgresql://{user}:${{{password}}}@postgres:5432/gt"
    script = (ROOT / "ops" / "postgres" / "make_roles.sh").read_text()
    assert "--set owner=gt --set reader=gt_report" in script
    assert password in script
    assert "./ops/postgres:/docker-entrypoint-initdb.d:ro" in FLEET_SERVICES["postgres"]["volumes"]


@pytest.mark.parametrize("name", sorted(FLEET_SERVICES))
def test_every_service_is_confined(name: str) -> None:
    service = FLEET_SERVICES[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service.get("cap_add", []) == (["CHOWN"] if name == "users" else [])
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["pids_limit"] > 0
    # Ours have their user in the image.
    users = {"rabbitmq": "999:999", "postgres": "999:999", "prometheus": "65534:65534", "grafana": "472:0"}
    assert name in OURS | {"users"} or service["user"] == users[name]
    assert name not in OURS or (service["init"] is True and "/tmp" in service["tmpfs"])


def test_the_definitions_belong_to_the_user_of_the_broker() -> None:
    command = FLEET_SERVICES["users"]["command"]
    assert command[command.index("--owner") + 1] == FLEET_SERVICES["rabbitmq"]["user"]


def test_story_files_are_in_the_same_place_for_producer_and_workers() -> None:
    mount = "./stories:/stories:ro"
    assert all(mount in FLEET_SERVICES[name]["volumes"] for name in ("producer", "worker"))
    assert FLEET_SERVICES["producer"]["working_dir"] == "/stories"


@pytest.mark.parametrize("name", ["report", "dlq"])
def test_what_a_command_writes_stays_on_the_host(name: str) -> None:
    service = FLEET_SERVICES[name]
    assert service["working_dir"] == "/exports"
    assert "./exports:/exports" in service["volumes"]
    assert service["user"] == "${EXPORT_USER:-1000:1000}"


def test_the_database_is_healthy_only_once_its_users_exist() -> None:
    # While its image creates them, the server listens on its socket, but not on TCP.
    probe = FLEET_SERVICES["postgres"]["healthcheck"]["test"]
    assert probe[probe.index("--host") + 1] == "127.0.0.1"


def test_a_worker_gets_keys_of_its_own_orchestrator_and_its_code() -> None:
    worker = FLEET_SERVICES["worker"]
    assert worker["env_file"] == [{"path": "worker.env", "required": False}]
    assert worker["environment"]["PYTHONPATH"] == "/plugins"
    assert "./plugins:/plugins:ro" in worker["volumes"]


def test_folders_of_the_user_are_not_committed() -> None:
    ignored = (ROOT / ".gitignore").read_text().splitlines()
    assert {"/stories/", "/plugins/", "/exports/", "/worker.env"} <= set(ignored)


def test_passwords_have_no_default_and_must_be_set() -> None:
    found = VARIABLE.findall(FLEET.read_text())
    passwords = {name for name, *_ in found if name.endswith("PASSWORD")} - DASHBOARD
    of_postgres = {"POSTGRES_PASSWORD", "POSTGRES_LEDGER_PASSWORD", "POSTGRES_REPORT_PASSWORD"}
    assert passwords == {*map(password_variable, read_roles("gt")), *of_postgres}
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
    assert {other for _, other in conditions} == {"users", "rabbitmq", "topology", "postgres", "prometheus"}
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
    of_the_user = {
        f".{line.rstrip('/')}" for line in (ROOT / ".gitignore").read_text().splitlines() if line[:1] == "/"
    }
    for source in sources:
        assert source in declared or source in of_the_user or (path.parent / source).exists()
    assert set(declared) <= sources


@pytest.mark.parametrize("path", [FLEET, LAPTOP], ids=["fleet", "laptop"])
def test_images_are_pinned(path: Path) -> None:
    for service in services(path).values():
        assert re.search(r":v?\d+[.\d]*", service["image"]), service["image"]


def test_monitoring_is_a_profile_and_scrapes_whoever_has_metrics() -> None:
    assert all(FLEET_SERVICES[name]["profiles"] == ["monitoring"] for name in MONITORING)
    config = yaml.safe_load((ROOT / "ops" / "prometheus" / "prometheus.yml").read_text())
    scraped = [one for job in config["scrape_configs"] for one in job["dns_sd_configs"]]
    assert [name for one in scraped for name in one["names"]] == ["aggregator", "worker"]
    assert {str(one["port"]) for one in scraped} == {FIXED["GT_METRICS_PORT"]}
    datasource = (ROOT / "ops" / "grafana" / "provisioning" / "datasources" / "prometheus.yml").read_text()
    assert "url: http://prometheus:9090\n" in datasource


def test_grafana_lets_nobody_log_in_and_shows_the_board() -> None:
    environment = FLEET_SERVICES["grafana"]["environment"]
    assert environment["GF_AUTH_ANONYMOUS_ORG_ROLE"] == "Viewer"
    assert environment["GF_AUTH_BASIC_ENABLED"] == "false"
    assert environment["GF_AUTH_DISABLE_LOGIN_FORM"] == "true"
    assert "./ops/grafana/boards:/etc/grafana/boards:ro" in FLEET_SERVICES["grafana"]["volumes"]
    assert environment["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"] == "/etc/grafana/boards/gossiptoon.json"


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
