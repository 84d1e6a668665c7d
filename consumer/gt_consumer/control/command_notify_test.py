"""What `gt-control notify-test` does: send a message to every target, and print the results."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence

from gt_common.errors import ExitCode, UsageError
from gt_common.messages import utc_now
from gt_common.notify.targets import open_targets
from gt_common.notify.trial import Trial, try_targets
from gt_common.settings import Settings


def send_test(settings: Settings, *, as_json: bool) -> int:
    """Send a message to every target of GT_NOTIFY; return the exit code.

    Raises:
        UsageError: nobody is named, an address is invalid, or the library is missing
    """
    targets = open_targets(settings)
    if not targets:
        raise UsageError("GT_NOTIFY names nobody; see docs/notifications.md")
    trials = asyncio.run(try_targets(targets, utc_now()))
    print(_document(trials) if as_json else "\n".join(_lines(trials)))
    return ExitCode.SOME_FAILED if any(trial.problem for trial in trials) else ExitCode.DONE


def _lines(trials: Sequence[Trial]) -> list[str]:
    width = max(len(trial.target) for trial in trials)
    return [
        f"fail  {trial.target:<{width}}  {trial.problem}" if trial.problem else f"ok    {trial.target}"
        for trial in trials
    ]


def _document(trials: Sequence[Trial]) -> str:
    targets = [{"target": one.target, "ok": one.problem is None, "error": one.problem} for one in trials]
    return json.dumps({"schema": 1, "targets": targets}, indent=2, ensure_ascii=False)
