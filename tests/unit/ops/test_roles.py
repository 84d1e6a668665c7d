"""The rights of roles.json as text, and the documents that `make_users` writes of them."""

from __future__ import annotations

import json
import os
import re
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from toolbox.errors import USAGE, BrokerError
from toolbox.users.roles import (
    commands,
    definitions,
    password_hash,
    password_variable,
    read_roles,
    users_from,
)

from gt_common.messaging.topology import ExchangeSpec, QueueSpec, with_ladder
from gt_common.messaging.topology import Role as Asker
from gt_common.messaging.topology import topology as topology_of
from gt_common.rates import Rate
from gt_common.settings import Settings

SCRIPT = Path(__file__).resolve().parents[3] / "ops" / "rabbitmq" / "make_users"
ROLES = read_roles("gt")
PASSWORDS = {password_variable(name): f"{name} p/@ss" for name in ROLES}


def make_users(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the script with these variables in its environment."""
    return subprocess.run(
        [sys.executable, str(SCRIPT), *arguments],
        env=os.environ | environment,
        capture_output=True,
        text=True,
        timeout=30,
    )


def test_a_password_is_hashed_as_rabbitmq_documents_it() -> None:
    # The example of rabbitmq.com/docs/passwords.
    documented = "kI3GCqW5JLMJa4iX1lo7X4D6XbYqlLgxIs30+P6tENUV2POR"
    assert password_hash("test12", bytes.fromhex("908DC60A")) == documented
    assert password_hash("test12") != password_hash("test12")


def test_a_namespace_is_taken_literally_in_the_patterns() -> None:
    role = read_roles("a-b")["worker"]
    assert role.user == "a-b-worker"
    assert role.read == r"^a\-b\.(stories|pauses|control|tokens\..+|parked(\..+)?)$"


@pytest.mark.parametrize("namespace", ["", "a b", "x'y", "a.b", "-a", "a" * 42])
def test_what_cannot_be_a_namespace_is_refused(namespace: str) -> None:
    with pytest.raises(BrokerError, match="invalid namespace") as caught:
        read_roles(namespace)
    assert caught.value.exit_code == USAGE


def test_all_missing_passwords_are_named() -> None:
    with pytest.raises(BrokerError, match="RABBITMQ_TOPOLOGY_PASSWORD, RABBITMQ_PRODUCER_PASSWORD, R"):
        users_from({password_variable("dlq"): "x"}, ROLES)


def test_definitions_hold_no_password_and_no_guest() -> None:
    text = json.dumps(definitions("gt", users_from(PASSWORDS, ROLES)))
    assert not [password for password in PASSWORDS.values() if password in text]
    assert "guest" not in text


def test_the_script_writes_a_file_whole(tmp_path: Path) -> None:
    target = tmp_path / "users.json"
    done = make_users("definitions", "--output", str(target), **PASSWORDS)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert {user["name"] for user in json.loads(target.read_text())["users"]} == {
        f"gt-{name}" for name in ROLES
    }
    assert list(tmp_path.iterdir()) == [target]


def test_the_file_is_for_its_owner_only_whatever_was_there(tmp_path: Path) -> None:
    target = tmp_path / "users.json"
    for place in (target, target.with_name("users.json.partial")):
        place.write_text("old")
        place.chmod(0o644)
    owner = f"{os.geteuid()}:{os.getegid()}"
    done = make_users("definitions", "--output", str(target), "--owner", owner, **PASSWORDS)
    assert (done.returncode, done.stderr) == (0, "")
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    assert f"{target.stat().st_uid}:{target.stat().st_gid}" == owner


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may give a file away")
def test_the_file_belongs_to_the_user_of_the_broker(tmp_path: Path) -> None:
    target = tmp_path / "users.json"
    assert (
        make_users("definitions", "--output", str(target), "--owner", "999:998", **PASSWORDS).returncode == 0
    )
    assert (target.stat().st_uid, target.stat().st_gid) == (999, 998)


def test_a_file_that_cannot_be_written_is_named_in_one_line(tmp_path: Path) -> None:
    done = make_users("definitions", "--output", str(tmp_path / "no" / "users.json"), **PASSWORDS)
    assert done.returncode == USAGE
    assert done.stderr == f"make_users: cannot write {tmp_path}/no/users.json: No such file or directory\n"


def test_passwords_are_read_from_files_too(tmp_path: Path) -> None:
    for name, password in PASSWORDS.items():
        (tmp_path / name).write_text(f"{password}\n")
    files = {f"{name}_FILE": str(tmp_path / name) for name in PASSWORDS}
    assert [user.password for user in users_from(files, ROLES)] == list(PASSWORDS.values())
    with pytest.raises(
        BrokerError, match="RABBITMQ_DLQ_PASSWORD and RABBITMQ_DLQ_PASSWORD_FILE are both set"
    ):
        users_from(files | {password_variable("dlq"): "x"}, ROLES)
    with pytest.raises(BrokerError, match=f"RABBITMQ_DLQ_PASSWORD_FILE: {tmp_path}/none is not a file"):
        users_from(files | {f"{password_variable('dlq')}_FILE": str(tmp_path / "none")}, ROLES)


def test_no_role_has_rights_outside_the_namespace_or_over_the_broker() -> None:
    for name, role in ROLES.items():
        assert role.tags in {"", "monitoring"}
        for pattern in (role.configure, role.write, role.read):
            assert not [
                other
                for other in ("", "amq.topic", "gtx.stories", "other.stories", "gt")
                if re.search(pattern, other) and pattern != "^$"
            ], name


def test_the_script_without_passwords_ends_with_a_usage_error() -> None:
    done = make_users("definitions")
    assert (done.returncode, len(done.stderr.splitlines())) == (2, 1)


def test_the_commands_for_typing_take_passwords_through_standard_input() -> None:
    lines = commands("gt", ROLES)
    assert "printenv RABBITMQ_WORKER_PASSWORD | rabbitmqctl add_user gt-worker" in lines
    rights = (
        r"'^$' '^gt\.(dlx|progress|control|dlq|results\.(ledger|dlq)|retry\..+)$' '^gt\.results(\.ledger)?$'"
    )
    assert f"rabbitmqctl set_permissions -p gt gt-aggregator {rights}" in lines
    assert make_users("commands").stdout.splitlines() == lines


def checked_objects() -> list[tuple[str, str]]:
    """Every exchange and queue that a command checks passively, with the role that does."""
    settings = Settings(rate_limits=(Rate("gemini", 10, 60.0),))
    fleet = with_ladder(topology_of(settings), settings)
    specs: list[ExchangeSpec | QueueSpec] = [*fleet.exchanges, *fleet.queues]
    return sorted(
        {(role.value, spec.name) for spec in specs for role in spec.roles if role is not Asker.ADMIN}
    )


@pytest.mark.parametrize(
    "name", sorted({name for _, name in checked_objects()} | {"gt.follow.x", "gt.parked.b.1"})
)
def test_the_dashboard_may_do_what_its_three_roles_may(name: str) -> None:
    parts = [ROLES[role] for role in ("follower", "operator", "dlq")]
    for right in ("configure", "write", "read"):
        needed = any(re.search(getattr(part, right), name) for part in parts)
        assert bool(re.search(getattr(ROLES["dashboard"], right), name)) is needed, right


@pytest.mark.parametrize(("role", "name"), checked_objects())
def test_a_role_has_a_right_on_everything_it_checks(role: str, name: str) -> None:
    # RabbitMQ asks for one since 4.2.7 and 4.3.1.
    rights = ROLES[role]
    assert any(re.search(pattern, name) for pattern in (rights.configure, rights.write, rights.read))
