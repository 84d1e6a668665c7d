"""What is said of a list of stories that was read: its problems and its repeated stories."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from contextlib import suppress

from gt_common.report.view import clean
from gt_common.stories import ListReading

MOST_PROBLEMS = 20
MOST_REPEATED = 10


def say(line: str) -> None:
    """Say one line to people; that nobody reads it must not end what goes on."""
    with suppress(OSError):
        print(line, file=sys.stderr, flush=True)


def say_problems(problems: Sequence[str]) -> None:
    """List what is no story, each with its place."""
    for problem in problems[:MOST_PROBLEMS]:
        say(clean(problem))
    if len(problems) > MOST_PROBLEMS:
        say(f"… and {len(problems) - MOST_PROBLEMS} more")


def say_repeated(reading: ListReading) -> None:
    """List the stories that come again; each counts once."""
    for story, first in reading.repeated[:MOST_REPEATED]:
        say(clean(f"{story.place}: same story as {first.place}"))
    if len(reading.repeated) > MOST_REPEATED:
        say(f"… and {len(reading.repeated) - MOST_REPEATED} more repeated stories")
