"""How what was done with dead letters is said."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from gt_common.texts import one_line
from gt_consumer.deadletters.display.documents import Document
from gt_consumer.deadletters.orders import Action, Step

_WORDS: dict[Action, str] = {
    "replayed": "replayed",
    "discarded": "discarded",
    "restored": "restored",
    "removed": "stale and removed",
    "skipped": "skipped",
}
ACTIONS: dict[Action, tuple[Action, ...]] = {
    "replayed": ("replayed", "removed", "skipped"),
    "discarded": ("discarded", "removed", "skipped"),
    "restored": ("restored", "skipped"),
}
"""What a command that does the first may do with a letter."""


def step_row(step: Step) -> Document:
    """Give what was done with one letter as JSON."""
    return {
        "action": step.action,
        "batch_id": step.batch_id,
        "story_id": step.story_id,
        "generation": step.generation,
        "detail": step.detail,
    }


def steps_document(steps: Sequence[Step], done: Action, stopped: str | None) -> Document:
    """Give what a command did as JSON.

    Parameters:
        done: what the command does
        stopped: why it ended before all was done
    """
    counts = Counter(step.action for step in steps)
    document: Document = {"schema": 1, "dry_run": False}
    document |= {action: counts[action] for action in ACTIONS[done]}
    return {**document, "stopped": stopped, "steps": [*map(step_row, steps)]}


def step_line(step: Step) -> str:
    """Say what was done with one letter."""
    name = f"{step.story_id} of batch {step.batch_id}" if step.story_id else "a message"
    match step.action:
        case "replayed" | "restored":
            return f"{step.action} {name} as generation {step.generation}"
        case "discarded":
            return f"discarded {name}"
        case "removed":
            return f"removed, a stale copy, {name}: {one_line(step.detail or '')}"
        case "skipped":
            return f"skipped {name}: {one_line(step.detail or '')}"


def summary(steps: Sequence[Step]) -> str:
    """Say in one line what a command did."""
    counts: Counter[Action] = Counter(step.action for step in steps)
    return ", ".join(f"{counts[action]} {word}" for action, word in _WORDS.items() if counts[action])
