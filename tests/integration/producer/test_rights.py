"""gt-produce as a user who may only publish."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from gt_common.messaging import topology
from support.broker.node import PrivateNode, needs_rabbitmq
from support.broker.users import Users, make_users

pytestmark = [pytest.mark.broker, needs_rabbitmq]

GT_PRODUCE = str(Path(sys.executable).with_name("gt-produce"))
NAMESPACE = "sending"


@pytest.fixture(scope="module")
def users(shared_node: PrivateNode) -> Users:
    """Make the users of all roles, and no topology."""
    return make_users(shared_node, NAMESPACE)


def produce(url: str, folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    env = {
        "GT_AMQP_URL": url,
        "GT_NAMESPACE": NAMESPACE,
        "GT_STATE_DIR": str(folder),
        "GT_LOG_FORMAT": "json",
    }
    return subprocess.run([GT_PRODUCE, *arguments], env=env, capture_output=True, text=True, timeout=90)


async def test_without_a_topology_it_names_the_administrator_and_with_one_it_publishes(
    users: Users, tmp_path: Path
) -> None:
    sender = users.url("producer")
    refused = produce(sender, tmp_path, "https://redd.it/a1")
    assert (refused.returncode, refused.stdout) == (3, "")
    assert "this user may not declare; let an administrator run `gt-topology declare`" in refused.stderr
    assert users.password("producer") not in refused.stderr

    admin = users.settings("topology")
    await topology.declare(admin)
    done = produce(sender, tmp_path, "https://redd.it/a1", "--batch-id", "b")
    assert (done.returncode, done.stdout) == (0, "b\n"), done.stderr
    (queue,) = await topology.inspect(admin, [f"{NAMESPACE}.stories"])
    assert queue.messages == 1


async def test_a_user_who_may_not_publish_is_told_so(users: Users, tmp_path: Path) -> None:
    await topology.declare(users.settings("topology"))
    users.node.ctl("add_user", "guestbook", "secret-word")
    users.node.ctl("set_permissions", "-p", NAMESPACE, "guestbook", "^$", "^$", rf"^{NAMESPACE}\..*$")
    guestbook = users.node.url_for("guestbook", "secret-word", NAMESPACE)
    done = produce(guestbook, tmp_path, "https://redd.it/a2", "--batch-id", "c")
    assert (done.returncode, done.stdout) == (4, ""), done.stderr
    assert "Traceback" not in done.stderr
    assert "secret-word" not in done.stderr
