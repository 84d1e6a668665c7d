"""gt-produce as people run it, on a real broker."""

from __future__ import annotations

import asyncio
import json
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from gt_common.failures import Failure
from gt_common.lifecycle import BatchPhase, BatchState, StoryStatus, fold
from gt_common.messages import Event, StoryFailed, StoryMessage, StoryStarted, StorySucceeded, decode_story
from gt_common.messaging import topology
from gt_common.messaging.browse import browse
from gt_common.messaging.bulk import WINDOW
from gt_common.messaging.connection import connect
from gt_common.messaging.names import Names
from gt_common.messaging.publisher import open_publisher
from gt_common.settings import Settings
from gt_common.stories import story_id
from gt_producer.produce.journal_state import read_state
from support.fleet import tally
from support.samples.events import known_event
from support.waiting import until

pytestmark = pytest.mark.broker

REDDIT = {"GT_REDDIT_CLIENT_ID": "an-app", "GT_REDDIT_CLIENT_SECRET": "its-secret"}
GT_PRODUCE = str(Path(sys.executable).with_name("gt-produce"))


@pytest.fixture
def env(environment: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Return the environment, with Reddit credentials and a folder of the test as the working folder."""
    monkeypatch.chdir(tmp_path)
    return environment | REDDIT


def produce(
    env: dict[str, str], *arguments: str, stdin: str | None = None, within: Sequence[str] = ()
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*within, GT_PRODUCE, *arguments],
        env=env,
        capture_output=True,
        text=True,
        timeout=90,
        input=stdin or "",
    )


def write(name: str, text: str) -> str:
    """Write a file into the working folder. Return its URL."""
    path = Path(name)
    path.write_text(text)
    return path.resolve().as_uri()


def write_list(count: int, name: str = "urls.txt") -> str:
    Path(name).write_text("".join(f"https://redd.it/s{number}\n" for number in range(1, count + 1)))
    return name


async def queued_stories(settings: Settings) -> list[StoryMessage]:
    async with browse(settings, Names(settings.namespace).stories, "test") as deliveries:
        return [decode_story(delivery.body) for delivery in deliveries]


async def told_events(settings: Settings) -> list[Event]:
    async with browse(settings, Names(settings.namespace).ledger_queue, "test") as deliveries:
        return [known_event(delivery.body) for delivery in deliveries]


async def messages_in(settings: Settings, queue: str) -> int | None:
    return (await topology.inspect(settings, [queue]))[0].messages


@asynccontextmanager
async def running(env: dict[str, str], *arguments: str) -> AsyncIterator[asyncio.subprocess.Process]:
    process = await asyncio.create_subprocess_exec(
        GT_PRODUCE, *arguments, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
            await process.communicate()


def journaled(settings: Settings, batch_id: str) -> int:
    """Return how many stories a batch's journal has as confirmed."""
    return read_state(settings.state_dir / "journals" / f"{batch_id}.jsonl").published


async def test_a_list_becomes_a_batch_and_its_id_is_printed(settings: Settings, env: dict[str, str]) -> None:
    write(
        "urls.txt",
        "# mine\nhttps://www.reddit.com/r/a/comments/a1/x/\n\nhttps://redd.it/a2\nhttps://redd.it/a1\n",
    )
    done = produce(env, "-f", "urls.txt", "--name", "monday", "--tag", "team=a", "https://redd.it/a3")
    assert done.returncode == 0
    batch_id = done.stdout.strip()
    assert done.stdout == f"{batch_id}\n"
    assert "urls.txt:5: same story as urls.txt:2" in done.stderr
    assert f"batch {batch_id}: 3 stories published" in done.stderr

    stories = sorted(await queued_stories(settings), key=lambda story: story.position)
    assert [story.url[-3:] for story in stories] == ["/x/", "/a2", "/a3"]
    assert [story.position for story in stories] == [1, 2, 3]
    assert {story.batch_id for story in stories} == {batch_id}
    assert stories[0].story_id == story_id(batch_id, "https://www.reddit.com/comments/a1/")
    state = fold(batch_id, await told_events(settings))
    assert (state.total, state.sealed, len(state.stories)) == (3, True, 3)
    assert state.opened is not None
    assert (state.opened.name, state.opened.tags) == ("monday", {"team": "a"})


async def test_options_come_through_standard_input(settings: Settings, env: dict[str, str]) -> None:
    url = write("tale.md", "Once")
    line = json.dumps({"url": "tale.md", "options": {"voice": "wärm"}})
    done = produce(env, "-f", "-", "--batch-id", "b-1", "--json", stdin=f"{line}\n")
    assert done.returncode == 0
    document = json.loads(done.stdout)
    assert document == {
        "schema": 1,
        "batch_id": "b-1",
        "name": None,
        "tags": {},
        "total": 1,
        "published": 1,
        "already_published": 0,
        "repeated": [],
        **{key: [] for key in ("notes", "invalid", "already_made", "made_again", "being_made")},
        "stories": [
            {
                "story_id": document["stories"][0]["story_id"],
                "position": 1,
                "url": url,
            }
        ],
        **dict.fromkeys(("max_failures", "max_cost", "start_after", "priority")),
        "dry_run": False,
    }
    (message,) = await queued_stories(settings)
    assert message.story_id == document["stories"][0]["story_id"]
    assert message.options == {"voice": "wärm"}


async def test_killed_half_way_the_same_command_publishes_just_the_rest(
    settings: Settings, env: dict[str, str]
) -> None:
    total = 4000
    command = ("-f", write_list(total), "--batch-id", "big")
    async with running(env, *command) as process:
        await until(lambda: journaled(settings, "big") >= 100, every=0.01)
        process.send_signal(signal.SIGKILL)
        assert await process.wait() == -signal.SIGKILL
    before = journaled(settings, "big")
    assert 100 <= before < total

    done = produce(env, *command)
    assert done.returncode == 0
    assert f"{before} of {total} were published before; published {total - before}" in done.stderr
    stories = await queued_stories(settings)
    positions = {story.story_id: story.position for story in stories}
    assert sorted(positions.values()) == list(range(1, total + 1))
    assert total <= len(stories) <= total + WINDOW
    state = fold("big", await told_events(settings))
    assert (state.total, len(state.stories), state.sealed) == (total, total, True)

    queue = Names(settings.namespace).stories
    again = produce(env, *command)
    assert (again.returncode, again.stdout) == (0, "big\n")
    assert f"{total} of {total} were published before; nothing left to publish" in again.stderr
    assert await messages_in(settings, queue) == len(stories)


@pytest.mark.parametrize(("sent", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)], ids=["int", "term"])
async def test_stopped_half_way_it_says_how_to_go_on(
    settings: Settings, env: dict[str, str], sent: signal.Signals, code: int
) -> None:
    async with running(env, "-f", write_list(4000), "--tag", "a=b c") as process:
        folder = settings.state_dir / "journals"
        await until(
            lambda: any(journaled(settings, path.stem) >= 50 for path in folder.glob("*")), every=0.01
        )
        process.send_signal(sent)
        output, errors = await process.communicate()
    (path,) = folder.glob("*.jsonl")
    assert (process.returncode, output) == (code, b"")
    count = journaled(settings, path.stem)
    command = f"gt-produce --batch-id {path.stem} -f urls.txt --tag 'a=b c'"
    said = f"batch {path.stem}: {count} of 4000 stories published; continue with: {command}"
    assert errors.decode().splitlines() == [said]
    # The same list as a new batch: the unfinished one is pointed out.
    fresh = produce(env, "-f", "urls.txt", "--tag", "a=b c")
    assert fresh.returncode == 0
    assert f"To continue that one: gt-produce --batch-id {path.stem} -f urls.txt" in fresh.stderr


