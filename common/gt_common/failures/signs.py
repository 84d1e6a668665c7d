"""What the text of one error says about another attempt, in the words of the providers.

`tests/unit/failures/provider_errors.toml` has the real texts, each with its source; docs/rate-limits.md has
the table for people.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from enum import StrEnum
from typing import Final

from gt_common.failures.statuses import http_status

_MOST: Final = 4000
_PASSING_STATUS: Final = {408, 425}
_SPENT_STATUS: Final = 402
_REFUSED_STATUS: Final = {401, 403}


class Sign(StrEnum):
    """What an error says; another attempt helps or does not, whatever the story is."""

    SPENT = "spent"
    """A quota or a credit is used up: until it is paid for, or a new month begins, nothing helps."""
    LIMITED = "limited"
    """Too many calls: time helps."""
    REFUSED = "refused"
    """A key is missing, invalid or lacks a right: until somebody changes that, nothing helps."""
    PASSING = "passing"
    """A timeout, a lost connection, a fault of the service: another attempt may succeed."""


_TYPES: Final = {
    Sign.LIMITED: (
        *("RateLimited", "RateLimitError", "RateLimitExceeded", "TooManyRequests", "TooManyRequestsError"),
        *("ResourceExhausted", "QuotaExceeded", "ThrottlingException"),
    ),
    Sign.REFUSED: (
        *("CredentialsRefusedError", "AuthenticationError", "PermissionDeniedError", "Unauthenticated"),
        *("PermissionDenied", "Unauthorized", "UnauthorizedError", "Forbidden", "ForbiddenError"),
        *("InvalidAPIKey", "ConfigurationError", "NoCredentialsError", "PartialCredentialsError"),
        *("CredentialsError", "DefaultCredentialsError", "OAuthException"),
        "MissingRequiredAttributeException",
    ),
    Sign.PASSING: (
        *("TimeoutError", "ConnectionError", "ConnectionResetError", "ConnectionRefusedError"),
        *("ConnectionAbortedError", "ConnectTimeout", "ReadTimeout", "ConnectError", "ReadError", "gaierror"),
        *("RedditUnreachableError", "APIConnectionError", "APITimeoutError", "ServiceUnavailable"),
        *("ServiceUnavailableError", "InternalServerError", "DeadlineExceeded", "ClientConnectorError"),
        *("ServerDisconnectedError", "RemoteDisconnected", "BrokenPipeError", "OverloadedError"),
    ),
}

# A phrase counts where a service would write it: a story may speak of rate limits and quotas, too.
_WORDS: Final = {
    Sign.SPENT: re.compile(
        r"(?-i:quota_exceeded)|exceeds your quota of \d|insufficient quota"
        r"|insufficient_(?:quota|credits?|balance)"
        r"|\binsufficient credits?\b|credit balance is too low|not have enough (?:balance|credits?)"
        r"|billing_hard_limit_reached|billing hard limit has been reached"
        r"|reached your specified api usage limits"
        r"|exceeded your current quota.{1,160}platform\.openai\.com"
        r"|quota exceeded for [^\n]{1,200}limit: 0\b(?!.{1,2000}limit: [1-9])",
        re.IGNORECASE | re.DOTALL,
    ),
    Sign.LIMITED: re.compile(
        r"(?-i:Too Many Requests|RATELIMIT: )|(?:^|[.:!\"'(\[]\s?)too many (?:concurrent )?requests"
        r"|too_many_(?:concurrent_)?requests|\w{0,40}rate_?limit_?(?:error|exceeded|reached)|(?-i:system_busy)"
        r"|concurrent_limit_exceeded|resource_exhausted|resource (?:has been )?exhausted[.(, ]"
        r"|throttling_error"
        r"|exceeded your current quota|exceed(?:ed|s)? (?:[\w'’-]{1,30} ){0,4}rate limit"
        r"|(?<!frame )(?<!sample )(?<!sampling )(?<!bit )(?<!refresh )\brate"
        r"(?:[ _]limit[ _](?:is |was |has been )?(?:exceeded|reached|hit)|[ -]limited)\b"
        r"|(?<!disk )(?<!storage )\bquota exceeded|(?-i:quotaExceeded|QUOTA_EXCEEDED)|daily limit ?exceeded"
        r"|\brequests? (?:is|are|was|were|has been|have been) throttled|\bthrottled due to too many"
        r"|\btake a break for \d|reduce your request rate"
        r"|\((?-i:Throttl(?:ing|ed)\w{0,9}|RequestThrottled\w{0,9}|RequestLimitExceeded|BandwidthLimitExceeded"
        r"|TooManyRequestsException|ProvisionedThroughputExceededException|SlowDown)\)",
        re.IGNORECASE,
    ),
    Sign.PASSING: re.compile(
        # A clock that is wrong is one machine's; an address that has expired gets a new signature.
        r"RequestTimeTooSkewed|request has expired|unable to download video data",
        re.IGNORECASE,
    ),
    Sign.REFUSED: re.compile(
        r"\bapi[ _-]?key (?:is )?(?:not valid|not found|invalid)|api_key_invalid|invalid_api_key"
        r"|\b(?:invalid|incorrect|no|missing) (?:x-)?(?:api|subscription)[ _-]?key\b|invalid subscription key"
        r"|missing required environment variable|missing credentials\b|\bunable to locate credentials"
        r"|default credentials were not found|could not resolve authentication method"
        r"|the api_key client option must be set|\binvalid_grant error|\bunauthorized_client error"
        r"|\bauthentication_error\b|\bpermission_error\b|(?-i:\bPERMISSION_DENIED\b|\bUNAUTHENTICATED\b)"
        r"|\b(?-i:[A-Z][A-Z0-9_]{0,60}(?:KEY|TOKEN|SECRET))\b[^.\n]{0,40}\b"
        r"(?:not set|is missing|is required)\b"
        r"|\((?-i:AccessDenied|InvalidAccessKeyId|SignatureDoesNotMatch|AllAccessDisabled)\)",
        re.IGNORECASE,
    ),
}
_NEVER_PASSES: Final = re.compile(
    r"request too large for|larger than max|exceeds (?:the )?maximum size", re.IGNORECASE
)
"""One call that is too large: time does not help, although the service calls it a limit."""

# Of links and files: a story's title is in both. It begins only where no such character precedes, so that it
# takes linear time.
_PATH: Final = re.compile(r"(?<![\w.%~+/-])[\w.%~+-]*(?::/)?(?:/[\w.%~+-]+){2,}/?")

_PRINTED_TYPE: Final = re.compile(r"^(?:(?:\w{1,60}\.){1,8}(\w{1,80})|(\w{1,80}(?:Error|Exception))): ")


def is_type(error_type: str, names: Iterable[str]) -> bool:
    """Whether an error's type is one of some names; case is ignored."""
    return error_type.casefold() in {name.casefold() for name in names}


