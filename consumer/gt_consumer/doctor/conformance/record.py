"""What was seen of one run of an orchestrator: its stages, its project, its end."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from gt_consumer.processes.costs import WrongCost
from gt_consumer.processes.protocol import Acquire, ProjectBegun, Run, Stage, VideoMade
from gt_consumer.runner.outcomes import Outcome, Succeeded

Heard = Stage | ProjectBegun | Acquire | WrongCost


@dataclass
class StageTime:
    """The time that a run spent in a stage, and the calls to providers that it asked for there.

    Parameters:
        began: when it was first reported, in seconds after the start of the run
        seconds: how long it was the current stage
        calls: permits that the run asked for meanwhile
    """

    name: str
    began: float
    seconds: float = 0.0
    calls: int = 0


@dataclass
class RunRecord:
    """One run.

    Parameters:
        name: what it was made for, such as `undisturbed`
        request: what the orchestrator was asked to do; None if it was never started
        heard: what it reported, each with the seconds since its start
        seconds: how long it took, from its start to its end
        disturbed_at: when it was killed or told to stop, in seconds after its start
        made: the video that it named
        outcome: what the runner made of its end
        spent: what it has spent, in millionths of the currency by provider; empty if it has not said any
    """

    name: str
    request: Run | None = None
    heard: list[tuple[float, Heard]] = field(default_factory=list)
    seconds: float = 0.0
    disturbed_at: float | None = None
    made: VideoMade | None = None
    outcome: Outcome | None = None
    spent: Mapping[str, int] = field(default_factory=dict)

    def take_spent(self, spent: Mapping[str, int]) -> None:
        """Take what it has spent so far."""
        self.spent = spent

    @property
    def succeeded(self) -> bool:
        """Whether its video was stored."""
        return isinstance(self.outcome, Succeeded)

    @property
    def resumed(self) -> str | None:
        """The project that it was asked to resume."""
        return self.request.project_id if self.request else None

    @property
    def project(self) -> tuple[float, str] | None:
        """When it named its project first, in seconds after its start, and the name."""
        named = ((at, one.project_id) for at, one in self.heard if isinstance(one, ProjectBegun))
        return next(((at, name) for at, name in named if name is not None), None)

    @property
    def started_over(self) -> bool:
        """Whether it left the project that it was asked to resume."""
        named = [one.project_id for _, one in self.heard if isinstance(one, ProjectBegun)]
        return self.resumed is not None and any(name != self.resumed for name in named)

    @property
    def stages(self) -> list[StageTime]:
        """Its stages in the order in which it reached them."""
        found: dict[str, StageTime] = {}
        current: StageTime | None = None
        since = 0.0
        for at, message in self.heard:
            if isinstance(message, Stage):
                if current is not None:
                    current.seconds += at - since
                current = found.setdefault(message.stage, StageTime(message.stage, at))
                since = at
            elif isinstance(message, Acquire) and current is not None:
                current.calls += 1
        if current is not None:
            current.seconds += max(0.0, self.seconds - since)
        return list(found.values())

    @property
    def last_stage(self) -> str | None:
        """The stage in which it ended."""
        names = [message.stage for _, message in self.heard if isinstance(message, Stage)]
        return names[-1] if names else None

    @property
    def finished_stages(self) -> list[StageTime]:
        """The stages that it had left when it ended."""
        return [stage for stage in self.stages if stage.name != self.last_stage]
