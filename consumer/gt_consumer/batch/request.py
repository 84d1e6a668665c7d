"""What is asked: the arguments of gt-batch, and the request that it and `BatchProcessor` make."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from enum import Enum, auto
from pathlib import Path

from gt_common.discovery import check_limit
from gt_common.errors import UsageError
from gt_common.stories import ListReading
from gt_common.stories.sources import Sources
from gt_consumer.orchestrator.calling import MakeOne

_NO_LIST = ListReading((), (), ())
_LIMIT = re.compile(r"(\d{1,6})(%?)")


@dataclass(frozen=True)
class FailureLimit:
    """How many stories may fail: a number, or a percentage of the batch."""

    number: int
    percent: bool = False

    def of(self, total: int) -> int:
        """Return the limit as a number of stories, for a batch of `total` stories."""
        return max(1, math.ceil(total * self.number / 100)) if self.percent else self.number


def parse_failure_limit(text: str) -> FailureLimit:
    """Parse `5` or `10%`.

    Raises:
        UsageError: it is neither
    """
    match = _LIMIT.fullmatch(text.strip())
    if match and int(match[1]) >= 1 and (not match[2] or int(match[1]) <= 100):
        return FailureLimit(int(match[1]), percent=bool(match[2]))
    raise UsageError(
        f"invalid --max-failures {text!r}: expected a number of stories or a percentage, such as 5 or 10%"
    )


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
        max_failures: stories that may fail in this run before no new ones start; None for no limit
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
    max_failures: FailureLimit | None = None
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

    def given(self) -> dict[str, object]:
        """Return the given flags by the names of their settings."""
        names = {"parallel": "prefetch"}
        values = {names.get(one.name, one.name): getattr(self, one.name) for one in fields(self)}
        return {name: value for name, value in values.items() if value is not None}


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
    max_failures: FailureLimit | None = None
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
        """Check that the arguments go together.

        Raises:
            UsageError: they do not
        """
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
            "--batch-id": self.batch_id is not None,
            "--name": self.name is not None,
            "--tag": bool(self.tags),
            "--skip-invalid": self.skip_invalid,
            "--force": self.force,
            "--skip-changed": self.skip_changed,
        }
        for other, given in of_lists.items():
            if given:
                raise UsageError(f"{flag} continues an existing batch and cannot be combined with {other}")
