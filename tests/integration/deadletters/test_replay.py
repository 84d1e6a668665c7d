"""gt-dlq replay by group, at a rate, in growing steps and with changed options; groups and export."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import pytest

from gt_common.errors import StoppedByRuleError
from gt_common.ledger import open_ledger
from gt_common.messages import StoryEvent, StoryMessage, StoryStarted, StorySucceeded, decode_story
from gt_common.messaging.dead_letters import failed_event_of
from gt_common.messaging.delivery import Delivery
from gt_common.messaging.names import Names
from gt_common.messaging.publisher import open_publisher
from gt_common.messaging.subscription import subscribe
from gt_common.settings import Settings
from gt_consumer.deadletters import canary, command_change, command_read, gate
from gt_consumer.deadletters.orders import Order, Step, parse_options, parse_rate
from gt_consumer.deadletters.replay import replay
from gt_consumer.deadletters.selection import Selection, last_failure
from support.dead_letter_queue import (
    Died,
    bury,
    depth,
    gt_dlq,
    look,
    mixed,
    positions,
    ready,
    record,
    run,
    start,
    take,
    take_in,
)
from support.samples.dead_letters import make_error, make_letter
from support.waiting import until

pytestmark = pytest.mark.broker

ALL = Selection()


def order(selection: Selection = ALL, **given: object) -> Order:
    plain: dict[str, object] = {"limit": None, "by": "me@here", "reason": "mended"}
    return Order(selection, **(plain | given))  # type: ignore[arg-type]  # each test gives what fits


def letters_of(count: int, message: str = "no answer") -> list[StoryMessage]:
    return [make_letter(position, message=message) for position in range(1, count + 1)]


def success(story: StoryMessage) -> StorySucceeded:
    return StorySucceeded(
        batch_id=story.batch_id,
        story_id=story.story_id,
        position=story.position,
        url=story.url,
        generation=story.generation,
        output_path=f"/v/{story.position}.mp4",
    )


@asynccontextmanager
async def fleet(settings: Settings, bad: frozenset[int] = frozenset()) -> AsyncIterator[list[int]]:
    """Stand for workers and an aggregator: stories at bad positions die again of the same, others succeed.

    Gives the positions of the stories that came.
    """
    came: list[int] = []
    arrived: asyncio.Queue[Delivery] = asyncio.Queue()

    async def work() -> None:
        while True:
            delivery = await arrived.get()
            story = decode_story(delivery.body)
            came.append(story.position)
            if story.position in bad:
                error = make_error(story.position).model_copy(update={"generation": story.generation})
                await publisher.dead_letter(story.dead(error))
                record(settings, [failed_event_of(story.dead(error))])
            else:
                record(settings, [success(story)])
            await delivery.ack()

    async with (
        open_publisher(settings, "fleet", patience=20) as publisher,
        subscribe(settings, Names(settings.namespace).stories, 10, arrived.put_nowait, "fleet"),
    ):
        worker = asyncio.create_task(work())
        yield came
        worker.cancel()
        await asyncio.gather(worker, return_exceptions=True)


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(canary, "LOOK_EVERY_S", 0.02)


async def test_groups_are_listed_with_their_command_which_replays_them(
    settings: Settings, environment: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    names = Names(settings.namespace)
    await bury(settings, mixed())
    before = await look(settings, names.dlq)
    listed = await run(capsys, partial(command_read.list_groups, settings, ALL, as_json=True))
    groups = json.loads(listed.out)["groups"]
    found = [(one["count"], one["error_type"], one["stage"], one["batches"]) for one in groups]
    assert found == [
        (2, "OSError", "mix", ["b1", "b2"]),
        (1, "timeouterror", "narration", ["b1"]),
        (1, "ValueError", None, ["b2"]),
        (1, "TimeoutError", "narration", ["b2"]),
        (1, "TimeoutError", "narration", ["b1"]),
    ]
    assert (groups[0]["first_seen"], groups[0]["last_seen"]) == (
        "2026-03-01T12:02:00+00:00",
        "2026-03-01T12:06:00+00:00",
    )
    monday = await run(
        capsys, partial(command_read.list_groups, settings, Selection(batch="b2"), as_json=False)
    )
    assert len(monday.out.splitlines()) == 1 + 3 + 1 + 3
    assert f"Replay with: gt-dlq replay --group {groups[0]['fingerprint']} --batch b2" in monday.out
    unknown = await run(
        capsys, partial(command_read.list_groups, settings, Selection(batch="x"), as_json=False)
    )
    assert unknown.code == 6
    after = await look(settings, names.dlq)
    assert positions(before) == positions(after) == [1, 2, 3, 4, 5, 6]
    assert [one.delivery_count for one in after] == [one.delivery_count + 1 for one in before]

    done = await gt_dlq(environment, *groups[0]["replay_command"].split()[1:])
    assert (done.code, done.err) == (0, "gt-dlq: 2 replayed\n")
    await ready(settings, names.dlq, 4)
    assert positions(await take(settings, names.stories)) == [2, 6]


async def test_replays_since_a_time_and_by_several_selectors(settings: Settings) -> None:
    names, letters = Names(settings.namespace), mixed()
    await bury(settings, letters)
    steps: list[Step] = []
    await replay(settings, order(Selection(since=letters[3].died_at, batch="b2")), steps.append)
    await ready(settings, names.dlq, 4)
    assert positions(await take(settings, names.stories)) == [4, 6]


async def test_a_replayed_story_is_listed_as_such_until_it_has_an_outcome(
    settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    names, letters = Names(settings.namespace), letters_of(3)
    await bury(settings, letters)
    await take(settings, names.ledger_queue)
    steps: list[Step] = []
    await replay(settings, order(limit=2), steps.append)
    await take_in(settings)
    listed = await run(capsys, partial(command_read.list_ledger, settings, ALL, None, as_json=True))
    document = json.loads(listed.out)
    assert [row["position"] for row in document["letters"]] == [3]
    states = [(row["position"], row["status"], row["generation"]) for row in document["replayed"]]
    assert sorted(states) == [(1, "queued", 2), (2, "queued", 2)]
    text = await run(capsys, partial(command_read.list_ledger, settings, ALL, None, as_json=False))
    assert text.out.count("replayed g2, waiting") == 2
    groups = await run(capsys, partial(command_read.list_groups, settings, ALL, as_json=True))
    assert json.loads(groups.out)["groups"][0]["replayed_waiting"] == 2

    one, two = (decode_story(delivery.body) for delivery in await take(settings, names.stories))
    running: StoryEvent = StoryStarted.model_validate(
        success(two).model_dump(include={"batch_id", "story_id", "position", "url", "generation"})
    )
    record(settings, [success(one), running])
    shown = await run(capsys, partial(command_read.show, settings, two.story_id, None, as_json=False))
    assert "Now         replayed g2, running since" in shown.out
    assert "Replay with" not in shown.out
    listed = await run(capsys, partial(command_read.list_ledger, settings, ALL, None, as_json=True))
    assert [(row["position"], row["status"]) for row in json.loads(listed.out)["replayed"]] == [
        (2, "running")
    ]


async def test_options_are_changed_and_the_change_is_shown(
    settings: Settings, environment: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    names, letters = Names(settings.namespace), letters_of(2)
    await bury(settings, letters)
    await take(settings, names.ledger_queue)
    changed = order(options=parse_options(["voice=alto", "speed=1.5"]))
    plan = await run(capsys, partial(command_change.preview, settings, "replay", changed, as_json=False))
    assert f'{letters[0].story_id}  voice: "v1" -> "alto"' in plan.out
    assert f"{letters[1].story_id}  speed: (none) -> 1.5" in plan.out
    plan = await run(capsys, partial(command_change.preview, settings, "replay", changed, as_json=True))
    assert json.loads(plan.out)["letters"][1]["options"]["voice"] == {"from": "v2", "to": "alto"}
    assert [delivery.delivery_count for delivery in await look(settings, names.dlq)] == [0, 0]

    wrong = await gt_dlq(environment, "replay", "-y", "--set", "voice")
    assert (wrong.code, "invalid --set 'voice'" in wrong.err) == (2, True)
    done = await gt_dlq(
        environment, "replay", "-y", "--set", "voice=alto", "--set", "speed=1.5", "--reason", "too shrill"
    )
    assert done.code == 0
    stories = [decode_story(delivery.body) for delivery in await take(settings, names.stories)]
    assert [story.options for story in stories] == [{"voice": "alto", "speed": 1.5}] * 2
    [kept] = stories[0].replays
    assert (kept.reason, kept.options_before) == ("too shrill", {"voice": "v1"})
    dead = stories[0].dead(make_error(9).model_copy(update={"generation": 2}))
    record(settings, [failed_event_of(dead)])
    shown = await run(capsys, partial(command_read.show, settings, dead.story_id, None, as_json=False))
    assert 'voice: "v1" -> "alto"' in shown.out

    large = make_letter(7).model_copy(update={"options": {"text": "x" * 250_000}})
    await bury(settings, [large])
    steps: list[Step] = []
    only = Selection(stories=frozenset({large.story_id}))
    await replay(settings, order(only, options={"more": "y" * 15_000}), steps.append)
    assert [(step.action, step.detail) for step in steps] == [
        ("skipped", "its message would be too large with these options")
    ]
    await ready(settings, names.dlq, 1)


async def test_at_a_rate_the_rest_lies_in_the_queue_and_new_letters_are_left_alone(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each wait releases the queue; a story that fails again meanwhile is not replayed a second time."""
    names, letters = Names(settings.namespace), letters_of(4)
    await bury(settings, letters)
    monkeypatch.setattr(gate, "WAIT_HOLDING_S", 0.0)
    depths: list[int] = []
    wait = gate.Gate.wait

    async def watched(self: gate.Gate) -> None:
        left = 4 - len(steps) + len(depths)
        await ready(settings, names.dlq, left)
        depths.append(left)
        again = decode_story((await take(settings, names.stories))[-1].body)
        await bury(settings, [again.dead(make_error(again.position + 9))])
        await wait(self)

    monkeypatch.setattr(gate.Gate, "wait", watched)
    steps: list[Step] = []
    await replay(settings, order(rate=parse_rate("3/1s")), steps.append)
    assert [(step.action, step.generation) for step in steps] == [("replayed", 2)] * 4
    assert depths == [3, 3, 3]
    await ready(settings, names.dlq, 3)
    left = [decode_story(delivery.body) for delivery in await look(settings, names.dlq)]
    assert [(story.position, story.generation) for story in left] == [(1, 2), (2, 2), (3, 2)]


