"""gt-produce as a user who may only publish."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from gt_common.messaging import topology
from gt_common.settings import Settings, load_settings
from support.broker.node import PrivateNode, needs_rabbitmq

pytestmark = [pytest.mark.broker, needs_rabbitmq]

GT_PRODUCE = str(Path(sys.executable).with_name("gt-produce"))
ROLES = Path(__file__).resolve().parents[3] / "ops" / "rabbitmq" / "roles.json"


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PrivateNode]:
    """Yield a node with a user that has the producer's rights."""
    rights = json.loads(ROLES.read_text())["producer"]
    patterns = [rights[kind].replace("{ns}", "gt") for kind in ("configure", "write", "read")]
    with PrivateNode.start(tmp_path_factory.mktemp("rights")) as node:
        node.ctl("add_user", "sender", "secret-word")
        node.ctl("set_permissions", "-p", "/", "sender", *patterns)
        yield node


def settings_for(url: str, folder: Path) -> Settings:
    return load_settings(amqp_url=url, namespace="gt", state_dir=folder, retry_delays="10s")


def produce(url: str, folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    env = {"GT_AMQP_URL": url, "GT_STATE_DIR": str(folder), "GT_LOG_FORMAT": "json"}
    return subprocess.run([GT_PRODUCE, *arguments], env=env, capture_output=True, text=True, timeout=90)


async def test_without_a_topology_it_names_the_administrator_and_with_one_it_publishes(
    node: PrivateNode, tmp_path: Path
) -> None:
    sender = node.url_for("sender", "secret-word")
    refused = produce(sender, tmp_path, "https://redd.it/a1")
    assert (refused.returncode, refused.stdout) == (3, "")
    assert "this user may not declare; let an administrator run `gt-topology declare`" in refused.stderr
    assert "secret-word" not in refused.stderr

    admin = settings_for(node.amqp_url, tmp_path)
    await topology.declare(admin)
    done = produce(sender, tmp_path, "https://redd.it/a1", "--batch-id", "b")
    assert (done.returncode, done.stdout) == (0, "b\n"), done.stderr
    (queue,) = await topology.inspect(admin, ["gt.stories"])
    assert queue.messages == 1


def test_a_user_who_may_not_publish_is_told_so(node: PrivateNode, tmp_path: Path) -> None:
    node.ctl("add_user", "guestbook", "secret-word")
    node.ctl("set_permissions", "-p", "/", "guestbook", "^$", "^$", "^gt\\..*$")
    done = produce(
        node.url_for("guestbook", "secret-word"), tmp_path, "https://redd.it/a2", "--batch-id", "c"
    )
    assert (done.returncode, done.stdout) == (4, ""), done.stderr
    assert "Traceback" not in done.stderr
    assert "secret-word" not in done.stderr
