"""gt-doctor: every check, passing and failing for real."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import psycopg
import pytest
from pydantic import SecretStr

from gt_common.ledger import ledger_is_there, open_ledger
from gt_common.messages import StorySucceeded, utc_now
from gt_common.messaging import topology
from gt_common.messaging.connection import connect
from gt_common.messaging.names import Names
from gt_common.messaging.publisher import open_publisher
from gt_common.messaging.versions import FORGETS_DEAD_LEADERS, version_of
from gt_common.settings import Settings
from gt_consumer.doctor import machine as doctor_local
from gt_consumer.doctor.broker import look_at_broker
from gt_consumer.doctor.command import examine
from gt_consumer.doctor.finding import Finding, Level, exit_code
from support.fleet import BIN, TESTS, worker
from support.samples.events import BATCH, opened, story_event

pytestmark = pytest.mark.broker

Env = dict[str, str]


@pytest.fixture
def sound(settings: Settings) -> Settings:
    """Return settings about which no check complains."""
    return settings.model_copy(update={"orchestrator": "command:true {url}", "time_limit": 60.0})


async def findings(settings: Settings) -> dict[str, Finding]:
    """Return what all checks find; of several lines of one check the most serious."""
    found: dict[str, Finding] = {}
    for finding in await asyncio.to_thread(examine, settings):
        if finding.check not in found or finding.level is Level.FAIL:
            found[finding.check] = finding
    return found


async def test_a_fleet_at_work_is_healthy(sound: Settings, environment: Env) -> None:
    with open_ledger(sound.ledger):
        pass
    async with worker(environment) as running:
        await running.says("worker_started")
        found = await findings(sound)
    bad = {name: finding for name, finding in found.items() if finding.level is not Level.OK}
    assert set(bad) <= {"aggregator", "reddit"}, bad
    assert bad["aggregator"].cure == "start gt-aggregate"
    assert found["workers"].says.startswith("1 consumer on ")
    assert "with the right arguments" in found["queues"].says
    assert "has schema" in found["ledger"].says
    assert exit_code(list(found.values())) == 0


async def test_looking_changes_nothing(sound: Settings) -> None:
    async with open_publisher(sound, "test", patience=10) as publisher:
        await publisher.malformed(b"x", "test", "story")
        await publisher.malformed(b"x", "test", "result")
    before = await topology.inspect(sound)
    found = await findings(sound)
    assert await topology.inspect(sound) == before
    assert not ledger_is_there(sound.ledger)
    assert (found["dead letters"].level, found["results"].level) == (Level.WARN, Level.WARN)
    assert found["ledger"].says.endswith("does not exist yet or is empty")


@pytest.mark.parametrize(
    ("url", "code", "says"),
    [
        ("amqp://guest:pa55word@127.0.0.1:1/", 3, "no broker answers"),
        ("amqp://guest:wr0ngpa55@127.0.0.1:5672/", 4, "refused"),
        ("http://x", 1, "must be amqp://"),
    ],
)
async def test_no_broker(sound: Settings, url: str, code: int, says: str) -> None:
    here = sound.amqp_url.get_secret_value().rsplit("@", 1)[1]
    given = url.replace("127.0.0.1:5672/", here)
    found = await findings(sound.model_copy(update={"amqp_url": SecretStr(given)}))
    assert found["broker"].level is Level.FAIL
    assert says in found["broker"].says
    assert "pa55" not in str(found)
    assert exit_code(list(found.values())) == code
    assert "ledger" in found, "the other checks are made all the same"


async def test_a_cluster_of_a_release_that_holds_retries_back(sound: Settings) -> None:
    url = sound.amqp_url.get_secret_value()
    found = (await findings(sound.model_copy(update={"amqp_url": SecretStr(f"{url},{url}")})))["broker"]
    old = version_of(found.says.split()[1]) < FORGETS_DEAD_LEADERS
    assert found.level is (Level.WARN if old else Level.OK)
    assert ("retries" in found.says) is old


async def test_missing_and_different_queues(sound: Settings) -> None:
    names = Names(sound.namespace)
    async with connect(sound, "test") as connection:
        channel = await connection.channel()
        await channel.queue_delete(names.dlq)
        await channel.queue_delete(names.results_dlq)
        await channel.declare_queue(names.results_dlq, durable=True)
    found = await asyncio.to_thread(lambda: list(look_at_broker(sound)))
    said = {finding.says: finding for finding in found if finding.level is Level.FAIL}
    missing, differs = said.values()
    assert missing.says == f"missing: queue {names.dlq}"
    assert "gt-topology declare" in missing.cure
    assert names.results_dlq in differs.says
    assert "x-queue-type" in differs.says
    assert exit_code(found) == 3
    assert [info.messages for info in await topology.inspect(sound, [names.dlq])] == [None]


async def test_queues_that_the_first_command_makes_are_no_failure(sound: Settings) -> None:
    fresh = sound.model_copy(update={"namespace": f"{sound.namespace}-fresh"})
    found = await findings(fresh)
    assert (found["queues"].level, found["queues"].says) == (Level.WARN, "none exist yet")
    assert "gt-topology declare" in found["queues"].cure


async def test_stories_that_a_purged_queue_has_lost_are_noticed(sound: Settings) -> None:
    with open_ledger(sound.ledger) as ledger:
        ledger.apply([opened(3)])
    lost = (await findings(sound))["stories"]
    assert lost.level is Level.WARN
    assert lost.says == f"3 stories of batch {BATCH} should wait in {sound.namespace}.stories, which is empty"
    assert f"`gt-produce --batch-id {BATCH} --again`" in lost.cure
    with open_ledger(sound.ledger) as ledger:
        ledger.apply([story_event(StorySucceeded, n, n, output_path="/v.mp4") for n in (1, 2, 3)])
    assert "stories" not in await findings(sound)


async def test_ack_timeout_is_compared_with_the_time_limit(sound: Settings) -> None:
    found = await findings(sound.model_copy(update={"time_limit": 86400.0}))
    timeout = found["ack timeout"]
    if version_of(found["broker"].says.split()[1]) < (3, 12):
        assert (timeout.level, "consumer_timeout = 86400000" in timeout.cure) == (Level.WARN, True)
    else:
        assert (timeout.level, "GT_TIME_LIMIT" in timeout.cure) == (Level.FAIL, True)


async def test_folder_orchestrator_and_rules(sound: Settings) -> None:
    wrong = {
        "output": Path("/proc/nowhere"),
        "orchestrator": "no.such.module:thing",
        "retry_rules": "nonsense",
        "prices": Path("/nowhere/prices.toml"),
    }
    found = await findings(sound.model_copy(update=wrong))
    for name in ("output", "orchestrator", "retry rules", "prices"):
        assert found[name].level is Level.FAIL, found[name]
    assert "cannot write" in found["output"].says
    assert "no.such.module" in found["orchestrator"].says
    assert "GT_PRICES: /nowhere/prices.toml cannot be read" in found["prices"].says
    assert exit_code(list(found.values())) == 1


@pytest.mark.parametrize("place", ["/proc/nowhere/ledger.db", "/dev/null/ledger.db"])
async def test_a_ledger_that_cannot_be_made(sound: Settings, place: str) -> None:
    found = await findings(sound.model_copy(update={"ledger_url": SecretStr(f"sqlite:///{place}")}))
    assert found["ledger"].level is Level.FAIL
    assert "cannot be created" in found["ledger"].says


@pytest.mark.parametrize(("free", "level"), [(10**6, Level.FAIL), (10**9, Level.WARN), (10**12, Level.OK)])
def test_disk(sound: Settings, monkeypatch: pytest.MonkeyPatch, free: int, level: Level) -> None:
    monkeypatch.setattr(doctor_local, "TOO_LITTLE_BYTES", 0 if free > 10**6 else 10**15)
    monkeypatch.setattr(doctor_local, "LITTLE_BYTES", 0 if free > 10**9 else 10**15)
    (found,) = doctor_local.look_at_folders(sound)
    assert found.level is level


async def test_the_studio_brings_its_encoder(sound: Settings) -> None:
    settings = sound.model_copy(update={"orchestrator": "studio"})
    loaded, encoder = await asyncio.to_thread(lambda: list(doctor_local.look_at_orchestrator(settings)))
    assert (loaded.check, loaded.level) == (encoder.check, encoder.level) == ("orchestrator", Level.OK)
    assert encoder.says.startswith("ffmpeg: /")


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold a SQLite file's write lock."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        yield


def test_ledger_that_is_locked_newer_or_no_ledger(sound: Settings) -> None:
    quick = sound.model_copy(update={"connect_timeout": 0.2})
    path = Path(sound.ledger.removeprefix("sqlite:///"))
    with open_ledger(sound.ledger) as ledger:
        ledger.apply([opened(3).model_copy(update={"at": utc_now().replace(year=2020)})])
    with locked(path):
        (found,) = doctor_local_findings(quick)
    assert (found.level, found.code) == (Level.FAIL, 3)
    assert "locked" in found.says
    lines = {finding.check: finding for finding in doctor_local_findings(quick)}
    assert lines["oldest story"].level is Level.WARN
    assert lines["oldest story"].says.endswith("3 stories queued")
    for revision, level in (("9999", Level.FAIL), ("0000", Level.WARN)):
        with closing(sqlite3.connect(path)) as connection, connection:
            connection.execute("UPDATE gt_schema SET version_num = ?", (revision,))
        lines = {finding.check: finding for finding in doctor_local_findings(quick)}
        assert (lines["ledger"].level, revision in lines["ledger"].says) == (level, True)
    path.write_text("this is not a database at all, but a text that somebody put here\n" * 20)
    (found,) = doctor_local_findings(quick)
    assert (found.level, found.code) == (Level.FAIL, 3)


def doctor_local_findings(settings: Settings) -> list[Finding]:
    """Return what the ledger's check finds."""
    return [finding for finding in examine(settings) if finding.check in {"ledger", "oldest story"}]


