"""What the command line asks of gt-batch."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, fields
from pathlib import Path

from gt_common.discovery import check_limit
from gt_common.errors import UsageError
from gt_common.stories.sources import Sources

_LIMIT = re.compile(r"(\d{1,6})(%?)")


@dataclass(frozen=True)
class FailureLimit:
    """How many stories may fail: a number, or per cent of the batch."""

    number: int
    per_cent: bool = False

    def of(self, total: int) -> int:
        """Give the number for a batch of so many stories."""
        return max(1, math.ceil(total * self.number / 100)) if self.per_cent else self.number


def parse_failure_limit(text: str) -> FailureLimit:
    """Read `5` or `10%`.

    Raises:
        UsageError: neither
    """
    match = _LIMIT.fullmatch(text.strip())
    if match and int(match[1]) >= 1 and (not match[2] or int(match[1]) <= 100):
        return FailureLimit(int(match[1]), per_cent=bool(match[2]))
    raise UsageError(f"--max-failures: not a number of stories or per cent of them: {text!r}; write 5 or 10%")


@dataclass(frozen=True)
class Flags:
    """Settings given as flags; None where none was."""

    parallel: int | None = None
    orchestrator: str | None = None
    output: Path | None = None
    max_attempts: int | None = None
    time_limit: str | None = None

    def given(self) -> dict[str, object]:
        """Give the flags by the names of the settings."""
        names = {"parallel": "prefetch"}
        values = {names.get(one.name, one.name): getattr(self, one.name) for one in fields(self)}
        return {name: value for name, value in values.items() if value is not None}


@dataclass(frozen=True)
class Request:
    """The arguments as they were given.

    Parameters:
        limit: stories that `discover` gives, at most
        tags: `K=V` texts
        resume, retry_failed: a batch's id
        force: make again what is made already
        as_json: one JSON object on standard output
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
    max_failures: FailureLimit | None = None
    skip_invalid: bool = False
    as_json: bool = False

    @property
    def earlier(self) -> str | None:
        """The batch to go on with, if one is named."""
        return self.resume if self.resume is not None else self.retry_failed

    def check(self) -> None:
        """See that the arguments go together.

        Raises:
            UsageError: they do not
        """
        check_limit(self.limit, discover=self.discover)
        if self.resume is not None and self.retry_failed is not None:
            raise UsageError("--resume and --retry-failed exclude each other; resume first")
        if self.earlier is None:
            return
        flag = "--resume" if self.resume is not None else "--retry-failed"
        of_lists = {
            "a list of stories": bool(self.sources.urls or self.sources.files or self.discover),
            "--batch-id": self.batch_id is not None,
            "--name": self.name is not None,
            "--tag": bool(self.tags),
            "--skip-invalid": self.skip_invalid,
            "--force": self.force,
        }
        for other, given in of_lists.items():
            if given:
                raise UsageError(f"{flag} goes on with a batch as it is; {other} is for a new one")
