"""What an operator wants done with dead letters, and what was done with each."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, NoReturn

from pydantic import JsonValue

from gt_common.errors import UsageError
from gt_common.messages import Replay, StoryMessage
from gt_common.rates import Rate, parse_rates
from gt_common.redaction import names_secret
from gt_consumer.deadletters.selection import Selection

MOST_REASON = 500
MOST_OPTIONS = 16 * 1024

Action = Literal["replayed", "discarded", "restored", "removed", "skipped"]
Options = Mapping[str, JsonValue]


@dataclass(frozen=True)
class Step:
    """What was done with one dead letter.

    Parameters:
        action: `removed` says that it was a stale copy, `skipped` that it stays where it is
        generation: that in which the story goes on, or that of the letter
        detail: why, where the action does not say it
    """

    action: Action
    batch_id: str | None
    story_id: str | None
    generation: int | None
    detail: str | None = None


@dataclass(frozen=True)
class Order:
    """What an operator wants done with some dead letters.

    Parameters:
        limit: letters to handle at most, the oldest first
        by: who, such as `user@host`
        reason: why; travels in the message
        rate: stories to replay in a time at most
        canary: how many to replay first, before their end is waited for
        options: options of the stories to change, by name; null takes one away

    Raises:
        UsageError: the reason is too long
    """

    selection: Selection
    limit: int | None
    by: str
    reason: str | None
    rate: Rate | None = None
    canary: int | None = None
    options: Options = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.reason is not None and len(self.reason) > MOST_REASON:
            raise UsageError(f"--reason may have {MOST_REASON} characters at most")


def skipped(letter: StoryMessage, why: str) -> Step:
    """Give the step that leaves a letter where it is."""
    return Step("skipped", letter.batch_id, letter.story_id, letter.generation, why)


def parse_rate(text: str) -> Rate:
    """Read the rate of a replay: `2/minute`, `10/hour` or `5/10s`.

    Raises:
        UsageError: not of that form
    """
    try:
        rates = parse_rates(f"replay={text.strip()}")
    except UsageError:
        rates = ()
    if len(rates) != 1:
        raise UsageError(f"--rate {text!r} is no rate; write for example 2/minute, 10/hour or 5/10s")
    return rates[0]


def parse_options(given: Sequence[str]) -> dict[str, JsonValue]:
    """Read `NAME=VALUE` of several `--set`; a value that is no JSON is a text, null takes the option away.

    Raises:
        UsageError: not of that form, a name twice, a secret, or too much
    """
    options: dict[str, JsonValue] = {}
    for text in given:
        name, equals, value = text.partition("=")
        name = name.strip()
        if not equals or not name or len(name) > 100:
            raise UsageError(f"--set {text[:80]!r} is no option; write NAME=VALUE, such as voice=alto")
        if name in options:
            raise UsageError(f"--set gives {name} twice")
        if names_secret(name):
            raise UsageError(f"--set {name!r}: keys and passwords never travel; set them where workers run")
        options[name] = _json_or_text(value)
    if len(json.dumps(options)) > MOST_OPTIONS:
        raise UsageError(f"--set gives more than {MOST_OPTIONS // 1024} KiB")
    return options


def changed_options(options: Options, overlay: Options) -> dict[str, tuple[JsonValue, JsonValue]]:
    """Give what an overlay changes, by name: the value before and after; None where there is none."""
    pairs = {name: (options.get(name), value) for name, value in overlay.items()}
    return {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}


def change_lines(before: Options, overlay: Options) -> Iterator[str]:
    """Say what an overlay changes, one option a line: `voice: "v1" -> "alto"`."""
    for name, (old, new) in changed_options(before, overlay).items():
        yield f"{name}: {_said(old)} -> {_said(new)}"


def make_replay(letter: StoryMessage, order: Order, replay: Replay) -> Replay:
    """Note in a replay which of the letter's options it changes."""
    if not order.options:
        return replay
    before = {name: letter.options[name] for name in order.options if name in letter.options}
    return replay.model_copy(update={"options": dict(order.options), "options_before": before})


def _json_or_text(value: str) -> JsonValue:
    try:
        parsed: JsonValue = json.loads(value, parse_constant=_no_number)
    except (ValueError, RecursionError):
        return value
    return parsed


def _no_number(constant: str) -> NoReturn:
    raise ValueError(constant)


def _said(value: JsonValue) -> str:
    return "(none)" if value is None else json.dumps(value, ensure_ascii=False)
