"""Stages of programs that know nothing of this project: found in what they print, by GT_STAGE_PATTERN."""

from __future__ import annotations

import re
from typing import Final

from gt_common.log import context_logger
from gt_consumer.processes.bounded_search import SearchTooSlowError, search
from gt_consumer.processes.protocol import Stage, stage_message

MAX_LINE: Final = 1000
"""Characters of a line in which a stage is looked for."""
SEARCH_SECONDS: Final = 0.1
"""Processor time for one line; a pattern that needs more finds no more stages in this run."""
UNNAMED: Final = "working"
"""The stage of a pattern that only finds how much is done, until it has found a name."""


class StageFinder:
    """Finds the stages of one run.

    Parameters:
        pattern: its group `stage`, or its first group, or all that it matches, is the name of a stage; its
            group `percent` (0 to 100) or `fraction` (0 to 1) the share of it that is done
    """

    def __init__(self, pattern: re.Pattern[str]) -> None:
        self._pattern: re.Pattern[str] | None = pattern
        self._stage = UNNAMED

    def find(self, line: bytes) -> Stage | None:
        """Return the stage that a line names, None if it names none."""
        match = self._search(line.decode("utf-8", "replace")[:MAX_LINE])
        if match is None:
            return None
        self._stage = _name(match) or self._stage
        return stage_message(self._stage, _share(match))

    def _search(self, line: str) -> re.Match[str] | None:
        if self._pattern is None:
            return None
        try:
            return search(self._pattern, line, SEARCH_SECONDS)
        except SearchTooSlowError:
            context_logger("orchestrator").warning(
                "stage_search_stopped", pattern=self._pattern.pattern, seconds=SEARCH_SECONDS
            )
            self._pattern = None
            return None


def _name(match: re.Match[str]) -> str | None:
    groups = match.groupdict()
    if "stage" in groups:
        return groups["stage"]
    if len(groups) < match.re.groups:
        named = match.re.groupindex.values()
        return match.group(next(n for n in range(1, match.re.groups + 1) if n not in named))
    return None if groups else match.group()


def _share(match: re.Match[str]) -> float | None:
    groups = match.groupdict()
    for name, whole in (("fraction", 1.0), ("percent", 100.0)):
        if text := groups.get(name):
            try:
                return float(text.replace(",", ".")) / whole
            except ValueError:
                return None
    return None
