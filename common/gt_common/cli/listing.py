"""What is said of a list of stories that was read: its problems and its repeated stories."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from contextlib import suppress

from gt_common.stories import ListReading
from gt_common.texts import one_line

MOST_PROBLEMS = 20
MOST_REPEATED = 10


def say(line: str) -> None:
    """Say one line to people; that nobody reads it must not end what goes on."""
    with suppress(OSError):
        print(line, file=sys.stderr, flush=True)


def say_problems(problems: Sequence[str]) -> None:
    """List what is no story, each with its place."""
    for problem in problems[:MOST_PROBLEMS]:
        say(one_line(problem))
    if len(problems) > MOST_PROBLEMS:
        say(f"… and {len(problems) - MOST_PROBLEMS} more")


def refusal(reading: ListReading, undone: str, does: str, *, skip_invalid: bool) -> str:
    """Say why a list is refused; empty when it is not.

    Parameters:
        undone, does: what did not happen, and what --skip-invalid does with the others
    """
    bad, good = len(reading.problems), len(reading.stories)
    if bad and not (good and skip_invalid):
        share = f"{undone}: {bad} of {bad + good} are no stories"
        return f"{share}; --skip-invalid {does} the others" if good else share
    return "" if good else f"{undone}: the list has no stories"


def say_repeated(reading: ListReading) -> None:
    """List the stories that come again; each counts once."""
    for story, first in reading.repeated[:MOST_REPEATED]:
        say(one_line(f"{story.place}: same story as {first.place}"))
    if len(reading.repeated) > MOST_REPEATED:
        say(f"… and {len(reading.repeated) - MOST_REPEATED} more repeated stories")