async def test_letters_that_somebody_else_takes_between_two_holds_are_said(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    from gt_consumer.deadletters import sweep

    names = Names(settings.namespace)
    await bury(settings, letters_of(3))
    monkeypatch.setattr(gate, "WAIT_HOLDING_S", 0.0)
    monkeypatch.setattr(sweep, "LOOK_AGAIN_S", 0.01)

    async def taken(_self: gate.Gate) -> None:
        await ready(settings, names.dlq, 2)
        await take(settings, names.dlq)

    monkeypatch.setattr(gate.Gate, "wait", taken)
    steps: list[Step] = []
    await replay(settings, order(rate=parse_rate("1/10s")), steps.append)
    assert [step.action for step in steps] == ["replayed", "skipped", "skipped"]
    assert "no longer in the queue" in (steps[1].detail or "")


async def test_a_canary_grows_while_all_goes_well(settings: Settings) -> None:
    names, remarks = Names(settings.namespace), list[str]()
    await bury(settings, letters_of(10))
    steps: list[Step] = []
    async with fleet(settings) as came:
        await replay(settings, order(canary=1), steps.append, remarks.append)
    assert came == [*range(1, 11)]
    assert Counter(step.action for step in steps) == {"replayed": 10}
    waited = [text for text in remarks if "waiting for the outcome" in text]
    assert waited == [
        f"canary: waiting for the outcome of {words}" for words in ("1 story", "2 stories", "5 stories")
    ] + ["canary: waiting for the outcome of 2 stories"]
    assert await depth(settings, names.dlq) == 0


async def test_a_canary_stops_at_the_first_failure_of_the_same_group(
    settings: Settings, environment: dict[str, str]
) -> None:
    names = Names(settings.namespace)
    await bury(settings, letters_of(8))
    async with fleet(settings, bad=frozenset({3})) as came:
        done = await gt_dlq(environment, "replay", "-y", "--canary", "1", "--json")
    assert done.code == 5
    document = json.loads(done.out)
    assert (document["replayed"], came) == (3, [1, 2, 3])
    group = last_failure(make_letter(3)).fingerprint
    assert f"failed again for the same reason (group {group}: TimeoutError: no answer)" in document["stopped"]
    assert document["stopped"] in done.err
    await ready(settings, names.dlq, 6)
    left = [decode_story(delivery.body) for delivery in await look(settings, names.dlq)]
    assert [(story.position, story.generation) for story in left] == [
        *((position, 1) for position in range(4, 9)),
        (3, 2),
    ]


async def test_a_canary_needs_the_ledger_before_it_sends_anything(
    settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    names = Names(settings.namespace)
    await bury(settings, letters_of(2))
    blind = settings.model_copy(update={"ledger_url": None, "state_dir": Path("/proc/nowhere")})
    done = await run(capsys, partial(command_change.perform, blind, "replay", order(canary=1), as_json=False))
    assert done.code == 3
    assert (await depth(settings, names.stories), await depth(settings, names.dlq)) == (0, 2)


@pytest.mark.parametrize("moment", ["before waiting", "after waiting", "when it failed"])
async def test_a_canary_that_ends_at_a_step_keeps_the_rest(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    names = Names(settings.namespace)
    await bury(settings, letters_of(6))
    wait = canary.Canary.wait

    async def dying(self: canary.Canary) -> None:
        if moment == "before waiting":
            raise Died
        await wait(self)
        if moment == "after waiting":
            raise Died

    monkeypatch.setattr(canary.Canary, "wait", dying)
    steps: list[Step] = []
    bad = frozenset({2}) if moment == "when it failed" else frozenset[int]()
    async with fleet(settings, bad) as came:
        with pytest.raises((Died, StoppedByRuleError)):
            await replay(settings, order(canary=2), steps.append)
        await until(lambda: len(came) == 2)
    left = [3, 4, 5, 6, *bad]
    await ready(settings, names.dlq, len(left))
    assert positions(await look(settings, names.dlq)) == left
    with open_ledger(settings.ledger) as ledger:
        assert len(ledger.failed()) == len(left)


async def test_a_slow_replay_killed_while_it_waits_loses_nothing(
    settings: Settings, environment: dict[str, str]
) -> None:
    names = Names(settings.namespace)
    await bury(settings, letters_of(4))
    process = await start(environment, "replay", "-y", "--rate", "1/hour")

    async def first_is_sent() -> bool:
        return await depth(settings, names.stories) == 1 and await depth(settings, names.dlq) == 3

    await until(first_is_sent)
    process.kill()
    await process.communicate()
    assert positions(await look(settings, names.dlq)) == [2, 3, 4]
    assert positions(await look(settings, names.stories)) == [1]


async def test_letters_are_exported_whole(
    settings: Settings, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    record(settings, [failed_event_of(letter) for letter in mixed()])
    file = tmp_path / "letters.jsonl"
    some = Selection(batch="b1")
    done = await run(capsys, partial(command_read.export, settings, some, None, str(file), discarded=False))
    assert (done.code, done.out) == (0, "")
    assert f"exported 3 dead letters to {file}" in done.err
    letters = [StoryMessage.model_validate_json(line) for line in file.read_text().splitlines()]
    assert letters == [letter for letter in mixed() if letter.batch_id == "b1"]
    done = await run(capsys, partial(command_read.export, settings, some, 1, "-", discarded=False))
    assert StoryMessage.model_validate_json(done.out) == mixed()[0]
    nowhere = str(tmp_path / "letters.jsonl" / "x")
    done = await run(capsys, partial(command_read.export, settings, some, None, nowhere, discarded=False))
    assert done.code == 2
    done = await run(capsys, partial(command_read.export, settings, some, None, "-", discarded=True))
    assert (done.code, done.out) == (0, "")
