"""Prints what a command does with dead letters while it works, and counts it."""

from __future__ import annotations

from collections import Counter
from contextlib import AbstractAsyncContextManager

from gt_common.cli.remarks import remarks_every
from gt_common.texts import plural
from gt_consumer.deadletters.display.printing import remark
from gt_consumer.deadletters.display.steps import step_line, summary
from gt_consumer.deadletters.orders import Step, StepAction


class Record:
    """What was done so far. Single steps are printed; for JSON they are kept instead.

    Parameters:
        at_once: whether each line must be seen as soon as it is printed, because letters wait between
    """

    def __init__(self, *, as_json: bool, at_once: bool) -> None:
        self.steps: list[Step] = []
        self.counts: Counter[StepAction] = Counter()
        self._as_json = as_json
        self._at_once = at_once
        self._looked = self._depth = 0

    def step(self, step: Step) -> None:
        """Add what was done with one letter."""
        self.counts[step.action] += 1
        if self._as_json:
            self.steps.append(step)
        else:
            print(step_line(step), flush=self._at_once)

    def look(self, looked: int, depth: int) -> None:
        """Note how many messages of the queue were read in this round."""
        self._looked, self._depth = looked, depth

    def remarks_every(self, seconds: float) -> AbstractAsyncContextManager[None]:
        """Print a line about the progress every so many seconds, for the duration of a block."""
        return remarks_every(seconds, lambda: remark(self._progress()))

    def _progress(self) -> str:
        done = f"{summary(self.counts) or 'nothing done'} so far"
        if not self._depth:
            return done
        return f"{done}; read {self._looked} of {plural(self._depth, 'message')} in the queue"
