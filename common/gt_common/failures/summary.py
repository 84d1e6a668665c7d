"""What a list shows of a failure, without the cost of its details."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from gt_common.failures.failure import bound_summary
from gt_common.failures.fingerprints import fingerprint


@dataclass(frozen=True, slots=True)
class FailureSummary:
    """The fields of a stored `Failure` that a list shows, bounded and redacted as there.

    Tracebacks and logs are passed over: to redact them takes most of the time in which a failure is read.
    """

    type: str
    message: str
    stage: str | None
    retryable: bool
    fingerprint: str


def summary_of(stored: Mapping[str, object]) -> FailureSummary:
    """Return the summary of a failure from its fields as they were stored."""
    shown = dict(stored)
    bound_summary(shown)
    kind, message, stage = str(shown["type"]), str(shown["message"]), shown.get("stage")
    named = str(stage) if stage is not None else None
    return FailureSummary(
        type=kind,
        message=message,
        stage=named,
        retryable=shown.get("retryable") is not False,
        fingerprint=str(shown.get("fingerprint") or fingerprint(named, kind, message)),
    )
