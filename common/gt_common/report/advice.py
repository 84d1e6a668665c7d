"""What to do about a failure: from its type, its class and an HTTP status, never from a word in its message.

Unknown types get no advice: a message about a missing voice also says "not found".
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final, NamedTuple

from gt_common.failures import http_status, is_rate_limit, is_type
from gt_common.messages import GT_BATCH
from gt_common.report.model import BatchResult, FailureGroup, VideoFailure

_KILLED: Final = "killed by SIGKILL"
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
_REFUSED: Final = (
    *("CredentialsRefusedError", "AuthenticationError", "PermissionDeniedError", "Unauthenticated"),
    *("PermissionDenied", "Unauthorized", "Forbidden", "InvalidAPIKey"),
)
_UNREACHABLE: Final = (
    *("TimeoutError", "ConnectionError", "ConnectionResetError", "ConnectionRefusedError", "BrokenPipeError"),
    *("ConnectionAbortedError", "ConnectTimeout", "ReadTimeout", "ConnectError", "ReadError", "gaierror"),
    *("RedditUnreachableError", "APIConnectionError", "APITimeoutError", "ServiceUnavailable"),
    *("ServiceUnavailableError", "InternalServerError", "DeadlineExceeded", "ClientConnectorError"),
    *("ServerDisconnectedError", "RemoteDisconnected"),
)
_CURES: Final[Mapping[tuple[str, ...], str]] = {
    _GONE: "the story is gone: check its address, or {leave_out}",
    _MEMORY: "give the worker more memory or {fewer}, then {again}",
    ("TimeLimitExceeded",): "raise --time-limit or find out why it is slow, then {again}",
    ("OutputError",): "check the output folder, its permissions and its free space, then {again}",
    ("OrchestratorError",): "check --orchestrator with gt-doctor, then {again}",
    ("MalformedMessage",): "a message that cannot be read cannot be replayed: publish the story again",
    ("TemporaryFailure",): "the program asked for a later attempt: {again} later",
    _REFUSED: "check the credentials that the message is about, then {again}",
    _UNREACHABLE: "check the network and the service, then {again}",
}


def advice(group: FailureGroup, report: BatchResult) -> str | None:
    """Return what to do about a group of failures; None if its type says nothing about a cure."""
    failures = (row.failure for row in report.results if row.story_id in group.stories[:1])
    failure = next((found for found in failures if found is not None), None)
    return None if failure is None else cure(failure, local=report.made_by == GT_BATCH)


def cure(failure: VideoFailure, *, local: bool) -> str | None:
    """Return what to do about a failure; None if nothing is known.

    Parameters:
        local: whether gt-batch runs the batch, which has no dead letters
    """
    template = _template(failure)
    return None if template is None else template.format(**(_LOCAL if local else _FLEET)._asdict())


def _template(failure: VideoFailure) -> str | None:
    if is_rate_limit(failure.type, failure.message):
        return "wait until the provider's quota resets, then {slowly}"
    if _DISK_FULL.match(failure.message):
        return "free space on the disk of the worker, then {again}"
    if failure.type == "ChildDied" and failure.message.startswith(_KILLED):
        return _CURES[_MEMORY]
    by_type = (text for types, text in _CURES.items() if is_type(failure.type, types))
    return next(by_type, None) or _by_status(http_status(failure.message)) or _by_class(failure)


def _by_status(status: int | None) -> str | None:
    if status in {401, 403}:
        return _CURES[_REFUSED]
    return _CURES[_UNREACHABLE] if status is not None and status >= 500 else None


def _by_class(failure: VideoFailure) -> str | None:
    if failure.retryable:
        return None
    return "another attempt alone will not help: fix the cause and {again}, or {leave_out}"
