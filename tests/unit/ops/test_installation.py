"""Where RabbitMQ is not installed: apt-get on Debian if that is allowed, else a plain message."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from toolbox.broker import installation
from toolbox.broker.installation import find_installation, require_installation
from toolbox.errors import UNREACHABLE, BrokerError


def program(folder: Path, name: str, body: str = "exit 0") -> Path:
    """An executable shell script."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)
    return path


@pytest.fixture(autouse=True)
def nothing_chosen(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ignore a release that was chosen for the whole run."""
    monkeypatch.delenv("GT_RABBITMQ_BIN", raising=False)


@pytest.fixture
def as_root(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Make the tests believe that they run as root, with their own policy file. Return its path."""
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    policy = tmp_path / "policy-rc.d"
    monkeypatch.setattr(installation, "POLICY_RC", policy)
    return policy


def test_the_servers_own_scripts_come_before_those_on_path(tmp_path: Path) -> None:
    own, wrapper = tmp_path / "lib", tmp_path / "sbin"
    for folder in (own, wrapper):
        program(folder, "rabbitmq-server")
        program(folder, "rabbitmqctl")
    found = find_installation(str(wrapper), [tmp_path / "missing", own])
    assert found is not None
    assert (found.server, found.ctl) == (own / "rabbitmq-server", own / "rabbitmqctl")


def test_a_link_on_path_leads_to_the_folder_with_both_programs(tmp_path: Path) -> None:
    cellar, linked = tmp_path / "Cellar" / "sbin", tmp_path / "bin"
    server = program(cellar, "rabbitmq-server")
    program(cellar, "rabbitmqctl")
    linked.mkdir()
    (linked / "rabbitmq-server").symlink_to(server)
    found = find_installation(str(linked), [])
    assert found is not None
    assert found.ctl == (cellar / "rabbitmqctl").resolve()


def test_a_chosen_folder_is_taken_before_all_others_and_has_to_hold_both(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    known, chosen = tmp_path / "known", tmp_path / "sbin"
    for folder in (known, chosen):
        program(folder, "rabbitmq-server")
        program(folder, "rabbitmqctl")
    monkeypatch.setenv("GT_RABBITMQ_BIN", str(chosen))
    found = find_installation(str(known), [known])
    assert found is not None
    assert (found.server, found.ctl) == (chosen / "rabbitmq-server", chosen / "rabbitmqctl")
    (chosen / "rabbitmqctl").unlink()
    with pytest.raises(BrokerError, match=f"GT_RABBITMQ_BIN={chosen} has no executable rabbitmq-server"):
        require_installation(str(known), [known])


def test_apt_get_installs_what_is_missing_and_keeps_the_service_down(tmp_path: Path, as_root: Path) -> None:
    tools, folder, log = tmp_path / "tools", tmp_path / "installed", tmp_path / "log"
    program(
        tools,
        "apt-get",
        f"""echo "$@" >> {log}
        [ "$2" = install ] || exit 0
        {as_root}; echo "policy $?" >> {log}
        mkdir -p {folder}
        for name in rabbitmq-server rabbitmqctl
        do echo '#!/bin/sh' > {folder}/$name; chmod +x {folder}/$name
        done""",
    )
    found = require_installation(str(tools), [folder])
    assert found.server == folder / "rabbitmq-server"
    assert log.read_text().splitlines() == [
        "-q update",
        "-q install -y --no-install-recommends rabbitmq-server",
        "policy 101",
    ]
    assert not as_root.exists()


def test_a_policy_of_the_administrator_is_left_as_it_is(tmp_path: Path, as_root: Path) -> None:
    as_root.write_text("mine")
    program(tmp_path / "tools", "apt-get")
    with pytest.raises(BrokerError, match="its programs were not found"):
        require_installation(str(tmp_path / "tools"), [])
    assert as_root.read_text() == "mine"


def test_an_apt_get_that_fails_is_quoted_and_the_policy_removed(tmp_path: Path, as_root: Path) -> None:
    program(tmp_path / "tools", "apt-get", "echo 'E: Could not get lock' >&2; exit 100")
    with pytest.raises(BrokerError, match=r"apt-get update failed: E: Could not get lock; start Docker"):
        require_installation(str(tmp_path / "tools"), [])
    assert not as_root.exists()


@pytest.mark.parametrize(
    "tools", [[], ["apt-get"], ["apt-get", "sudo"]], ids=["no apt", "no sudo", "sudo asks"]
)
def test_without_apt_or_the_right_to_use_it_the_way_out_is_told(
    tools: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    (tmp_path / "tools").mkdir()
    for name in tools:
        program(tmp_path / "tools", name, "exit 1")
    with pytest.raises(BrokerError, match="RabbitMQ is not installed: start Docker") as caught:
        require_installation(str(tmp_path / "tools"), [])
    assert caught.value.exit_code == UNREACHABLE
