"""The JSON lines between a worker and what runs a story; a `command:` program prints the first five of them.

`{"stage": …, "fraction": …}`, `{"output_path": …, "duration": …}`, `{"project_id": …}`, `{"cost": …}`,
`{"usage": …}`, and between worker and Python child also failures, waits, the state of the child, its permits
for providers and the request itself. Any other line is output.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from gt_consumer.processes.costs import Cost, Spent, Used, WrongCost, cost_fields, read_cost
from gt_consumer.processes.values import encodable, label, number, project_name

STAGE_INTERVAL = 0.2


@dataclass(frozen=True)
class Run:
    """Worker to child: run this story.

    Parameters:
        workdir: absolute path of the attempt's own folder
        project_id: the project to resume, if any
        story_roots: absolute paths of the folders below which story files may be read
        given: how the list named a story file, if that is not its URL
        title: the story's title, if the list knew it
        project_folder: absolute path of the story's folder for projects that are to be resumed
    """

    story_id: str
    batch_id: str
    url: str
    attempt: int
    workdir: str
    options: Mapping[str, object] = field(default_factory=dict)
    project_id: str | None = None
    story_roots: Sequence[str] = field(default_factory=list)
    given: str | None = None
    title: str | None = None
    project_folder: str | None = None


@dataclass(frozen=True)
class Stage:
    """The run has reached a stage, or made progress in it; `fraction` is the share done, 0 to 1."""

    stage: str
    fraction: float | None = None


@dataclass(frozen=True)
class ProjectBegun:
    """The run works in this project, where a later run may resume; None if it cannot resume its project."""

    project_id: str | None


@dataclass(frozen=True)
class VideoMade:
    """The run made a video; `duration` is its length in seconds."""

    output_path: str
    duration: float | None = None
    project_id: str | None = None


@dataclass(frozen=True)
class Failed:
    """The run failed.

    Parameters:
        retryable: whether another attempt may succeed
        machine: whether the machine, and not the run, is to blame
        causes: what led to it, as `Type: text`, nearest first
    """

    type: str
    message: str
    retryable: bool = True
    traceback: str | None = None
    project_id: str | None = None
    machine: bool = False
    causes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Wait:
    """A provider asked to wait `retry_after` seconds."""

    provider: str
    retry_after: float
    project_id: str | None = None


@dataclass(frozen=True)
class Acquire:
    """The run waits for a permit to call a provider; the child chooses `id` and never uses it again."""

    acquire: str
    id: int


@dataclass(frozen=True)
class Withdraw:
    """The run no longer waits for the permit that it requested with this id."""

    withdraw: int


@dataclass(frozen=True)
class Granted:
    """Worker to child: the run may call the provider once."""

    granted: str
    id: int


@dataclass(frozen=True)
class Noted:
    """Worker to child: the project is noted; a run that is killed from now on is resumed in it."""

    noted: str | None


@dataclass(frozen=True)
class ChildState:
    """The child has loaded the orchestrator, has taken the request over, or is free for the next."""

    child: Literal["loaded", "accepted", "idle"]


@dataclass(frozen=True)
class Checked:
    """Child to parent: the orchestrator's `check()` passed; what it found, line by line."""

    checked: tuple[str, ...]


Final = VideoMade | Failed | Wait
Report = Stage | ProjectBegun | Cost
"""What a run says of itself while it works."""
Message = Final | Report | ChildState | Acquire | Withdraw | Checked
Order = Run | Granted | Noted


def encode(message: Message | Order) -> bytes:
    """Return the line of a message. ASCII only, so that no text of an orchestrator can break it."""
    kind: dict[str, object] = {"failed": True} if isinstance(message, Failed) else {}
    # Every field is a plain value, so no copy is needed.
    fields = cost_fields(message) if isinstance(message, Spent | Used | WrongCost) else vars(message)
    return json.dumps(kind | fields, default=str).encode() + b"\n"


def parse(line: bytes) -> Message | None:
    """Read a line; return None if it is not a message."""
    data = _object(line)
    if data is None:
        return None
    for key, reader in _READERS.items():
        if key in data:
            return reader(data)
    return None


