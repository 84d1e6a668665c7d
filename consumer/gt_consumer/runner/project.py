"""The project of one attempt: what is resumed, what the run tells of it, and the note of it on disk."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from gt_common.log import get_logger
from gt_common.messages import StoryMessage
from gt_consumer.processes.values import project_name
from gt_consumer.runner.outcomes import (
    FailedForGood,
    FailedForNow,
    Interrupted,
    Outcome,
    Succeeded,
    Unfit,
    Waiting,
)
from gt_consumer.storage.checkpoints import (
    MOST_STAGES,
    Checkpoint,
    project_folder,
    read_checkpoint,
    remove_checkpoint,
    write_checkpoint,
)

_log = get_logger("runner")

OnProject = Callable[[str | None], None]


class Project:
    """The project that an attempt resumes or begins.

    Parameters:
        output: folder of finished videos, in which begun projects are noted
        attempt: its number, from 1
        on_project: called with the project when the run names one, and with None when it cannot be resumed
    """

    def __init__(self, output: Path, story: StoryMessage, attempt: int, on_project: OnProject) -> None:
        self._output = output
        self._story = story
        self._attempt = attempt
        self._on_project = on_project
        self._note: Checkpoint | None = None
        self._unended_before = 0
        self._reached: list[str] = []
        self._resuming = False
        self._spent = False
        self._writer: asyncio.Task[None] | None = None
        self._written: Checkpoint | None = None

    @property
    def id(self) -> str | None:
        """The project in which the run works, as far as is known."""
        return self._note.project_id if self._note else None

    @property
    def folder(self) -> Path:
        """The story's folder for the files of its projects."""
        return project_folder(self._output, self._story)

    def read(self) -> None:
        """Read what an earlier run noted in the output folder."""
        self._written = read_checkpoint(self._output, self._story)

    async def load(self, *, resumes: bool) -> None:
        """Find the project to resume: the one noted in the output folder, else the one in the message.

        Parameters:
            resumes: whether the orchestrator can resume projects
        """
        noted = self._written
        named = project_name(self._story.project_id)
        if not resumes:
            noted = named = None
        if noted is not None and not noted.resumable(self._story, self._attempt):
            _log.info("project_abandoned", project_id=noted.project_id)
            self._spent = True
            named = None if named == noted.project_id else named
            noted = None
        if noted is None and named is not None:
            failed = (error.failure.stage for error in self._story.errors if error.project_id == named)
            noted = Checkpoint(project_id=named, stages=tuple(stage for stage in failed if stage))
        if noted is not None:
            self._resuming = True
            self._unended_before = noted.unended
            self._note = self._current(noted, unended=noted.unended + 1)
            self._on_project(noted.project_id)
        self._write()
        await self._flushed()

    def begun(self, project_id: str | None) -> asyncio.Future[None]:
        """Take the project that the run names; None when the one that it resumes cannot be resumed.

        Returns:
            what is done when that is noted
        """
        if project_id == self.id:
            return self._write()
        self._spent = self._spent or self._resuming
        self._resuming = False
        if project_id is None:
            self._reached.clear()
            self._note = None
        else:
            self._note = self._current(Checkpoint(project_id=project_id), stages=self._stages(()))
        self._on_project(project_id)
        return self._write()

    def reached(self, stage: str) -> None:
        """Take a stage of the run; one that no earlier run of the project has reached is progress."""
        if stage in self._reached:
            return
        if len(self._reached) < MOST_STAGES:
            self._reached.append(stage)
        if self._note is not None and stage not in self._note.stages and len(self._note.stages) < MOST_STAGES:
            self._resuming = False
            self._note = self._current(self._note, stages=self._stages(self._note.stages), unended=0)
            self._write()

    async def concluded(self, outcome: Outcome, *, at_fault: bool = True) -> Outcome:
        """Note what an outcome means for the project; return the outcome with the project to resume.

        Parameters:
            at_fault: whether a failure may lie in the project: the run took place
        """
        match outcome:
            case Succeeded():
                self._note = None
            case Waiting() | Interrupted() | Unfit():
                self._end_resume()
                outcome = replace(outcome, project_id=self.id, spent=self._spent and self._note is None)
            case FailedForNow() | FailedForGood():
                if at_fault and self._resuming and self._note is not None:
                    failed_at = (self._story.generation, self._attempt)
                    self._note = self._current(self._note, failed_at=failed_at)
                    self._spent = True
                self._end_resume()
                spent = self._spent and (self._resuming or self._note is None)
                outcome = replace(outcome, project_id=outcome.project_id or self.id, spent=spent)
        self._write()
        await self._flushed()
        return outcome

    def _end_resume(self) -> None:
        if self._resuming and self._note is not None:
            self._note = self._current(self._note, unended=self._unended_before)

    def _stages(self, known: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(dict.fromkeys((*known, *self._reached)))[:MOST_STAGES]

    def _current(self, note: Checkpoint, **changes: object) -> Checkpoint:
        return note.model_copy(update={"generation": self._story.generation, **changes})

    def _write(self) -> asyncio.Future[None]:
        """Note what is known, in a task; return what is done when that is noted."""
        if self._writer is None or self._writer.done():
            if self._written == self._note:
                return _done()
            self._writer = asyncio.create_task(self._write_until_current(), name="note project")
        return self._writer

    async def _write_until_current(self) -> None:
        while self._written != self._note:
            note = self._note
            try:
                if note is None:
                    await asyncio.to_thread(remove_checkpoint, self._output, self._story)
                else:
                    await asyncio.to_thread(write_checkpoint, self._output, self._story, note)
            except OSError as error:
                _log.warning("project_note_update_failed", error=str(error))
            self._written = note

    async def _flushed(self) -> None:
        if self._writer is not None and not self._writer.done():
            await asyncio.wait({self._writer})


def _done() -> asyncio.Future[None]:
    done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    done.set_result(None)
    return done