async def test_journal_that_grows_too_large_half_way_is_exit_code_3_and_says_how_to_go_on(
    settings: Settings, env: dict[str, str]
) -> None:
    command = ["-f", write_list(1500), "--force", "--batch-id"]
    assert produce(env, *command, "a").returncode == 0
    whole = (settings.state_dir / "journals" / "a.jsonl").read_bytes()
    most = whole.index(b'{"confirmed"') + 2 * len('{"confirmed":"1001-1500"}\n')  # it takes three at least
    done = produce(env, *command, "b", within=["prlimit", f"--fsize={most}"])
    count = journaled(settings, "b")
    assert 0 < count < 1500
    assert (done.returncode, done.stdout) == (3, "")
    stands, why = done.stderr.splitlines()
    assert stands.endswith("published; continue with: gt-produce --batch-id b -f urls.txt --force")
    assert why.startswith("gt-produce: cannot write the journal ")
    assert "File too large" in why
    again = produce(env, *command, "b")
    assert again.returncode == 0
    stories = [story.story_id for story in await queued_stories(settings) if story.batch_id == "b"]
    assert (len(set(stories)), len(stories) <= 1500 + WINDOW) == (1500, True)


def test_a_journal_that_cannot_be_begun_is_named(settings: Settings, env: dict[str, str]) -> None:
    done = produce(env, "https://redd.it/a1", "--batch-id", "b", within=["prlimit", "--fsize=10"])
    said = f"File too large: {settings.state_dir / 'journals/b.jsonl'}; raise the limit of file sizes"
    assert (done.returncode, said in done.stderr.splitlines()[-1]) == (2, True), done.stderr


