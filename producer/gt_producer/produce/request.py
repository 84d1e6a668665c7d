"""The arguments of one gt-produce run."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gt_common.cli.stop_rules import rule_flags
from gt_common.stories.sources import STANDARD_INPUT, Sources

if TYPE_CHECKING:
    from gt_common.messages import Priority, StopRules


@dataclass(frozen=True)
class Request:
    """The arguments as given.

    Parameters:
        tags: `K=V` texts
        as_json: whether to print one JSON object on standard output
        discover: whether to add the best new stories found on Reddit
        limit: maximum number of those; None for the default of gt-discover
        force: whether to publish stories that are made already, or that another batch is making
        skip_changed: whether to leave out also stories that would differ from their earlier video
        again: whether to publish stories again whose messages the queue has lost
        rules: stop rules of the batch; None leaves those that it has
        start_after, priority: of the stories whose lines have none; None if they were not given
    """

    sources: Sources
    batch_id: str | None = None
    name: str | None = None
    tags: tuple[str, ...] = ()
    dry_run: bool = False
    skip_invalid: bool = False
    wait: bool = False
    as_json: bool = False
    discover: bool = False
    limit: int | None = None
    force: bool = False
    skip_changed: bool = False
    again: bool = False
    rules: StopRules | None = None
    start_after: str | None = None
    priority: Priority | None = None

    def resume_command(self, batch_id: str, found: Sequence[str] = ()) -> str:
        """Return the command that publishes the rest of this batch.

        Parameters:
            found: URLs that --discover found; another search would find others
        """
        words = ["gt-produce", "--batch-id", batch_id]
        for file in self.sources.files:
            words += ["-f", file]
        if self.name is not None:
            words += ["--name", self.name]
        for tag in self.tags:
            words += ["--tag", tag]
        if self.start_after is not None:
            words += ["--start-after", self.start_after]
        if self.priority is not None:
            words += ["--priority", self.priority.value]
        words += rule_flags(self.rules)
        flags = {"--any-url": self.sources.any_link, "--skip-invalid": self.skip_invalid}
        flags |= {"--force": self.force, "--skip-changed": self.skip_changed}
        flags |= {"--wait": self.wait, "--json": self.as_json}
        words += [flag for flag, given in flags.items() if given]
        urls = (*self.sources.urls, *found)
        if urls:
            words += ["--", *urls]
        line = shlex.join(words)
        if STANDARD_INPUT in self.sources.files:
            line += "   (with the same list on standard input)"
        return line
