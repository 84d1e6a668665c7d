"""What an operator orders on a page, read from the address of its preview or from its form."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal, get_args

from gt_common.errors import UsageError
from gt_consumer.control.orders import CancelOrder
from gt_consumer.control.pause import PauseOrder
from gt_consumer.dashboard.addresses import with_query
from gt_consumer.deadletters.orders import Order, parse_rate
from gt_consumer.deadletters.selection import Selection

Action = Literal["replay", "discard", "restore", "cancel", "pause", "resume"]
ACTIONS: Final[tuple[Action, ...]] = get_args(Action)
LETTER_ACTIONS: Final[tuple[Action, ...]] = ("replay", "discard", "restore")
_MOST_CANARY: Final = 1_000_000


@dataclass(frozen=True)
class Target:
    """What an action is about; without anything it is all dead letters, or the fleet.

    Parameters:
        batch: a batch
        story: one story of it
        group: fingerprint of a cause of failure
        error, stage: of the failure, as `gt-dlq` takes them
    """

    batch: str = ""
    story: str = ""
    group: str = ""
    error: str = ""
    stage: str = ""

    @classmethod
    def of(cls, given: Mapping[str, str]) -> Target:
        """Read it from an address or a form."""
        return cls(
            *(given.get(name, "").strip()[:200] for name in ("batch", "story", "group", "error", "stage"))
        )

    @property
    def fields(self) -> dict[str, str]:
        """Its parts that are given, by name."""
        return {name: value for name, value in vars(self).items() if value}

    @property
    def selection(self) -> Selection:
        """The dead letters that it means."""
        return Selection(
            batch=self.batch or None,
            stories=frozenset({self.story} if self.story else ()),
            error=self.error or None,
            stage=self.stage or None,
            group=self.group or None,
        )

    @property
    def said(self) -> str:
        """What it means, in words; empty for everything."""
        words = {
            "batch": "of batch",
            "story": "of story",
            "group": "of cause",
            "error": "with error",
            "stage": "in stage",
        }
        return " ".join(f"{words[name]} {value}" for name, value in self.fields.items())

    def href(self, action: Action) -> str:
        """Return the address of the preview of an action."""
        return with_query(f"/actions/{action}", **self.fields)


def action_of(name: str) -> Action | None:
    """Return the action of this name; None if there is none."""
    return name if name in ACTIONS else None


def check_target(action: Action, target: Target) -> None:
    """Check that an action can be done with what it is about.

    Raises:
        UsageError: it needs a batch
    """
    if action == "cancel" and not target.batch:
        raise UsageError("a cancel needs a batch")


def letter_order(target: Target, given: Mapping[str, str], by: str) -> Order:
    """Return the order for dead letters.

    Raises:
        UsageError: canary, rate or reason is invalid
    """
    rate = given.get("rate", "").strip()
    return Order(
        target.selection,
        None,
        by,
        _reason(given),
        rate=parse_rate(rate) if rate else None,
        canary=_canary(given),
        fresh=given.get("fresh") == "on",
    )


def cancel_order(target: Target, given: Mapping[str, str], by: str) -> CancelOrder:
    """Return the order to cancel.

    Raises:
        UsageError: the reason is too long
    """
    stories = frozenset({target.story} if target.story else ())
    running: Literal["stop", "finish"] = "finish" if given.get("running") == "finish" else "stop"
    return CancelOrder(target.batch, stories, running, by, _reason(given))


def pause_order(action: Action, target: Target, given: Mapping[str, str], by: str) -> PauseOrder:
    """Return the order to pause or resume.

    Raises:
        UsageError: the reason is too long, or a limit invalid
    """
    from gt_common.cli.stop_rules import parse_rules

    limit = given.get("max_cost", "").strip() if action == "resume" and target.batch else ""
    rules = parse_rules(None, limit) if limit else None
    return PauseOrder(target.batch or None, action == "pause", by, _reason(given), rules)


def _reason(given: Mapping[str, str]) -> str | None:
    return given.get("reason", "").strip() or None


def _canary(given: Mapping[str, str]) -> int | None:
    text = given.get("canary", "").strip()
    if not text:
        return None
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= _MOST_CANARY:
        raise UsageError(f"canary must be a number from 1, not {text[:20]!r}")
    return int(text)
