"""gt-dlq as a command on a real broker and a SQLite ledger: list, show, replay, and replay killed."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from yarl import URL

from gt_common.ledger import open_ledger
from gt_common.ledger.pruning.candidates import Age
from gt_common.messages import (
    BatchOpened,
    StoryMessage,
    StoryRequeued,
    StorySucceeded,
    decode_event,
    decode_story,
    utc_now,
)
from gt_common.messaging.browse import browse
from gt_common.messaging.dead_letters import failed_event_of
from gt_common.messaging.names import CRASH_LIMIT, Names
from gt_common.messaging.publisher import open_publisher
from gt_common.settings import Settings
from support.dead_letter_queue import bury, depth, gt_dlq, look, mixed, positions, ready, record, take
from support.samples.dead_letters import make_story

pytestmark = pytest.mark.broker

BROKER_HEADERS = ("x-death", "x-first-death-queue", "x-last-death-queue", "x-delivery-count")


async def test_list_shows_the_newest_first_and_does_not_touch_the_queue(
    settings: Settings, environment: dict[str, str]
) -> None:
    dlq = Names(settings.namespace).dlq
    await bury(settings, mixed())
    before = await look(settings, dlq)
    text = await gt_dlq(environment, "list")
    document = await gt_dlq(environment, "list", "--json")
    after = await look(settings, dlq)

    assert (text.code, text.err) == (0, "")
    ids = [line.split()[0] for line in text.out.splitlines()[1:]]
    assert ids == [letter.story_id for letter in reversed(mixed())]
    data = json.loads(document.out)
    assert [letter["position"] for letter in data["letters"]] == [6, 5, 4, 3, 2, 1]
    assert (data["source"], data["in_queue"], data["in_ledger"]) == ("ledger", 6, 6)
    assert data["letters"][0] | {"died_at": None} == {
        "story_id": mixed()[5].story_id,
        "batch_id": "b2",
        "position": 6,
        "url": mixed()[5].url,
        "status": "failed",
        "generation": 1,
        "stage": "mix",
        "error_type": "OSError",
        "message": "disk gone",
        "fingerprint": mixed()[5].errors[-1].failure.fingerprint,
        "retryable": True,
        "attempts": 3,
        "worker": "w1",
        "died_at": None,
        "replays": 0,
    }
    assert positions(before) == positions(after) == [1, 2, 3, 4, 5, 6]
    counts = [(old.delivery_count, new.delivery_count) for old, new in zip(before, after, strict=True)]
    assert counts == [(0, 1)] * 6, "only the test itself looked into the queue"


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--batch", "b1"], [5, 2, 1]),
        (["--error", "TimeoutError"], [5, 3, 1]),
        (["--error", "GONE"], [6, 2]),
        (["--stage", "narration", "--batch", "b2"], [3]),
        (["--limit", "2"], [6, 5]),
        (["--story", mixed()[0].story_id, "--story", mixed()[3].story_id], [4, 1]),
    ],
)
async def test_list_selects(
    settings: Settings, environment: dict[str, str], arguments: list[str], expected: list[int]
) -> None:
    record(settings, [failed_event_of(letter) for letter in mixed()])
    listed = await gt_dlq(environment, "list", "--json", *arguments)
    assert [letter["position"] for letter in json.loads(listed.out)["letters"]] == expected
    assert listed.code == 0
    assert "the queue holds 0 dead letters, the ledger 6" in listed.err


async def test_list_works_without_a_broker_and_says_so(
    settings: Settings, environment: dict[str, str]
) -> None:
    record(settings, [failed_event_of(letter) for letter in mixed()])
    closed = environment | {"GT_AMQP_URL": "amqp://guest:guest@127.0.0.1:1/"}
    listed = await gt_dlq(closed, "list")
    assert listed.code == 0
    assert len(listed.out.splitlines()) == 7
    assert "gt-dlq: warning: the queue could not be checked: no broker answers" in listed.err
    assert (await gt_dlq(closed, "replay", "--batch", "b1")).code == 3
    wrong = str(URL(environment["GT_AMQP_URL"]).with_password("wrong"))
    assert (await gt_dlq(environment | {"GT_AMQP_URL": wrong}, "replay", "--batch", "b1")).code == 4


async def test_list_without_letters_and_with_an_unknown_batch(environment: dict[str, str]) -> None:
    empty = await gt_dlq(environment, "list")
    assert (empty.code, empty.out, empty.err) == (0, "", "gt-dlq: no dead letters\n")
    unknown = await gt_dlq(environment, "list", "--batch", "nosuch")
    assert unknown.code == 6
    assert "nosuch" in unknown.err


async def test_list_queue_shows_what_is_no_story_and_keeps_everything(
    settings: Settings, environment: dict[str, str]
) -> None:
    dlq = Names(settings.namespace).dlq
    letters = mixed()[:2]
    await bury(settings, letters)
    async with open_publisher(settings, "test", patience=20) as publisher:
        await publisher.malformed(
            b"\xffnot\x1b json " + b"x" * 300, "malformed story message: no JSON", "story"
        )
    await ready(settings, dlq, 3)
    ledger = await gt_dlq(environment, "list")
    assert (
        "the queue holds 3 dead letters, the ledger 2: 3 events not stored yet; start gt-aggregate"
        in ledger.err
    )
    text = await gt_dlq(environment, "list", "--queue")
    await ready(settings, dlq, 3)
    document = json.loads((await gt_dlq(environment, "list", "--queue", "--json")).out)
    await ready(settings, dlq, 3)

    lines = text.out.splitlines()
    assert [line.split()[0] for line in lines[1:3]] == [letters[1].story_id, letters[0].story_id]
    assert lines[3] == "not a story, 311 bytes: malformed story message: no JSON"
    assert lines[4].startswith("    \\xffnot json xxx")
    assert "x" * 201 not in lines[4]
    assert [letter["position"] for letter in document["letters"]] == [2, 1]
    assert document["unreadable"][0]["size"] == 311
    assert positions((await look(settings, dlq))[:2]) == [1, 2]


async def test_show_tells_everything_and_what_is_not_there(
    settings: Settings, environment: dict[str, str]
) -> None:
    twin = mixed()[2].model_copy(update={"story_id": mixed()[0].story_id})
    record(settings, [failed_event_of(letter) for letter in [*mixed()[:2], twin]])
    ids = [letter.story_id for letter in mixed()]
    shown = await gt_dlq(environment, "show", ids[1])
    assert shown.code == 0
    assert "OSError: disk gone" in shown.out
    assert f"gt-dlq replay --batch b1 --story {ids[1]}" in shown.out
    document = json.loads((await gt_dlq(environment, "show", ids[1], "--json")).out)
    assert StoryMessage.model_validate(document["letter"]) == mixed()[1]
    ambiguous = await gt_dlq(environment, "show", ids[0])
    assert (ambiguous.code, "several batches (b1, b2)" in ambiguous.err) == (2, True)
    chosen = json.loads((await gt_dlq(environment, "show", ids[0], "--batch", "b2", "--json")).out)
    assert chosen["position"] == 3
    assert (await gt_dlq(environment, "show", "nosuch")).code == 2
    assert (await gt_dlq(environment, "show", ids[0], "--batch", "nosuch")).code == 6


async def test_replay_sends_what_is_selected_afresh_and_leaves_the_rest_in_order(
    settings: Settings, environment: dict[str, str]
) -> None:
    names = Names(settings.namespace)
    await bury(settings, mixed())
    await take(settings, names.ledger_queue)
    done = await gt_dlq(
        environment, "replay", "--error", "TimeoutError", "--limit", "2", "--reason", "quota is back"
    )

    assert done.code == 0
    assert done.out.splitlines() == [
        f"replayed {mixed()[0].story_id} of batch b1 as generation 2",
        f"replayed {mixed()[2].story_id} of batch b2 as generation 2",
    ]
    assert done.err == "gt-dlq: 2 replayed\n"
    await ready(settings, names.dlq, 4)
    assert positions(await look(settings, names.dlq)) == [2, 4, 5, 6]
    deliveries = await take(settings, names.stories)
    for delivery, letter in zip(deliveries, (mixed()[0], mixed()[2]), strict=True):
        story = decode_story(delivery.body)
        [replay] = story.replays
        assert story == make_story(letter.position, letter.batch_id).model_copy(
            update={"generation": 2, "replays": (replay,)}
        )
        assert replay.reason == "quota is back"
        assert "@" in replay.by
        assert not [name for name in delivery.headers if name in BROKER_HEADERS]
    events = [decode_event(delivery.body) for delivery in await take(settings, names.ledger_queue)]
    assert [event.generation for event in events if isinstance(event, StoryRequeued)] == [2, 2]
    with open_ledger(settings.ledger) as ledger:
        ledger.apply(events)
        assert [event.position for event in ledger.failed()] == [2, 5, 4, 6]


async def test_replay_wants_a_selector_and_says_when_nothing_is_selected(
    settings: Settings, environment: dict[str, str]
) -> None:
    dlq = Names(settings.namespace).dlq
    await bury(settings, mixed())
    unselected = await gt_dlq(environment, "replay")
    assert (unselected.code, "no letters selected: add --batch" in unselected.err) == (2, True)
    assert (await gt_dlq(environment, "replay", "--batch", "", "-y")).code == 2
    nothing = await gt_dlq(environment, "replay", "--batch", "nosuch", "--json")
    assert (nothing.code, json.loads(nothing.out)["steps"]) == (6, [])
    assert "nothing replayed" in nothing.err
    await ready(settings, dlq, 6)
    everything = await gt_dlq(environment, "replay", "-y", "--json")
    assert (everything.code, json.loads(everything.out)["replayed"]) == (0, 6)
    assert await depth(settings, dlq) == 0


async def test_a_dry_run_lists_by_the_ledger_and_changes_nothing(
    settings: Settings, environment: dict[str, str]
) -> None:
    names = Names(settings.namespace)
    await bury(settings, mixed())
    plan = await gt_dlq(environment, "replay", "--batch", "b1", "--limit", "2", "-n", "--json")
    assert plan.code == 0
    assert [letter["position"] for letter in json.loads(plan.out)["letters"]] == [1, 2]
    assert "would replay 2 dead letters, according to the ledger" in plan.err
    nothing = await gt_dlq(environment, "replay", "--batch", "b1", "--error", "Unheard", "-n")
    assert (nothing.code, nothing.out, "nothing selected" in nothing.err) == (0, "", True)
    unknown = await gt_dlq(environment, "replay", "--batch", "nosuch", "-n")
    assert (unknown.code, unknown.out, "no batch 'nosuch'" in unknown.err) == (6, "", True)
    assert await depth(settings, names.stories) == 0
    assert [delivery.delivery_count for delivery in await look(settings, names.dlq)] == [0] * 6


async def test_stale_letters_are_removed_only_on_the_ledgers_word(
    settings: Settings, environment: dict[str, str]
) -> None:
    names = Names(settings.namespace)
    letters = mixed()[:4]
    await bury(settings, [*letters, letters[3]])
    who = [
        {"batch_id": x.batch_id, "story_id": x.story_id, "position": x.position, "url": x.url}
        for x in letters
    ]
    record(
        settings,
        [
            StoryRequeued(**who[0], generation=2, by="me@here"),
            StorySucceeded(**who[1], generation=1, output_path="/v/2.mp4"),
        ],
    )
    done = await gt_dlq(environment, "replay", "-y", "--json")
    assert done.code == 0
    steps = [(step["action"], step["story_id"]) for step in json.loads(done.out)["steps"]]
    ids = [letter.story_id for letter in letters]
    assert steps == [
        ("removed", ids[0]),
        ("removed", ids[1]),
        ("replayed", ids[2]),
        ("replayed", ids[3]),
        ("removed", ids[3]),
    ]
    assert positions(await take(settings, names.stories)) == [3, 4]
    assert await depth(settings, names.dlq) == 0

    await bury(settings, letters[:2], known=False)
    blind = environment | {"GT_LEDGER_URL": "postgresql://nobody@127.0.0.1:1/none"}
    done = await gt_dlq(blind, "replay", "-y", "--json")
    assert (done.code, json.loads(done.out)["replayed"]) == (0, 2)
    assert positions(await take(settings, names.stories)) == [1, 2]


async def test_letters_of_a_batch_that_was_given_up_are_removed_and_not_replayed(
    settings: Settings, environment: dict[str, str]
) -> None:
    names = Names(settings.namespace)
    letters = mixed()[:2]
    await bury(settings, letters)
    batch_id = letters[0].batch_id
    record(settings, [BatchOpened(batch_id=batch_id, total=2)])
    with open_ledger(settings.ledger) as ledger:
        pruner = ledger.pruner()
        tomorrow = utc_now() + timedelta(days=1)
        [kept] = ledger.old_batches(Age(tomorrow, utc_now()))
        assert kept.kept.startswith("2 dead letters")
        [found] = ledger.old_batches(age := Age(tomorrow, utc_now(), failed=True))
        assert pruner.claim(found, age)
        pruner.remove_rows(batch_id)
    done = await gt_dlq(environment, "replay", "-y", "--json")
    assert done.code == 0, done.err
    steps = json.loads(done.out)["steps"]
    assert [step["action"] for step in steps] == ["removed", "removed"]
    assert steps[0]["detail"] == "its batch was removed by gt-prune --failed"
    assert await depth(settings, names.stories) == await depth(settings, names.dlq) == 0


async def test_malformed_messages_are_skipped_and_stay(
    settings: Settings, environment: dict[str, str]
) -> None:
    dlq = Names(settings.namespace).dlq
    async with open_publisher(settings, "test", patience=20) as publisher:
        await publisher.malformed(b"no story", "malformed story message: no JSON", "story")
    await bury(settings, mixed()[:2])
    selected = await gt_dlq(environment, "replay", "--stage", "mix")
    assert (selected.code, selected.out) == (
        0,
        f"replayed {mixed()[1].story_id} of batch b1 as generation 2\n",
    )
    await ready(settings, dlq, 2)
    everything = await gt_dlq(environment, "replay", "-y")
    assert everything.code == 1
    assert "skipped a message: not a story: malformed story message: no JSON" in everything.out
    await ready(settings, dlq, 1)
    assert [delivery.body for delivery in await look(settings, dlq)] == [b"no story"]


async def test_a_story_that_the_broker_gave_up_on_is_replayed_and_survives_a_wait_queue(
    settings: Settings, environment: dict[str, str]
) -> None:
    """RabbitMQ 3.10 believes a copied x-death and drops such a message in the wait queue as a cycle."""
    names = Names(settings.namespace)
    async with open_publisher(settings, "test", patience=20) as publisher:
        await publisher.story(make_story(1))
        for _ in range(CRASH_LIMIT):
            await ready(settings, names.stories, 1)
            await look(settings, names.stories)
        async with browse(settings, names.stories, "test") as held:
            assert held[0].delivery_count == CRASH_LIMIT
        await ready(settings, names.dlq, 1)
        [dead] = await look(settings, names.dlq)
        assert dead.died_of == "delivery_limit"

        done = await gt_dlq(environment, "replay", "--error", "BrokerGaveUp")
        assert (done.code, done.err) == (0, "gt-dlq: 1 replayed\n")
        [delivery] = await take(settings, names.stories)
        assert not [name for name in delivery.headers if name in BROKER_HEADERS]
        story = decode_story(delivery.body)
        assert (story.generation, story.attempt, story.errors, story.died_at) == (2, 1, (), None)
        await publisher.retry(story, 0.1)
    await ready(settings, names.stories, 1)
    assert decode_story((await take(settings, names.stories))[0].body) == story