def sign_of_error(error_type: str, text: str) -> Sign | None:
    """Return what one error says, None if nothing is known.

    A spent quota and a limit count wherever they are in the text; of other signs, the last line that has one
    decides, as the last line of what a program printed names what ended it.
    """
    text = text[:_MOST]
    if _WORDS[Sign.SPENT].search(text):
        return Sign.SPENT
    text = _PATH.sub("", text)
    if _is_limit(error_type, text):
        return Sign.LIMITED
    signs = [_by_type(error_type), *(_of_line(line) for line in reversed(text.splitlines()))]
    return next((sign for sign in signs if sign is not None and sign is not Sign.LIMITED), None)


def _is_limit(error_type: str, text: str) -> bool:
    if _NEVER_PASSES.search(text):
        return False
    kinds = [error_type, *_printed_types(text)]
    if any(is_type(kind, _TYPES[Sign.LIMITED]) for kind in kinds) or http_status(text) == 429:
        return True
    return _WORDS[Sign.LIMITED].search(text) is not None


def _of_line(line: str) -> Sign | None:
    if _WORDS[Sign.PASSING].search(line):
        return Sign.PASSING
    if _WORDS[Sign.REFUSED].search(line):
        return Sign.REFUSED
    by_type = next((sign for kind in _printed_types(line) if (sign := _by_type(kind))), None)
    return by_type or _by_status(http_status(line))


def _by_type(error_type: str) -> Sign | None:
    return next((sign for sign, names in _TYPES.items() if is_type(error_type, names)), None)


def _by_status(status: int | None) -> Sign | None:
    if status is None:
        return None
    if status in _REFUSED_STATUS:
        return Sign.REFUSED
    if status == _SPENT_STATUS:
        return Sign.SPENT
    return Sign.PASSING if status >= 500 or status in _PASSING_STATUS else None


def _printed_types(text: str) -> Iterator[str]:
    """Yield the types of errors that Python printed at the beginning of a line."""
    for line in text.splitlines():
        if match := _PRINTED_TYPE.match(line):
            yield match[1] or match[2]
