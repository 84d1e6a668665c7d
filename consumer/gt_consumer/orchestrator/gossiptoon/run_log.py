"""What GossipToon logs during a run: its stages, its troubles and the error that ended it."""

from __future__ import annotations

import logging
import re
import sys
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from gt_consumer import jobs
from gt_consumer.orchestrator.gossiptoon.projects import keep_checkpoints

STAGES: Final = {
    "1": "story",
    "2": "script",
    "2.5": "engagement",
    "3": "voice",
    "4": "panels",
    "5": "render",
}
"""Names of its numbered stages; the words of the studio where it has the same stage."""

_LOGGER = "gossiptoon"
_STAGE = re.compile(r"Stage (\d+(?:\.\d+)?): ")
_CHECKPOINT = "gossiptoon.pipeline.checkpoint"
_PIPELINE = "gossiptoon.pipeline.orchestrator"
_FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s"
_MOST_TROUBLES = 10
_LONGEST = 4000


@dataclass
class RunLog:
    """What one run has logged.

    Parameters:
        stage: the last stage
        error: the last error with a traceback, which is the one that ended a failed run
        troubles: the last warnings and errors, oldest first, without those of finished stages
    """

    stage: str | None = None
    error: BaseException | None = None
    troubles: deque[str] = field(default_factory=lambda: deque(maxlen=_MOST_TROUBLES))


class _Follower(logging.Handler):
    """Follows the records of one run; those of other runs in the same process are passed over."""

    def __init__(self, job: jobs.Job, folder: Path) -> None:
        super().__init__(logging.INFO)
        self._job = job
        self._folder = folder
        self.log = RunLog()

    def emit(self, record: logging.LogRecord) -> None:
        """Take a record; threads of GossipToon have no job of their own."""
        if jobs.current() not in (None, self._job):
            return
        try:
            self._take(record)
        except Exception:  # noqa: BLE001 - a record must not fail the run that logged it
            self.handleError(record)

    def _take(self, record: logging.LogRecord) -> None:
        text = record.getMessage()
        error = record.exc_info[1] if isinstance(record.exc_info, tuple) else None
        if error is not None:
            self.log.error = error
        elif record.levelno >= logging.WARNING:
            self.log.troubles.append(text[:_LONGEST])
        stage = _STAGE.match(text) if record.name == _PIPELINE else None
        if stage is not None:
            self.log.stage = STAGES.get(stage[1], f"stage {stage[1]}")
            self.log.troubles.clear()
            self._job.report(self.log.stage)
        elif record.name == _CHECKPOINT:
            keep_checkpoints(self._folder)


class _Voice:
    """Lets GossipToon's loggers speak while any run of this process lasts."""

    def __init__(self) -> None:
        self._runs = 0
        self._level = logging.NOTSET
        self._printer: logging.Handler | None = None

    def raise_level(self) -> None:
        """Let a run's records through, and print them where the program has set up no logging."""
        self._runs += 1
        if self._runs > 1:
            return
        logger = logging.getLogger(_LOGGER)
        self._level = logger.level
        if logger.getEffectiveLevel() > logging.INFO:
            logger.setLevel(logging.INFO)
        if not logging.getLogger().handlers:
            self._printer = logging.StreamHandler(sys.stderr)
            self._printer.setFormatter(logging.Formatter(_FORMAT))
            logger.addHandler(self._printer)

    def restore(self) -> None:
        """Undo `raise_level` when the last run is over."""
        self._runs -= 1
        if self._runs:
            return
        logger = logging.getLogger(_LOGGER)
        logger.setLevel(self._level)
        if self._printer is not None:
            logger.removeHandler(self._printer)
            self._printer = None


_voice = _Voice()


@contextmanager
def watch_log(job: jobs.Job, folder: Path) -> Iterator[RunLog]:
    """Follow GossipToon's loggers during a run.

    Parameters:
        folder: the story's folder, whose checkpoints are kept as they are saved
    """
    follower = _Follower(job, folder)
    logger = logging.getLogger(_LOGGER)
    _voice.raise_level()
    logger.addHandler(follower)
    try:
        yield follower.log
    finally:
        logger.removeHandler(follower)
        _voice.restore()
