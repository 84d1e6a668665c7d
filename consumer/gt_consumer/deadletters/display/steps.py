"""Text and JSON for what a command did with dead letters."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from gt_common.texts import one_line
from gt_consumer.deadletters.display.documents import Document
from gt_consumer.deadletters.orders import Step, StepAction

_WORDS: dict[StepAction, str] = {
    "replayed": "replayed",
    "discarded": "discarded",
    "restored": "restored",
    "removed": "removed as stale",
    "skipped": "skipped",
}
ACTIONS: dict[StepAction, tuple[StepAction, ...]] = {
    "replayed": ("replayed", "removed", "skipped"),
    "discarded": ("discarded", "removed", "skipped"),
    "restored": ("restored", "skipped"),
}
"""For each command, by what it does, the possible steps."""


def step_row(step: Step) -> Document:
    """Return one step as JSON."""
    return {
        "action": step.action,
        "batch_id": step.batch_id,
        "story_id": step.story_id,
        "generation": step.generation,
        "detail": step.detail,
    }


def steps_document(steps: Sequence[Step], done: StepAction, stopped: str | None) -> Document:
    """Return everything that a command did as JSON.

    Parameters:
        done: the step that the command exists for
        stopped: why it ended early; None if it did not
    """
    counts = Counter(step.action for step in steps)
    document: Document = {"schema": 1, "dry_run": False}
    document |= {action: counts[action] for action in ACTIONS[done]}
    return {**document, "stopped": stopped, "steps": [*map(step_row, steps)]}


def step_line(step: Step) -> str:
    """Format one step."""
    name = f"{step.story_id} of batch {step.batch_id}" if step.story_id else "a message"
    match step.action:
        case "replayed" | "restored":
            return f"{step.action} {name} as generation {step.generation}"
        case "discarded":
            return f"discarded {name}"
        case "removed":
            return f"removed a stale copy of {name}: {one_line(step.detail or '')}"
        case "skipped":
            return f"skipped {name}: {one_line(step.detail or '')}"


def summary(counts: Mapping[StepAction, int]) -> str:
    """Format in one line how often a command did what."""
    return ", ".join(f"{counts[action]} {word}" for action, word in _WORDS.items() if counts.get(action))
