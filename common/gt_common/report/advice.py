"""What to do about a failure: from its type, its class and an HTTP status, never from a word in its message.

Unknown types get no advice: a message about a missing voice also says "not found".
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final, NamedTuple

from gt_common.failures import UNREADABLE, Failure, FailureSummary, Sign, is_type, sign_of_error

_KILLED: Final = "killed by SIGKILL"
_UNSET: Final = re.compile(r"\bset (GT_[A-Z_]{1,60}(?: and GT_[A-Z_]{1,60}){0,5})")
_DISK_FULL: Final = re.compile(r"\[Errno (?:28|122)\]")  # ENOSPC, EDQUOT as Python prints them


class _Words(NamedTuple):
    """What a cure is called where the batch ran."""

    again: str
    slowly: str
    fewer: str
    leave_out: str


_FLEET: Final = _Words("replay", "replay slowly with --rate", "a smaller --prefetch", "discard it")
_LOCAL: Final = _Words("retry", "retry", "a smaller --parallel", "leave it out")

_GONE: Final = ("StoryGoneError",)
_MEMORY: Final = ("MemoryError", "OutOfMemoryError")
_CURES: Final[Mapping[tuple[str, ...], str]] = {
    _GONE: "the story is gone: check its address, or {leave_out}",
    _MEMORY: "give the worker more memory or {fewer}, then {again}",
    ("TimeLimitExceeded",): "raise --time-limit or find out why it is slow, then {again}",
    ("OutputError",): "check the output folder, its permissions and its free space, then {again}",
    ("OrchestratorError",): "check --orchestrator with gt-doctor, then {again}",
    (UNREADABLE,): "a message that cannot be read cannot be replayed: publish the story again",
    ("Cancelled",): "it was cancelled by an operator: {again} if it is wanted after all, or {leave_out}",
    ("TemporaryFailure",): "the program asked for a later attempt: {again} later",
}
_BY_SIGN: Final = {
    Sign.SPENT: "pay for more at the provider, or wait for the next period, then {again}",
    Sign.LIMITED: "wait until the provider's quota resets, then {slowly}",
    Sign.REFUSED: "check the credentials that the message is about, then {again}",
    Sign.PASSING: "check the network and the service, then {again}",
}


def cure(failure: Failure | FailureSummary, *, local: bool) -> str | None:
    """Return what to do about a failure; None if nothing is known.

    Parameters:
        local: whether gt-batch runs the batch, which has no dead letters
    """
    template = _template(failure)
    return None if template is None else template.format(**(_LOCAL if local else _FLEET)._asdict())


def _template(failure: Failure | FailureSummary) -> str | None:
    sign = sign_of_error(failure.type, failure.message)
    if sign is Sign.LIMITED:
        return _BY_SIGN[sign]
    if sign is Sign.REFUSED and (unset := _UNSET.search(failure.message)):
        return f"set {unset[1]} in the worker's environment, then {{again}}"
    if _DISK_FULL.match(failure.message):
        return "free space on the disk of the worker, then {again}"
    if failure.type == "ChildDied" and failure.message.startswith(_KILLED):
        return _CURES[_MEMORY]
    by_type = (text for types, text in _CURES.items() if is_type(failure.type, types))
    return next(by_type, None) or (_BY_SIGN[sign] if sign else None) or _by_class(failure)


def _by_class(failure: Failure | FailureSummary) -> str | None:
    if failure.retryable:
        return None
    return "another attempt alone will not help: fix the cause and {again}, or {leave_out}"
