"""What is asked: the arguments of gt-batch, and the request that it and `BatchProcessor` make."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from enum import Enum, auto
from pathlib import Path

from gt_common.cli.stop_rules import parse_rules
from gt_common.discovery import check_limit
from gt_common.errors import UsageError
from gt_common.messages import StopRules, utc_now
from gt_common.stories import ListReading, Story
from gt_common.stories.priority import parse_priority
from gt_common.stories.schedule import Schedule, check_start, has_own
from gt_common.stories.sources import Sources
from gt_consumer.orchestrator.calling import MakeOne

_NO_LIST = ListReading((), (), ())


class Mode(Enum):
    """Which stories a run is for."""

    LIST = auto()
    """Those of a list."""
    RESUME = auto()
    """Those of an existing batch that are not final."""
    RETRY_FAILED = auto()
    """Those of an existing batch that have failed."""


@dataclass(frozen=True)
class Request:
    """One batch and what to do with it.

    Parameters:
        listed: the list as it was read; empty for an existing batch
        name, tags: of a new batch
        only_new: leave out stories that another batch has made, and add the others to the batch if it exists
            already; without it every story is made, and the batch must be a new one
        force: make videos again that are already in the output folder
        fresh: start stories from the beginning instead of resuming the projects that earlier runs have begun
        skip_changed: leave out also stories that would differ from their earlier video
        rules: stop rules to be set; None leaves an existing batch its own
        schedule: when the stories of the list start and which come first; None if nothing is said of that
        flags: settings by name that override those with which an existing batch was begun; None if the
            caller's settings are used as they are
        story_roots: folders of what was given, below which story files may be read; GT_STORY_ROOTS takes
            their place
        make_one: returns the orchestrator of an attempt, to be run in this process; None if
            `settings.orchestrator` is run in child processes
    """

    batch_id: str
    mode: Mode = Mode.LIST
    listed: ListReading = _NO_LIST
    name: str | None = None
    tags: Mapping[str, str] = field(default_factory=dict)
    only_new: bool = False
    force: bool = False
    fresh: bool = False
    skip_changed: bool = False
    rules: StopRules | None = None
    schedule: Schedule | None = None
    flags: Mapping[str, object] | None = None
    story_roots: tuple[Path, ...] = ()
    make_one: MakeOne | None = None


@dataclass(frozen=True)
class Flags:
    """Settings given as flags; None where a flag was not given."""

    parallel: int | None = None
    orchestrator: str | None = None
    output: Path | None = None
    max_attempts: int | None = None
    time_limit: str | None = None
    cwd: Path | None = None

    def given(self) -> dict[str, object]:
        """Return the given flags by the names of their settings."""
        names = {"parallel": "prefetch"}
        values = {names.get(one.name, one.name): getattr(self, one.name) for one in fields(self)}
        return {name: value for name, value in values.items() if value is not None}


@dataclass(frozen=True)
class Limits:
    """When the stories of a batch start, and what stops it, as texts; None where a flag was not given.

    Parameters:
        start_after, priority: of the lines that have none
    """

    max_failures: str | None = None
    max_cost: str | None = None
    start_after: str | None = None
    priority: str | None = None

    def rules(self) -> StopRules | None:
        """Return the stop rules; None if none is given.

        Raises:
            UsageError: one is invalid
        """
        return parse_rules(self.max_failures, self.max_cost)

    def schedule(self, stories: Sequence[Story]) -> Schedule | None:
        """Return when stories start and which come first; None if nothing is said of that.

        Raises:
            UsageError: a text is invalid
        """
        start = None if self.start_after is None else check_start(self.start_after)
        priority = None if self.priority is None else parse_priority(self.priority)
        if start is None and priority is None and not has_own(stories):
            return None
        return Schedule(utc_now(), start, priority)


@dataclass(frozen=True)
class Arguments:
    """The arguments as they were given.

    Parameters:
        limit: highest number of stories that `discover` adds
        tags: `K=V` texts
        resume, retry_failed: the id of an existing batch
        as_json: print one JSON object on standard output
    """

    sources: Sources
    flags: Flags = Flags()
    limits: Limits = Limits()
    discover: bool = False
    limit: int | None = None
    batch_id: str | None = None
    name: str | None = None
    tags: tuple[str, ...] = ()
    dry_run: bool = False
    resume: str | None = None
    retry_failed: str | None = None
    force: bool = False
    fresh: bool = False
    skip_changed: bool = False
    skip_invalid: bool = False
    as_json: bool = False

    @property
    def mode(self) -> Mode:
        """Which stories are asked for."""
        if self.resume is not None:
            return Mode.RESUME
        return Mode.LIST if self.retry_failed is None else Mode.RETRY_FAILED

    @property
    def existing(self) -> str | None:
        """The id of the existing batch that is named, if one is."""
        return self.resume if self.resume is not None else self.retry_failed

    def check(self) -> None:
        """Check that the arguments are valid and go together.

        Raises:
            UsageError: they are not, or do not
        """
        self.limits.rules()
        self.limits.schedule(())
        check_limit(self.limit, discover=self.discover)
        if self.resume is not None and self.retry_failed is not None:
            raise UsageError("--resume and --retry-failed cannot be combined; resume the batch first")
        if self.force and self.skip_changed:
            raise UsageError("--force makes every story again and cannot be combined with --skip-changed")
        if self.existing is None:
            return
        flag = "--resume" if self.mode is Mode.RESUME else "--retry-failed"
        of_lists = {
            "a list of stories": bool(self.sources.urls or self.sources.files or self.discover),
            "--any-url": self.sources.any_link,
            "--batch-id": self.batch_id is not None,
            "--name": self.name is not None,
            "--tag": bool(self.tags),
            "--start-after": self.limits.start_after is not None,
            "--priority": self.limits.priority is not None,
            "--skip-invalid": self.skip_invalid,
            "--force": self.force,
            "--skip-changed": self.skip_changed,
        }
        for other, given in of_lists.items():
            if given:
                raise UsageError(f"{flag} continues an existing batch and cannot be combined with {other}")