def test_full_disk_under_the_output_after_publishing_is_not_nothing_published(env: dict[str, str]) -> None:
    full = ["sh", "-c", 'unset PYTHONUNBUFFERED; exec "$@" > /dev/full', "sh"]
    done = produce(env, "https://redd.it/a1", "--batch-id", "b", within=full)
    assert done.returncode == 3
    assert done.stderr.splitlines()[-2:] == [
        "the batch is published and keeps running; see `gt-report b`",
        "gt-produce: standard output cannot be written: No space left on device; write it to another place",
    ]


async def test_a_list_with_errors_publishes_nothing_and_names_their_places(
    settings: Settings, env: dict[str, str]
) -> None:
    bad = "".join(f"nonsense-{number}\n" for number in range(25))
    write("urls.txt", f"https://redd.it/a1\n{bad}")
    done = produce(env, "-f", "urls.txt")
    assert (done.returncode, done.stdout) == (2, "")
    lines = done.stderr.splitlines()
    assert lines[0].startswith("urls.txt:2: not a story URL: nonsense-0")
    assert lines[19].startswith("urls.txt:21: ")
    assert lines[20] == "… and 5 more"
    assert lines[21].startswith("gt-produce: nothing was published: 25 of 26 entries are not stories")
    assert await messages_in(settings, Names(settings.namespace).stories) == 0

    skipping = produce(env, "-f", "urls.txt", "--skip-invalid", "--json")
    assert skipping.returncode == 0
    document = json.loads(skipping.stdout)
    assert (document["published"], len(document["invalid"])) == (1, 25)
    assert await messages_in(settings, Names(settings.namespace).stories) == 1


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["-f", "missing.txt"],
        ["-f", "empty.txt"],
        ["https://redd.it/a1", "--batch-id", "a/b"],
        ["https://redd.it/a1", "--tag", "x"],
        ["https://redd.it/a1", "--name", ""],
        ["https://redd.it/a1", "--no-such-option"],
        ["nonsense", "--skip-invalid"],
    ],
    ids=" ".join,
)
def test_what_cannot_be_used_is_exit_code_2(
    tmp_path: Path, arguments: Sequence[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("empty.txt").write_text("# nothing\n\n")
    # Port 1 answers nobody: a list is refused before any broker is asked.
    env = {"GT_AMQP_URL": "amqp://guest:guest@127.0.0.1:1/", "GT_STATE_DIR": str(tmp_path / "state")}
    done = produce(env, *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr
    assert not (tmp_path / "state").exists()


def test_a_dry_run_needs_no_broker_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    env = {"GT_AMQP_URL": "amqp://guest:guest@127.0.0.1:1/", "GT_STATE_DIR": str(tmp_path / "state")}
    done = produce(env, "-n", "-f", write_list(2))
    assert (done.returncode, done.stdout) == (0, "1\thttps://redd.it/s1\n2\thttps://redd.it/s2\n")
    assert "would publish 2 stories" in done.stderr
    (warning,) = [line for line in done.stderr.splitlines() if "credentials" in line]
    assert warning.startswith("warning: 2 of 2 stories are Reddit links, and Reddit credentials are missing")
    assert "since November 2025 Reddit approves new API apps by hand" in warning
    assert "credentials" not in produce(env | REDDIT, "-n", "-f", "urls.txt").stderr
    document = json.loads(produce(env, "-n", "-f", "urls.txt", "--json").stdout)
    assert (document["dry_run"], document["batch_id"], document["published"]) == (True, None, 0)
    assert [story["story_id"] for story in document["stories"]] == [None, None]
    refused = produce(env, "-n", "nonsense", "--json")
    assert refused.returncode == 2
    assert json.loads(refused.stdout)["invalid"][0].startswith("argument 1: not a story URL: nonsense")
    assert not (tmp_path / "state").exists()


def test_a_broker_that_does_not_answer_and_one_that_refuses_are_told_apart(
    settings: Settings, env: dict[str, str]
) -> None:
    silent = produce({**env, "GT_AMQP_URL": "amqp://guest:guest@127.0.0.1:1/"}, "https://redd.it/a1")
    assert (silent.returncode, silent.stdout) == (3, "")
    url = settings.amqp_url.get_secret_value()
    host = url.partition("@")[2]
    refused = produce({**env, "GT_AMQP_URL": f"amqp://guest:wrong-word@{host}"}, "https://redd.it/a1")
    assert (refused.returncode, refused.stdout) == (4, "")
    for done in (silent, refused):
        assert done.stderr.splitlines()[0] == "nothing was published"
        assert "wrong-word" not in done.stderr
        assert "Traceback" not in done.stderr
    assert not list(settings.state_dir.glob("journals/*"))


async def test_exchanges_without_their_queues_are_an_error_not_a_loss(
    settings: Settings, env: dict[str, str]
) -> None:
    async with connect(settings, "test") as connection:
        channel = await connection.channel()
        await channel.queue_delete(Names(settings.namespace).stories)
    done = produce(env, "https://redd.it/a1", "--batch-id", "b")
    assert (done.returncode, done.stdout) == (3, "")
    assert "`gt-topology declare`" in done.stderr
    assert "0 of 1 story published; continue with: gt-produce --batch-id b" in done.stderr
    await topology.declare(settings)
    assert "batch b: 1 story published" in produce(env, "https://redd.it/a1", "--batch-id", "b").stderr


async def work_off(settings: Settings, batch_id: str, *, fail: frozenset[int] = frozenset()) -> None:
    """Publish for every queued story what a worker would."""
    async with open_publisher(settings, "test", patience=20) as publisher:
        for story in await queued_stories(settings):
            about = {
                "batch_id": batch_id,
                "story_id": story.story_id,
                "position": story.position,
                "url": story.url,
            }
            await publisher.event(StoryStarted.model_validate(about))
            if story.position in fail:
                failure = Failure(type="TimeoutError", message="the voice took over 30 s", stage="narration")
                await publisher.event(StoryFailed.model_validate({**about, "failure": failure}))
            else:
                output = f"/videos/{story.position}.mp4"
                await publisher.event(StorySucceeded.model_validate({**about, "output_path": output}))


@pytest.mark.parametrize("failing", [frozenset[int](), frozenset({2})], ids=["all made", "one failed"])
async def test_wait_shows_the_end_and_judges_it(
    settings: Settings, env: dict[str, str], failing: frozenset[int]
) -> None:
    async with running(env, "-f", write_list(3), "--batch-id", "b", "--wait", "--json") as process:
        queue = Names(settings.namespace).stories

        async def published() -> bool:
            return await messages_in(settings, queue) == 3

        await until(published)
        await work_off(settings, "b", fail=failing)
        assert process.returncode is None, "the ledger has no result yet"
        assert (await tally(env, settings, "b")).phase is not BatchPhase.OPEN
        async with asyncio.timeout(60):
            output, errors = await process.communicate()
    report = json.loads(output)
    assert process.returncode == (1 if failing else 0), errors.decode()
    assert report["state"] == ("done_with_failures" if failing else "done")
    assert (report["total"], report["successful"], report["failed"]) == (3, 3 - len(failing), len(failing))
    assert b"batch b: 3 stories published" in errors


async def test_ctrl_c_while_waiting_leaves_the_batch_to_go_on(
    settings: Settings, env: dict[str, str]
) -> None:
    async with running(env, "-f", write_list(2), "--batch-id", "b", "--wait") as process:
        assert process.stdout is not None
        async with asyncio.timeout(60):
            assert await process.stdout.readline() == b"b\n"  # all is published
            process.send_signal(signal.SIGINT)
            _, errors = await process.communicate()
    assert process.returncode == 130
    assert "the batch is published and keeps running; see `gt-report b`" in errors.decode()
    state: BatchState = fold("b", await told_events(settings))
    assert state.counts[StoryStatus.QUEUED] == 2
    assert state.sealed
