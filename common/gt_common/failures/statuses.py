"""The HTTP status that an error's text names as one."""

from __future__ import annotations

import re
from typing import Final

_MOST = 2000
_NOT_A_MEASURE = (
    r"(?!\d|[.,]\d)"
    r"(?!\s?(?:%|(?:ms|s|secs?|seconds?|m|mins?|minutes?|h|[kmg]?b|bytes|frames?|px|words?|times|rows)\b))"
)
_REASON = (
    r"client error|server error|too many requests|resource[ _](?:has been )?exhausted|quota exceeded|"
    r"unauthori[sz]ed|unauthenticated|forbidden|permission[ _]denied|payment required|not found|"
    r"request time-?out|internal server error|bad gateway|service (?:temporarily )?unavailable|"
    r"unavailable|gateway time-?out|http response|insufficient (?:balance|credits?)"
)
_STATUS: Final = re.compile(
    r"\b(?:"
    r"http(?:/\d(?:\.\d)?)?[ :-]{1,2}(?:error |status |response )?(?:code )?:?\s?\(?"
    r"|(?<!exit )status(?:[ _]?code)?[\"']?[ :=]{1,3}\(?"
    r"|error[ _]code[ :=]{1,3}"
    r"|error(?: occurred)? \("
    r"|server response: "
    r"|(?<!exit )code[\"']?\s?[:=]\s?"
    rf"|(?=[45]\d\d(?:[ :-]{{1,2}}(?:{_REASON})\b|, message=))"
    rf")([45]\d\d){_NOT_A_MEASURE}",
    re.IGNORECASE,
)


def http_status(message: str) -> int | None:
    """Return the HTTP status of an error, 400 to 599, if the message has one as a status.

    `HTTP 429`, `status code: 503` and `401 Unauthorized` are statuses, `took 401 ms` is not.
    """
    match = _STATUS.search(message[:_MOST])
    return int(match.group(1)) if match else None
