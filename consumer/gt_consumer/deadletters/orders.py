"""Orders: what an operator wants done with dead letters; steps: what was done with each."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, NoReturn

from pydantic import JsonValue

from gt_common.cli.operator import check_reason
from gt_common.errors import UsageError
from gt_common.messages import Replay, StoryMessage
from gt_common.rates import Rate, parse_rates
from gt_common.redaction import names_secret
from gt_consumer.deadletters.selection import Selection

MOST_OPTIONS = 16 * 1024

StepAction = Literal["replayed", "discarded", "restored", "removed", "skipped"]
Options = Mapping[str, JsonValue]


@dataclass(frozen=True, slots=True)
class Step:
    """What was done with one dead letter.

    Parameters:
        action: `removed` means that it was a stale copy, `skipped` that it stays where it is
        generation: the new one after a replay or restore, otherwise the letter's
        detail: the reason for `removed` and `skipped`
    """

    action: StepAction
    batch_id: str | None
    story_id: str | None
    generation: int | None
    detail: str | None = None


@dataclass(frozen=True)
class Order:
    """What an operator wants done with some dead letters.

    Parameters:
        limit: maximum number of letters, oldest first
        by: the operator, such as `user@host`
        reason: kept in the message
        rate: maximum rate of a replay
        canary: how many letters to replay before waiting for their outcomes
        options: story options to change, by name; null removes one
        fresh: replay from the beginning instead of resuming the project that was begun
        from_ledger: whether to use the ledger's copy of letters that the queue does not hold

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
    fresh: bool = False
    from_ledger: bool = False

    def __post_init__(self) -> None:
        check_reason(self.reason)


def skipped(letter: StoryMessage, why: str) -> Step:
    """Return the step for a letter that stays where it is."""
    return Step("skipped", letter.batch_id, letter.story_id, letter.generation, why)


def parse_rate(text: str) -> Rate:
    """Parse the rate of a replay: `2/minute`, `10/hour` or `5/10s`.

    Raises:
        UsageError: the text is malformed
    """
    try:
        rates = parse_rates(f"replay={text.strip()}")
    except UsageError:
        rates = ()
    if len(rates) != 1:
        raise UsageError(f"invalid --rate {text!r}: expected for example 2/minute, 10/hour or 5/10s")
    return rates[0]


def parse_options(given: Sequence[str]) -> dict[str, JsonValue]:
    """Parse `NAME=VALUE` of each `--set`; a value that is not JSON is plain text, null removes the option.

    Raises:
        UsageError: malformed, a name given twice, a secret, or more than 16 KiB
    """
    options: dict[str, JsonValue] = {}
    for text in given:
        name, equals, value = text.partition("=")
        name = name.strip()
        if not equals or not name or len(name) > 100:
            raise UsageError(f"invalid --set {text[:80]!r}: expected NAME=VALUE, for example voice=alto")
        if name in options:
            raise UsageError(f"--set {name} is given twice")
        if names_secret(name):
            raise UsageError(
                f"--set cannot set {name!r}, because keys and passwords must not be sent in messages; "
                "set them on the workers"
            )
        options[name] = _json_or_text(value)
    if len(json.dumps(options)) > MOST_OPTIONS:
        raise UsageError(f"the --set options are larger than {MOST_OPTIONS // 1024} KiB")
    return options


def changed_options(options: Options, overlay: Options) -> dict[str, tuple[JsonValue, JsonValue]]:
    """Return the options that an overlay changes, by name: value before and after, None for absent."""
    pairs = {name: (options.get(name), value) for name, value in overlay.items()}
    return {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}


def change_lines(before: Options, overlay: Options) -> Iterator[str]:
    """Format the options that an overlay changes, one per line: `voice: "v1" -> "alto"`."""
    for name, (old, new) in changed_options(before, overlay).items():
        yield f"{name}: {_format_value(old)} -> {_format_value(new)}"


def make_replay(letter: StoryMessage, order: Order, replay: Replay) -> Replay:
    """Return the replay with the letter's options that it changes, before and after."""
    if not order.options:
        return replay
    before = {name: letter.options[name] for name in order.options if name in letter.options}
    return replay.model_copy(update={"options": dict(order.options), "options_before": before})


def _json_or_text(value: str) -> JsonValue:
    try:
        parsed: JsonValue = json.loads(value, parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        return value
    return parsed


def _refuse_constant(constant: str) -> NoReturn:
    raise ValueError(constant)


def _format_value(value: JsonValue) -> str:
    return "(none)" if value is None else json.dumps(value, ensure_ascii=False)
