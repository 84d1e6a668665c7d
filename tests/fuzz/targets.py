"""Every parser of outside input, as a function of bytes that may raise only the project's errors."""

from __future__ import annotations

import io
import json
import tempfile
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from urllib.parse import quote

from fuzz.samples import EVENT, LETTER, POST, RESULT, STORY
from gt_common.batches import check_batch_id, check_messages, parse_tags
from gt_common.discovery.options import parse_subreddits
from gt_common.durations import parse_duration
from gt_common.errors import GossipToonError
from gt_common.failures import asked_wait, fingerprint, provider_of, sign_of_error
from gt_common.ledger.address import parse_address
from gt_common.messages import StoryMessage, decode_event, decode_story, encode
from gt_common.messaging.connection import parse_url, say_url
from gt_common.messaging.dead_letters import failed_event_of, put_aside_event, read_dead_letter
from gt_common.messaging.rate_limits.notices import decode_notice
from gt_common.rates import parse_rates
from gt_common.redaction import redact
from gt_common.reddit.pace import read_seconds
from gt_common.reddit.posts import read_listing, read_post
from gt_common.settings import Settings, load_settings
from gt_common.stories import NotAStoryError, canonical_url, read_list_file, slug
from gt_common.stories.sources import Sources, read_sources
from gt_consumer.orchestrator.results import read_result
from gt_consumer.orchestrator.spec import CommandSpec, parse_orchestrator
from gt_consumer.processes.protocol import encode as encode_line
from gt_consumer.processes.protocol import parse
from gt_consumer.processes.values import encodable
from gt_consumer.storage.checkpoints import read_checkpoint
from gt_consumer.storage.finished_videos import find_finished, video_place
from gt_consumer.studio.options import read_options
from gt_consumer.studio.text.story import load_story
from gt_consumer.worker.retry_rules import parse_rules
from gt_producer.produce.journal_state import read_state
from support.samples.dead_letters import Found

OURS = (GossipToonError, NotAStoryError)
_STORY = StoryMessage.model_validate(STORY)


@dataclass(frozen=True)
class Target:
    """A parser.

    Parameters:
        run: gives it some bytes
        seeds: sound inputs, from which others are made
    """

    run: Callable[[bytes], None]
    seeds: tuple[bytes, ...]


@cache
def _folder() -> Path:
    """Return a folder of this process for parsers that read files."""
    holder = tempfile.TemporaryDirectory(prefix="gt-fuzz-")
    _kept.append(holder)
    return Path(holder.name)


_kept: list[tempfile.TemporaryDirectory[str]] = []


def _file(name: str, content: bytes) -> Path:
    path = _folder() / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def _text(data: bytes) -> str:
    return data.decode("utf-8", "replace")


def _json(data: bytes) -> object:
    try:
        return json.loads(data)
    except (ValueError, RecursionError):
        return {}


def _story(data: bytes) -> None:
    story = decode_story(data)
    decode_story(encode(story.charged(3)))
    video_place(_folder(), story)


def _letter(data: bytes) -> None:
    letter = read_dead_letter(Found(data, died_of="delivery_limit"))
    if letter.errors and letter.errors[-1].started_at is None:
        decode_event(encode(failed_event_of(letter)))
    read_dead_letter(Found(data, {"gt-reason": "malformed"}))


def _put_aside(data: bytes) -> None:
    names = _json(data)
    headers = {f"gt-{key}": value for key, value in names.items()} if isinstance(names, dict) else {}
    event = put_aside_event(Found(data, headers))
    if event is not None:
        encode(event)


def _lists(data: bytes) -> None:
    for name in ("list.txt", "list.jsonl"):
        for story in check_messages(read_list_file(_file(name, data))).stories:
            slug(story.url)
    read_sources(Sources(files=("-",)), io.BytesIO(data), _folder())


def _journal(data: bytes) -> None:
    _ = read_state(_file("journal.jsonl", data)).complete


def _line(data: bytes) -> None:
    message = parse(data)
    if message is not None:
        encode_line(message)
    encodable(_text(data))


def _command(data: bytes) -> None:
    spec = parse_orchestrator("command:" + _text(data), _folder())
    values = dict.fromkeys(("url", "workdir", "story_id", "batch_id", "attempt"), _text(data))
    if isinstance(spec, CommandSpec):
        with suppress(ValueError):  # a value that would be read as an option
            assert len(spec.fill(values)) == 1 + len(spec.arguments), "a value has become two arguments"


def _result_file(data: bytes) -> None:
    place = video_place(_folder(), _STORY)
    _file(str(place.with_suffix(".mp4").relative_to(_folder())), b"video")
    _file(str(place.with_suffix(".json").relative_to(_folder())), data)
    find_finished(_folder(), _STORY)


def _note(data: bytes) -> None:
    _file(f".projects/{_STORY.batch_id}/{_STORY.story_id}.json", data)
    read_checkpoint(_folder(), _STORY)


def _ledger_url(data: bytes) -> None:
    parse_address(_text(data))


