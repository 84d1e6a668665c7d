"""Translates errors of asyncpraw into errors of this project."""

from __future__ import annotations

import aiohttp
from asyncpraw.exceptions import RedditAPIException
from asyncprawcore.const import ACCESS_TOKEN_PATH
from asyncprawcore.exceptions import OAuthException, RequestException, ResponseException

from gt_common.errors import (
    CredentialsRefusedError,
    GossipToonError,
    RateLimited,
    RedditMissingError,
    RedditRefusedError,
    RedditUnreachableError,
)
from gt_common.reddit.pace import retry_after
from gt_common.reddit.settings import HOW_TO

PROVIDER = "reddit"
_CHECK = f"check GT_REDDIT_CLIENT_ID and GT_REDDIT_CLIENT_SECRET; {HOW_TO}"
_LATER = "try again later, and check the network and GT_REDDIT_URL"
_CLOSED = {
    "private": "is private",
    "quarantined": "is quarantined",
    "banned": "was banned",
    "gold_only": "is for premium members only",
    "gated": "asks readers for consent first",
}


async def translate(error: Exception, what: str) -> GossipToonError:
    """Return the project's error that explains what went wrong.

    Parameters:
        what: what was requested, such as `r/tifu`
    """
    cause = _cause(error)
    if isinstance(cause, GossipToonError):
        return cause
    if isinstance(cause, OAuthException):
        return CredentialsRefusedError(f"Reddit refused the credentials ({cause.error}); {_CHECK}")
    if isinstance(cause, ResponseException):
        return await _answered(cause.response, what)
    if isinstance(cause, RedditAPIException):
        return RedditRefusedError(f"Reddit refused access to {what}: {cause}")
    return _unanswered(cause)


def may_pass(error: Exception) -> bool:
    """Whether another attempt may succeed soon, and asyncpraw has not made it: the token, the connection."""
    cause = _cause(error)
    if isinstance(cause, ResponseException):
        return _is_for_token(cause.response) and cause.response.status >= 500
    if isinstance(cause, aiohttp.ClientSSLError):
        return False
    return isinstance(cause, (aiohttp.ClientConnectionError, aiohttp.ClientPayloadError, TimeoutError))


def _cause(error: Exception) -> Exception:
    while isinstance(error, RequestException):  # a failed retry is wrapped again by the first try
        error = error.original_exception
    return error


def _is_for_token(response: aiohttp.ClientResponse) -> bool:
    return response.url.path.endswith(ACCESS_TOKEN_PATH)


def _unanswered(cause: Exception) -> GossipToonError:
    # asyncprawcore 4.0 looks up a 401 without www-authenticate header in a table that has no 401.
    if isinstance(cause, KeyError) and cause.args == (401,):
        return CredentialsRefusedError(f"Reddit refused the credentials (401); {_CHECK}")
    if isinstance(cause, TimeoutError):
        return RedditUnreachableError(f"Reddit did not answer in time; {_LATER}")
    if isinstance(cause, aiohttp.ContentTypeError):
        return RedditUnreachableError(
            f"the answer is not JSON but {cause.message.rsplit(' ', 1)[-1]}, perhaps from a proxy; {_LATER}"
        )
    if isinstance(cause, (aiohttp.ClientError, OSError)):
        return RedditUnreachableError(f"Reddit cannot be reached: {cause}; {_LATER}")
    return RedditUnreachableError(f"Reddit's answer has an unexpected form ({type(cause).__name__})")


async def _answered(response: aiohttp.ClientResponse, what: str) -> GossipToonError:
    status = response.status
    if _is_for_token(response) and 400 <= status < 429:
        return CredentialsRefusedError(f"Reddit refused the credentials ({status}); {_CHECK}")
    if status == 401:
        return CredentialsRefusedError(f"Reddit refused the credentials (401); {_CHECK}")
    if status == 429:
        return RateLimited(PROVIDER, retry_after(response.headers))
    if status >= 500:
        return RedditUnreachableError(f"Reddit has an internal error ({status}); try again later")
    if status == 403:
        return RedditRefusedError(f"{what} {await _closed(response)}")
    if status == 451:
        return RedditRefusedError(f"{what} is not shown in this country for legal reasons (451)")
    if status == 404 and await _reason(response) == "banned":
        return RedditMissingError(f"{what} was banned by Reddit (404)")
    if status == 404 or 300 <= status < 400:  # a redirect leads to a search page
        return RedditMissingError(f"{what} does not exist on Reddit ({status}); check its spelling")
    return RedditRefusedError(f"Reddit refused access to {what} ({status})")


async def _closed(response: aiohttp.ClientResponse) -> str:
    reason = await _reason(response)
    if reason in _CLOSED:
        return f"{_CLOSED[reason]}: Reddit does not show it to this app (403)"
    return "is not shown to this app (403): private, or Reddit blocks GT_REDDIT_USER_AGENT or this network"


async def _reason(response: aiohttp.ClientResponse) -> str | None:
    """Read the reason from the body of an error; the requestor has already loaded it."""
    try:
        body = await response.json(content_type=None)
    except (ValueError, aiohttp.ClientError):
        return None
    reason = body.get("reason") if isinstance(body, dict) else None
    return reason if isinstance(reason, str) else None
