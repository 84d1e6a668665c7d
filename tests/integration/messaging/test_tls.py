"""Broker connections over TLS: a node with a certificate of a throw-away authority."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import trustme
from pydantic import SecretStr
from toolbox.broker import node as node_module
from toolbox.system.processes import free_port
from yarl import URL

from gt_common.errors import BrokerUnreachableError, UsageError
from gt_common.lifecycle import BatchPhase
from gt_common.messaging.connection import open_connection
from gt_common.settings import Settings, load_settings
from support.broker.node import PrivateNode, needs_rabbitmq
from support.fleet import publish, read_runs, scripted_story, tally, worker

pytestmark = [pytest.mark.broker, needs_rabbitmq]


@dataclass(frozen=True)
class TlsNode:
    """A node that listens for TLS on `port`, with a certificate for `localhost`, beside its plain port."""

    plain: str
    port: int
    authority: Path

    def url(self, host: str = "localhost", authority: Path | None = None) -> str:
        """Return its URL with the certificate authority to trust."""
        return f"amqps://guest:guest@{host}:{self.port}/?cafile={authority or self.authority}"


@pytest.fixture(scope="module")
def tls(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TlsNode]:
    """Start the node of these tests."""
    folder = tmp_path_factory.mktemp("tls")
    settings = Path(shutil.copytree(node_module.SETTINGS, folder / "settings"))
    authority, port = trustme.CA(), free_port()
    authority.cert_pem.write_to_path(folder / "ca.pem")
    server = authority.issue_cert("localhost")
    server.private_key_pem.write_to_path(folder / "key.pem")
    server.cert_chain_pems[0].write_to_path(folder / "cert.pem")
    with (settings / "rabbitmq.conf").open("a") as conf:
        conf.write(
            f"listeners.ssl.1 = 127.0.0.1:{port}\nssl_options.cacertfile = {folder}/ca.pem\n"
            f"ssl_options.certfile = {folder}/cert.pem\nssl_options.keyfile = {folder}/key.pem\n"
        )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(node_module, "SETTINGS", settings)
        with PrivateNode.start(folder / "node") as node:
            yield TlsNode(node.amqp_url, port, folder / "ca.pem")


@pytest.fixture
def amqp_url(tls: TlsNode) -> str:
    """Return the address that all processes of a test use."""
    return tls.url()


async def test_a_story_goes_through_over_tls(
    settings: Settings, environment: dict[str, str], tmp_path: Path
) -> None:
    runs = tmp_path / "runs"
    async with worker(environment) as running:
        await publish(settings, scripted_story("b1", 1, runs))
        await running.says("story_ended")
    assert len(read_runs(runs)) == 1
    assert (await tally(environment, settings, "b1")).phase is BatchPhase.DONE


MISTAKES = {
    "another authority": (
        BrokerUnreachableError,
        r"is not trusted \(self.signed .*; pass its authority: .*cafile=",
    ),
    "no authority": (BrokerUnreachableError, "is not trusted"),
    "a missing authority": (UsageError, "cafile=.*none.pem is not a readable file"),
    "an empty authority": (UsageError, "contains no PEM certificate"),
    "another name": (BrokerUnreachableError, "is for another host"),
    "a misspelt option": (UsageError, "unknown option ca_file; for TLS use cadata, cafile"),
    "an authority without TLS": (UsageError, "cafile is a TLS option; write amqps://"),
    "plain to TLS": (BrokerUnreachableError, "a TLS port needs amqps://"),
    "TLS to plain": (BrokerUnreachableError, "does not speak TLS; write amqp://"),
}


def mistaken(tls: TlsNode, folder: Path) -> dict[str, str]:
    """Return wrong ways to connect to the node."""
    other, empty = folder / "other.pem", folder / "empty.pem"
    trustme.CA().cert_pem.write_to_path(other)
    empty.touch()
    bare = tls.url().partition("?")[0]
    return {
        "another authority": tls.url(authority=other),
        "no authority": bare,
        "a missing authority": tls.url(authority=folder / "none.pem"),
        "an empty authority": tls.url(authority=empty),
        "another name": tls.url("127.0.0.1"),
        "a misspelt option": tls.url().replace("cafile", "ca_file"),
        "an authority without TLS": tls.url().replace("amqps", "amqp"),
        "plain to TLS": bare.replace("amqps", "amqp"),
        "TLS to plain": tls.url().replace(f":{tls.port}/", f":{URL(tls.plain).port}/"),
    }


@pytest.mark.parametrize("mistake", MISTAKES)
async def test_a_mistake_is_one_line_that_says_how_to_mend_it(
    tls: TlsNode, tmp_path: Path, mistake: str
) -> None:
    kind, says = MISTAKES[mistake]
    wrong = load_settings(amqp_url=SecretStr(mistaken(tls, tmp_path)[mistake]), connect_timeout=10)
    with pytest.raises(kind, match=says) as caught:
        await open_connection(wrong, "test")
    assert "\n" not in str(caught.value)
    assert "guest:guest" not in str(caught.value)
