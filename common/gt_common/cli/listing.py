"""Messages about a list of stories that was read: invalid entries, duplicates, and why it is refused."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from gt_common.texts import one_line

if TYPE_CHECKING:
    from gt_common.stories import ListReading

MOST_PROBLEMS: Final = 20
MOST_REPEATED: Final = 10


def say(line: str) -> None:
    """Print a line on standard error; the work continues if nobody reads it."""
    with suppress(OSError):
        print(line, file=sys.stderr, flush=True)


def say_problems(problems: Sequence[str]) -> None:
    """Print the invalid entries of a list, each with its place."""
    for problem in problems[:MOST_PROBLEMS]:
        say(one_line(problem))
    if len(problems) > MOST_PROBLEMS:
        say(f"… and {len(problems) - MOST_PROBLEMS} more")


def refusal(reading: ListReading, undone: str, does: str, *, skip_invalid: bool) -> str:
    """Return why a list is refused; empty if it is not.

    Parameters:
        undone: what did not happen, such as `nothing was published`
        does: what --skip-invalid does with the valid entries, such as `publishes`
    """
    bad, good = len(reading.problems), len(reading.stories)
    if bad and not (good and skip_invalid):
        are = "is not a story" if bad == 1 else "are not stories"
        share = f"{undone}: {bad} of {bad + good} entries {are}"
        return f"{share}; --skip-invalid {does} the others" if good else share
    return "" if good else f"{undone}: the list has no stories"


def listing_document(reading: ListReading) -> dict[str, Iterator[object]]:
    """Return the part of a JSON document with repeats, notes and invalid entries, for `json_parts`."""
    return {
        "repeated": (
            {"place": story.place, "url": story.url, "same_as": first.place}
            for story, first in reading.repeated
        ),
        "notes": iter(reading.notes),
        "invalid": iter(reading.problems),
    }


def say_notes(reading: ListReading) -> None:
    """Print what a user might not expect: repeated stories, each of which counts once, and notes."""
    for story, first in reading.repeated[:MOST_REPEATED]:
        say(one_line(f"{story.place}: same story as {first.place}"))
    if len(reading.repeated) > MOST_REPEATED:
        say(f"… and {len(reading.repeated) - MOST_REPEATED} more repeated stories")
    for note in reading.notes[:MOST_REPEATED]:
        say(one_line(note))
    if len(reading.notes) > MOST_REPEATED:
        say(f"… and {len(reading.notes) - MOST_REPEATED} more such notes")
