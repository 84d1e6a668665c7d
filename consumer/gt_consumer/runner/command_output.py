"""Reads what a program prints: its stages, its costs, its project, its video, and lines for the log."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from gt_consumer.processes.costs import Cost, Spent, Used
from gt_consumer.processes.json_documents import JsonDocuments
from gt_consumer.processes.output_log import OutputLog
from gt_consumer.processes.protocol import ProjectBegun, Stage, VideoMade, parse, parse_cost
from gt_consumer.processes.stage_pattern import StageFinder
from gt_consumer.runner.execution import OnStage

_MOST_RESULTS: Final = 2


class CommandOutput:
    """The output of one run; the only `output_path` that it prints counts.

    What comes on the descriptor GT_RESULT_FD takes precedence over standard output. So does a project, of
    which else the first counts: a later line may be text of the story. Once a cost has come on the
    descriptor, those on standard output do not count any more.

    Parameters:
        stage_pattern: finds stages in lines that are not messages, of standard error too
    """

    def __init__(self, on_stage: OnStage, stage_pattern: re.Pattern[str] | None = None) -> None:
        self.log = OutputLog()
        self.log.begin()
        self._on_stage = on_stage
        self._stages = StageFinder(stage_pattern) if stage_pattern else None
        self._printed: list[VideoMade] = []
        self._handed_over: list[VideoMade] = []
        self._named: set[bool] = set()
        self._costs_handed_over = False
        self._stdout = JsonDocuments(lambda lines: self._read(lines, self._printed))
        self._results = JsonDocuments(lambda lines: self._read(lines, self._handed_over))

    @property
    def results(self) -> Sequence[VideoMade]:
        """The videos that it named, two at most."""
        return self._handed_over or self._printed

    def stdout(self, line: bytes) -> None:
        """Take a line of standard output."""
        self._stdout.feed(line)

    def stderr(self, line: bytes) -> None:
        """Take a line of standard error."""
        self._find_stage(line)
        self.log.stderr(line)

    def result(self, line: bytes) -> None:
        """Take a line of the descriptor GT_RESULT_FD."""
        self._results.feed(line)

    def close(self) -> None:
        """Take what was begun and has no end as ordinary lines."""
        self._stdout.end()
        self._results.end()
        self.log.close()

    def _read(self, lines: list[bytes], results: list[VideoMade]) -> None:
        text, handed_over = b"\n".join(lines), results is self._handed_over
        counted = self._take_cost(parse_cost(text), handed_over=handed_over)
        match parse(text):
            case Stage() as stage:
                self._on_stage(stage)
            case VideoMade() as made:
                if len(results) < _MOST_RESULTS:
                    results.append(made)
            case ProjectBegun(str()) as begun:
                self._take_project(begun, handed_over=handed_over)
            case Spent() | Used() if counted:
                return
            case _:
                for line in lines:
                    self._find_stage(line)
                    self.log.stdout(line)

    def _find_stage(self, line: bytes) -> None:
        if self._stages is not None and (stage := self._stages.find(line)) is not None:
            self._on_stage(stage)

    def _take_cost(self, cost: Cost | None, *, handed_over: bool) -> bool:
        """Take what a line says of the run's cost; return whether it counts."""
        if cost is None or (self._costs_handed_over and not handed_over):
            return False
        self._costs_handed_over = handed_over
        self._on_stage(cost)
        return True

    def _take_project(self, begun: ProjectBegun, *, handed_over: bool) -> None:
        if handed_over not in self._named and True not in self._named:
            self._named.add(handed_over)
            self._on_stage(begun)
