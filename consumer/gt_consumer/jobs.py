"""The running job, as an orchestrator sees it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from contextvars import ContextVar, Token
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

from gt_common.errors import UsageError

Reporter = Callable[[str, float | None], None]
Acquirer = Callable[[str], Awaitable[None]]
Projector = Callable[[str], None]
Number = float | Decimal
Spender = Callable[[str, Number], None]
UsageTaker = Callable[[str, str, Number], None]


def _report_nothing(stage: str, fraction: float | None) -> None:
    """Ignore progress, to which nobody listens outside a worker."""


async def _acquire_at_once(provider: str) -> None:
    """Return at once: without a worker there are no limits."""


def _note_no_project(project_id: str) -> None:
    """Ignore the project: without a worker nothing is resumed."""


def _spend_nothing(provider: str, amount: Number) -> None:
    """Ignore the cost: without a worker nobody adds it up."""


def _use_nothing(provider: str, unit: str, quantity: Number) -> None:
    """Ignore the usage: without a worker nobody adds it up."""


@dataclass(frozen=True)
class Job:
    """One attempt of one story.

    Parameters:
        story_id, batch_id: the story and its batch
        url: the story as it was given
        attempt: its number, from 1
        workdir: a folder for this attempt alone, removed afterwards
        options: the story's options from its list line
        story_roots: folders below which story files may be read
        project_folder: what `project_dir` creates and returns
    """

    story_id: str
    batch_id: str
    url: str
    attempt: int
    workdir: Path
    options: Mapping[str, object] = field(default_factory=dict)
    reporter: Reporter = _report_nothing
    acquirer: Acquirer = _acquire_at_once
    story_roots: tuple[Path, ...] = ()
    projector: Projector = _note_no_project
    project_folder: Path | None = None
    spender: Spender = _spend_nothing
    usage_taker: UsageTaker = _use_nothing

    @property
    def project_dir(self) -> Path:
        """A folder of this story alone that outlives the attempt, for projects that are to be resumed.

        It lies in the folder of finished videos, where every worker finds it that shares that folder. Outside
        a worker it is the working folder. It is created by the first use.
        """
        folder = self.project_folder or self.workdir
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def report(self, stage: str, fraction: float | None = None) -> None:
        """Report the stage that the job has reached and, if known, the share of it that is done (0 to 1)."""
        self.reporter(stage, fraction)

    def project(self, project_id: str) -> None:
        """Name the project in which this run works, as soon as it exists, so that a later run can resume it.

        However this run ends, if not with a video, the next one calls `run(project_id=…, resume=True)`.

        Raises:
            UsageError: it is empty, begins with "-" or has characters that cannot be printed
        """
        self.projector(project_id)

    def spend(self, provider: str, amount: Number) -> None:
        """Report that the run has spent this much more, in the currency of GT_CURRENCY.

        Call it after each call that costs money; amounts add up within a run, and what a run has reported
        counts however it ends. An amount that is not a number from 0 on is a warning in the log.
        """
        self.spender(provider, amount)

    def used(self, provider: str, unit: str, quantity: Number) -> None:
        """Report that the run has used this much more of a provider, such as 1200 of the unit `character`.

        The file of GT_PRICES says what one of them costs; a unit without a price is a warning in the log.
        """
        self.usage_taker(provider, unit, quantity)

    async def acquire(self, provider: str) -> None:
        """Wait until GT_RATE_LIMITS allows one call to the provider; return at once if it has no limit.

        Waiting does not count towards the time limit of the attempt.
        """
        await self.acquirer(provider)


_current: ContextVar[Job] = ContextVar("gt_job")


def job() -> Job:
    """Return the job that runs in this context.

    Raises:
        UsageError: outside an orchestrator's run
    """
    try:
        return _current.get()
    except LookupError:
        raise UsageError("gt_consumer.job() was called outside a running orchestrator") from None


def current() -> Job | None:
    """Return the job that runs in this context, None in a context of its own, such as a thread."""
    return _current.get(None)


def enter(current: Job) -> Token[Job]:
    """Make this the job that `job()` returns; called before each run."""
    return _current.set(current)


def leave(token: Token[Job]) -> None:
    """Undo `enter`."""
    _current.reset(token)