def _amqp_url(data: bytes) -> None:
    say_url(parse_url(_text(data)))


def _settings(data: bytes) -> None:
    text = _text(data[:500])
    for name in Settings.model_fields:
        try:
            load_settings(**{name: text})
        except GossipToonError:
            continue


def _texts(data: bytes) -> None:
    text = _text(data)
    readers: tuple[Callable[[str], object], ...] = (
        parse_duration,
        parse_rates,
        parse_rules,
        parse_subreddits,
        check_batch_id,
        lambda it: parse_tags([it]),
        lambda it: canonical_url(it, _folder()),
        read_seconds,
        asked_wait,
        redact,
        lambda it: fingerprint(None, it, it),
        lambda it: sign_of_error(it, it),
        lambda it: provider_of([it], it),
    )
    for reader in readers:
        try:
            reader(text)
        except OURS:
            continue


def _reddit(data: bytes) -> None:
    answer = _json(data)
    for item in read_listing(answer)[0]:
        post = read_post(item)
        if post is not None:
            canonical_url(post.url, _folder())


def _studio(data: bytes) -> None:
    for suffix in (".json", ".md"):
        try:
            load_story(_file(f"story{suffix}", data).as_uri(), [_folder()])
        except GossipToonError:
            continue
    load_story("file://" + (quote(data) if len(data) % 2 else f"[{_text(data)}"), [])


def _studio_options(data: bytes) -> None:
    options = _json(data)
    read_options(options if isinstance(options, dict) else {"speed": options})


def _result(data: bytes) -> None:
    read_result(_json(data))


def _pause(data: bytes) -> None:
    decode_notice(data)


def _event(data: bytes) -> None:
    decode_event(encode(decode_event(data)))


def _dump(value: object) -> bytes:
    return json.dumps(value).encode()


TARGETS: dict[str, Target] = {
    "story": Target(_story, (_dump(STORY), _dump(LETTER))),
    "event": Target(_event, (_dump(EVENT), _dump({"v": 1, "type": "batch.sealed", "batch_id": "b"}))),
    "dead letter": Target(_letter, (_dump(LETTER),)),
    "put aside": Target(_put_aside, (_dump({"batch-id": "b", "story-id": "s", "generation": 1}),)),
    "lists": Target(
        _lists,
        (b"https://redd.it/abc\n# x\nstory.md\n", _dump({"url": "https://redd.it/a", "options": {"a": 1}})),
    ),
    "journal": Target(
        _journal,
        (
            b'{"journal": 1, "batch_id": "b", "namespace": "gt", "fingerprint": "f", "tags": {"a": "b"}}\n',
            b'{"listed": [["s", 1]]}\n{"story_id": "s", "position": 1}\n{"sealed": true}\n',
        ),
    ),
    "protocol": Target(
        _line,
        (
            b'{"stage": "voice", "fraction": 0.5}',
            b'{"output_path": "/v.mp4", "duration": 61.0}',
            b'{"failed": true, "type": "E", "message": "m", "traceback": "t"}',
            b'{"provider": "gemini", "retry_after": 3}',
            b'{"child": "idle"}',
            b'{"acquire": "gemini", "id": 1}',
            b'{"withdraw": 1}',
        ),
    ),
    "command": Target(_command, (b"python make.py --url {url} '{workdir}/x y' \"$(id)\"",)),
    "result file": Target(_result_file, (_dump(RESULT),)),
    "project note": Target(_note, (b'{"project_id": "p-1", "stages": ["a"], "failed_at": [1, 2]}',)),
    "ledger url": Target(
        _ledger_url, (b"postgresql://u:PASSWORD@h:5432/d?sslmode=require", b"sqlite:////tmp/l.db")
    ),
    "amqp url": Target(
        _amqp_url, (b"amqp://u:p%40@[::1]:5672/%2F?heartbeat=5", f"amqps://h/v?cafile={__file__}".encode())
    ),
    "settings": Target(_settings, (b"10s,1m", b"gemini=10/minute", b"3", b"sqlite:///x", b"info")),
    "texts": Target(
        _texts,
        (
            b"1h30m",
            b"gemini=10/minute,stories=5/10s",
            b"E=permanent,*q*=rate_limited",
            b"AITA,r/tifu",
            b"a=b",
        ),
    ),
    "reddit": Target(_reddit, (_dump({"data": {"children": [POST], "after": "t3_x"}}),)),
    "studio story": Target(
        _studio, (_dump({"kind": "Listing", "data": {"children": [POST]}}), b"# T\n\nOnce.")
    ),
    "studio options": Target(
        _studio_options, (b'{"speed": 1.2, "max_words": 200, "music": false, "voice": "heart"}',)
    ),
    "result": Target(
        _result, (b'{"success": true, "output_path": "/v.mp4", "duration": 3, "project_id": "p"}',)
    ),
    "pause": Target(
        _pause, (b'{"v": 1, "type": "pause", "provider": "gemini", "until": "2026-03-01T12:00:00Z"}',)
    ),
}
