"""Why an attempt failed: bounded in size, without secrets, and what its text says about another attempt."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from gt_common import lazy_names

if TYPE_CHECKING:
    from gt_common.failures.failure import (
        MAX_CAUSE,
        MAX_CAUSES,
        MAX_LOG,
        MAX_MESSAGE,
        MAX_TRACEBACK,
        MAX_TYPE,
        UNREADABLE,
        Failure,
        head_and_tail,
    )
    from gt_common.failures.fingerprints import fingerprint, normalise_message
    from gt_common.failures.providers import provider_of
    from gt_common.failures.signs import Sign, is_type, sign_of_error
    from gt_common.failures.statuses import http_status
    from gt_common.failures.summary import FailureSummary, summary_of
    from gt_common.failures.verdict import sign_of
    from gt_common.failures.waits import asked_wait

_MODULES: Final = ("failure", "summary", "fingerprints", "verdict", "signs", "providers", "statuses", "waits")
"""What has the public names. Most commands need the first alone; the patterns of the others take a while."""

__all__ = [
    "MAX_CAUSE",
    "MAX_CAUSES",
    "MAX_LOG",
    "MAX_MESSAGE",
    "MAX_TRACEBACK",
    "MAX_TYPE",
    "UNREADABLE",
    "Failure",
    "FailureSummary",
    "Sign",
    "asked_wait",
    "fingerprint",
    "head_and_tail",
    "http_status",
    "is_type",
    "normalise_message",
    "provider_of",
    "sign_of",
    "sign_of_error",
    "summary_of",
]

__getattr__ = lazy_names(__name__, _MODULES, __all__)
