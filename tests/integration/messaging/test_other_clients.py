"""Producers and followers that are not ours: the examples of docs/messages.md with amqp-tools and Node."""

from __future__ import annotations

import asyncio
import json
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator
from pydantic import SecretStr

from gt_common.ledger import read_ledger
from gt_common.messages import utc_now
from gt_common.messages.schema import EVENT, schema_of
from gt_common.messaging.connection import connect
from gt_common.report.building import build_report
from gt_common.report.model import BatchResult, VideoResult
from gt_common.settings import Settings
from support.fleet import run_command
from support.outside import EXAMPLES, need, node_folder

pytestmark = pytest.mark.broker

FOLDER = EXAMPLES / "messages"
URLS = ["https://www.reddit.com/comments/1a/", """https://www.reddit.com/comments/1b/?q="a\\b"&c"""]
EVENTS_OF_TWO_STORIES = 7


class Following:
    """A follower as a process."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    @classmethod
    async def start(cls, environment: Mapping[str, str], *command: str | Path) -> Following:
        """Start a follower, and wait until it follows: it says so in one line."""
        pipe = asyncio.subprocess.PIPE
        process = await asyncio.create_subprocess_exec(*command, env=environment, stdout=pipe, stderr=pipe)
        assert process.stderr is not None
        async with asyncio.timeout(90):
            await process.stderr.readline()
        return cls(process)

    async def events(self) -> list[dict[str, object]]:
        """Wait for its end; return what it printed."""
        try:
            async with asyncio.timeout(90):
                out, err = await self._process.communicate()
        finally:
            if self._process.returncode is None:
                self._process.kill()
                await self._process.communicate()
        assert self._process.returncode == 0, err
        return [json.loads(line) for line in out.decode().splitlines()]


async def call(environment: Mapping[str, str], *command: str | Path) -> None:
    """Run a producer to its end."""
    process = await asyncio.create_subprocess_exec(*command, env=environment)
    async with asyncio.timeout(90):
        assert await process.wait() == 0


def maker(folder: Path) -> str:
    """Write a program that makes a file of each story's URL; return its `--orchestrator`.

    It takes long enough for `story.started`, which is left out of runs of less than 50 ms.
    """
    script = folder / "make.sh"
    script.write_text("""sleep 0.3; printf %s "$1" > v.mp4; echo '{"output_path": "v.mp4"}'""")
    return f"command:sh {script} {{url}}"


def report_of(settings: Settings, batch: str) -> BatchResult:
    """Return the report of a batch."""
    with read_ledger(settings.ledger) as ledger:
        return build_report(ledger.batch(batch), utc_now())


def made(result: VideoResult) -> str:
    """Return the content of a finished video."""
    assert result.output_path is not None
    return result.output_path.read_text()


async def test_batches_of_other_producers_are_made_reported_and_followed(
    settings: Settings, environment: dict[str, str], tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    need("amqp-publish", "amqp-tools")
    node = node_folder(request, FOLDER)
    by_tools = await Following.start(
        environment, "bash", FOLDER / "follow.sh", "tools", str(EVENTS_OF_TWO_STORIES)
    )
    by_node = await Following.start(environment, "node", node / "follow.mjs", "node")
    await call(environment, "bash", FOLDER / "publish.sh", "tools", *URLS)
    await call(environment, "node", node / "publish.mjs", "node", *URLS)

    code, said = await run_command(
        environment, "gt-consume", "--until-empty", "--orchestrator", maker(tmp_path)
    )
    assert code == 0, said
    code, said = await run_command(environment, "gt-aggregate", "--until-idle")
    assert code == 0, said

    validator = Draft202012Validator(schema_of(EVENT))
    for batch, followed in (("tools", by_tools), ("node", by_node)):
        report = await asyncio.to_thread(report_of, settings, batch)
        assert (report.state, report.total, report.successful) == ("done", 2, 2)
        assert [result.url for result in report.results] == URLS
        assert [made(result) for result in report.results] == URLS
        events = await followed.events()
        types = [event["type"] for event in events]
        assert {"batch.opened", "batch.stories", "story.started", "story.succeeded"} <= set(types)
        assert types.count("story.succeeded") == len(URLS)
        for event in events:
            validator.validate(event)


def ends_well(*command: str, folder: Path | None = None) -> bool:
    """Whether a program ends with exit code 0."""
    return subprocess.run(command, cwd=folder, capture_output=True, timeout=30).returncode == 0


@pytest.mark.parametrize(
    ("end", "tools", "node"),
    [("", True, True), ("/", False, True), ("/%2f", True, True), ("/no-such-vhost", False, False)],
)
def test_how_the_default_virtual_host_is_written(
    amqp_url: str, end: str, tools: bool, node: bool, request: pytest.FixtureRequest
) -> None:
    publish = need("amqp-publish", "amqp-tools")
    folder = node_folder(request, FOLDER)
    url = amqp_url.rstrip("/") + end
    connect = 'import("amqplib").then((a) => a.default.connect(process.argv[1])).then((c) => c.close())'
    assert ends_well(publish, f"--url={url}", "-e", "", "-r", "nowhere", "-b", "x") is tools
    assert ends_well(need("node", "Node.js 20"), "-e", connect, url, folder=folder) is node


async def test_our_own_programs_take_it_with_and_without_a_slash(amqp_url: str) -> None:
    for end in ("", "/", "/%2f"):
        settings = Settings(amqp_url=SecretStr(amqp_url.rstrip("/") + end))
        async with connect(settings, "test") as connection:
            assert not connection.is_closed