@pytest.mark.postgres
def test_ledger_on_a_server(sound: Settings, postgres_url: str) -> None:
    there = sound.model_copy(update={"ledger_url": SecretStr(postgres_url)})
    empty = {finding.check: finding for finding in doctor_local.look_at_ledger(there)}
    assert empty["ledger"].level is Level.WARN
    with psycopg.connect(postgres_url) as connection:
        tables = connection.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'")
        assert tables.fetchone() == (0,), "looking made none"
    with open_ledger(postgres_url):
        pass
    lines = {finding.check: finding for finding in doctor_local.look_at_ledger(there)}
    assert {lines[name].level for name in ("ledger", "clock")} == {Level.OK}
    assert "from the ledger server's" in lines["clock"].says
    late = doctor_local._clock(utc_now().replace(year=2020), utc_now())
    assert (late.level, "NTP" in late.cure) == (Level.WARN, True)


def test_reddit_credentials_are_never_shown(sound: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GT_REDDIT_CLIENT_SECRET", raising=False)
    monkeypatch.setenv("GT_REDDIT_CLIENT_ID", "an-id-of-ours")
    (found,) = doctor_local.look_at_reddit(sound)
    assert (found.level, "GT_REDDIT_CLIENT_SECRET" in found.says) == (Level.WARN, True)
    monkeypatch.setenv("GT_REDDIT_CLIENT_SECRET", "planted-word")
    (found,) = doctor_local.look_at_reddit(sound)
    assert found == Finding("reddit", Level.OK, "credentials are set")


async def test_the_command_prints_lines_or_json_and_leaves_with_a_code(environment: Env) -> None:
    env = environment | {"GT_ORCHESTRATOR": "command:true", "PYTHONPATH": str(TESTS)}
    broken = env | {"GT_AMQP_URL": "amqp://guest:pa55word@127.0.0.1:1/"}
    said = await asyncio.gather(
        run(env), run(env, "--json"), run(broken, "--json"), run(env, "--time-limit", "soon")
    )
    assert [code for code, _, _ in said] == [0, 0, 3, 2]
    assert said[0][1].splitlines()[0].startswith("ok    broker")
    document = json.loads(said[1][1])
    assert (document["schema"], document["healthy"], document["fail"]) == (1, True, 0)
    assert {"check", "level", "says", "cure"} == set(document["checks"][0])
    assert json.loads(said[2][1])["healthy"] is False
    assert said[3][2].startswith("gt-doctor: --time-limit: invalid duration")


async def run(environment: Env, *arguments: str) -> tuple[int, str, str]:
    """Run gt-doctor. Return its exit code, standard output and standard error."""
    process = await asyncio.create_subprocess_exec(
        str(BIN / "gt-doctor"),
        *arguments,
        env=environment,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    async with asyncio.timeout(60):
        out, err = await process.communicate()
    assert process.returncode is not None
    return process.returncode, out.decode(), err.decode()