def parse_order(line: bytes) -> Order:
    """Read a line of the worker to its child; it writes nothing else."""
    data = json.loads(line)
    if "noted" in data:
        return Noted(**data)
    return Granted(**data) if "granted" in data else Run(**data)


def parse_cost(line: bytes) -> Cost | None:
    """Read what a line says of the cost of its run, beside whatever else it says."""
    if b'"cost"' not in line and b'"usage"' not in line:
        return None
    data = _object(line)
    return None if data is None or not ("cost" in data or "usage" in data) else read_cost(data)


class StageThrottle:
    """Admits a stage report when the stage is new, complete, or was last admitted 0.2 s ago."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._last = ("", 0.0)

    def admits(self, message: Stage) -> bool:
        """Whether this report should be passed on."""
        now = self._clock()
        stage, since = self._last
        if stage == message.stage and message.fraction != 1.0 and now - since < STAGE_INTERVAL:
            return False
        self._last = (message.stage, now)
        return True


def stage_message(stage: object, fraction: object = None) -> Stage | None:
    """Return a stage report with bounded values; None if it names no stage."""
    name = label(stage)
    share = number(fraction)
    return None if name is None else Stage(name, None if share is None else round(min(share, 1.0), 4))


def _object(line: bytes) -> dict[str, object] | None:
    if not line.lstrip().startswith(b"{"):
        return None
    try:
        data = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return data if isinstance(data, dict) else None


def _stage(data: dict[str, object]) -> Stage | None:
    return stage_message(data["stage"], data.get("fraction")) if isinstance(data["stage"], str) else None


def _made(data: dict[str, object]) -> VideoMade | None:
    path = data["output_path"]
    if not isinstance(path, str) or not path or "\0" in path:
        return None
    return VideoMade(path, number(data.get("duration")), project_name(data.get("project_id")))


def _failed(data: dict[str, object]) -> Failed:
    traceback = data.get("traceback")
    return Failed(
        type=label(data.get("type")) or "Error",
        message=encodable(str(data.get("message") or "")),
        retryable=data.get("retryable") is not False,
        traceback=None if traceback is None else encodable(str(traceback)),
        project_id=project_name(data.get("project_id")),
        machine=data.get("machine") is True,
        causes=_texts(data.get("causes")),
    )


def _texts(value: object) -> tuple[str, ...]:
    return tuple(encodable(str(text)) for text in value) if isinstance(value, list) else ()


def _wait(data: dict[str, object]) -> Wait:
    seconds = number(data.get("retry_after")) or 0.0
    return Wait(label(data["provider"]) or "provider", seconds, project_name(data.get("project_id")))


def _project(data: dict[str, object]) -> ProjectBegun | None:
    name = project_name(data["project_id"])
    return ProjectBegun(name) if name or data["project_id"] is None else None


def _state(data: dict[str, object]) -> ChildState | None:
    state = data["child"]
    return ChildState(state) if state in ("loaded", "accepted", "idle") else None


def _acquire(data: dict[str, object]) -> Acquire | None:
    provider, id_ = label(data["acquire"]), data.get("id")
    return Acquire(provider, id_) if provider and isinstance(id_, int) else None


def _withdraw(data: dict[str, object]) -> Withdraw | None:
    id_ = data["withdraw"]
    return Withdraw(id_) if isinstance(id_, int) else None


def _checked(data: dict[str, object]) -> Checked | None:
    lines = data["checked"]
    return Checked(tuple(encodable(str(line)) for line in lines)) if isinstance(lines, list) else None


def _wrong_cost(data: dict[str, object]) -> WrongCost:
    return WrongCost(encodable(str(data["wrong_cost"])))


_READERS: Mapping[str, Callable[[dict[str, object]], Message | None]] = {
    "stage": _stage,
    "output_path": _made,
    "failed": _failed,
    "provider": _wait,
    "child": _state,
    "acquire": _acquire,
    "withdraw": _withdraw,
    "checked": _checked,
    "project_id": _project,
    "cost": read_cost,
    "usage": read_cost,
    "wrong_cost": _wrong_cost,
}
