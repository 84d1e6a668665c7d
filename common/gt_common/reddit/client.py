"""Requests to Reddit through asyncpraw, which keeps the token and retries posts after 5xx."""

from __future__ import annotations

import asyncio
import configparser
import time
import warnings
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any, TypeVar, cast

import aiohttp
import asyncpraw
from asyncpraw.exceptions import AsyncPRAWException
from asyncprawcore import Requestor, Session
from asyncprawcore.exceptions import AsyncPrawcoreException, RequestException, ResponseException
from asyncprawcore.rate_limit import RateLimiter

from gt_common.errors import GossipToonError, RateLimited, UsageError
from gt_common.log import get_logger
from gt_common.reddit.pace import Pace, retry_after
from gt_common.reddit.settings import RedditSettings
from gt_common.reddit.translate import PROVIDER, may_pass, translate

# asyncpraw also lets parsing errors escape when an answer does not have the expected form.
_FAILURES = (AsyncPrawcoreException, AsyncPRAWException, LookupError, TypeError, ValueError, AttributeError)
RETRY_WAITS = (1.0, 4.0)
"""Seconds before the 2nd and 3rd attempt of what asyncpraw does not retry: the token, a lost connection."""
_Answer = TypeVar("_Answer")
_log = get_logger("reddit")


class PacedRequestor(Requestor):
    """asyncpraw's HTTP requests, paced."""

    def __init__(self, *, pace: Pace, seconds: float, **given: Any) -> None:
        super().__init__(**given)
        self._pace = pace
        self._seconds = seconds

    @asynccontextmanager
    async def request(self, *args: Any, **kwargs: Any) -> AsyncIterator[aiohttp.ClientResponse]:
        """Send one request; the body of an error is read at once, because it is gone afterwards.

        Raises:
            RequestException: it could not be sent; or RateLimited is its cause
        """
        await self._pace.turn()
        async with super().request(*args, **(kwargs | {"timeout": self._seconds})) as response:
            self._pace.heed(response.headers)
            if response.status == 429:
                raise RateLimited(PROVIDER, retry_after(response.headers))
            if response.status >= 400:
                await response.read()
            yield response


class _Unlimited(RateLimiter):
    """Ignores the headers, which `Pace` heeds; asyncprawcore 4.0 fails at a fraction or a missing one."""

    def update(self, *, response_headers: Mapping[str, str]) -> None:
        """Note nothing."""


class RedditClient:
    """An open client; created by `open_reddit`."""

    def __init__(self, reddit: asyncpraw.Reddit, pace: Pace, settings: RedditSettings) -> None:
        self._reddit = reddit
        self._pace = pace
        self._website = settings.website
        self._patience = settings.patience
        self._retry_within = settings.timeout
        self._first = asyncio.Lock()
        self._logged_in = False

    async def get(self, path: str, what: str, params: Mapping[str, str | int] | None = None) -> object:
        """Return the JSON at a path; short waits that Reddit asks for are done here.

        Parameters:
            path: relative, such as `r/tifu/top`
            what: what is requested, for error messages, such as `r/tifu`

        Raises:
            RedditRefusedError: it does not exist or is not shown
            RateLimited: Reddit asked for a longer wait than `GT_REDDIT_PATIENCE`
            CredentialsRefusedError: the credentials were refused
            RedditUnreachableError: Reddit does not answer properly
        """
        # The first request fetches the token; parallel ones would each fetch another.
        async with self._first:
            if not self._logged_in:
                answer = await self._get(path, what, params)
                self._logged_in = True
                return answer
        return await self._get(path, what, params)

    async def location(self, path: str, what: str) -> str | None:
        """Return the redirect target of a page, None if it is shown itself; for errors see `get`."""

        async def send() -> str | None:
            try:
                await self._reddit.request(method="GET", path=f"{self._website}/{path.lstrip('/')}")
            except ResponseException as error:
                if 300 <= error.response.status < 400:
                    return error.response.headers.get("location")
                raise
            except RequestException as error:
                if not isinstance(error.original_exception, aiohttp.ContentTypeError):
                    raise
            return None

        return await self._persist(send, what)

    async def _get(self, path: str, what: str, params: Mapping[str, str | int] | None) -> object:
        async def send() -> object:
            answer: object = await self._reddit.request(method="GET", path=path, params=dict(params or {}))
            return answer

        return await self._persist(send, what)

    async def _persist(self, send: Callable[[], Awaitable[_Answer]], what: str) -> _Answer:
        """Send a request, again after a wait that Reddit asks for or a failure that may pass."""
        waits = iter(RETRY_WAITS)
        retry_until = time.monotonic() + self._retry_within
        while True:
            await self._wait(self._pace.closed_for())
            try:
                return await send()
            except _FAILURES as error:
                failure = await translate(error, what)
                passing = may_pass(error) and time.monotonic() < retry_until
            if isinstance(failure, RateLimited):
                await self._wait(failure.retry_after)
            elif passing and (wait := next(waits, None)) is not None:
                await self._retry_in(wait, failure)
            else:
                raise failure from None

    async def _retry_in(self, seconds: float, failure: GossipToonError) -> None:
        _log.warning("reddit_retried", seconds=seconds, error=str(failure))
        await self._pace.wait(seconds)

    async def _wait(self, seconds: float) -> None:
        if seconds > self._patience:
            raise RateLimited(PROVIDER, round(seconds, 1))
        if seconds > 0:
            _log.info("reddit_throttled", seconds=round(seconds, 1))
            self._patience -= seconds
            await self._pace.wait(seconds)


@asynccontextmanager
async def open_reddit(settings: RedditSettings, *, pace: Pace | None = None) -> AsyncIterator[RedditClient]:
    """Open a client that reads public posts with the user's app; no request is sent yet.

    Raises:
        CredentialsRefusedError: the credentials are missing
        UsageError: a praw.ini on this machine cannot be read
    """
    client_id, client_secret = settings.credentials()
    pace = pace or Pace()
    # trust_env: use HTTPS_PROXY and the like, as curl does.
    async with aiohttp.ClientSession(trust_env=True, timeout=aiohttp.ClientTimeout(total=None)) as session:
        requestor = {"pace": pace, "seconds": settings.timeout, "session": session}
        try:
            with warnings.catch_warnings():
                # A praw.ini that names hosts causes a warning; the hosts given here take precedence.
                warnings.simplefilter("ignore", UserWarning)
                reddit = asyncpraw.Reddit(
                    "DEFAULT",
                    requestor_class=PacedRequestor,
                    requestor_kwargs=requestor,
                    client_id=client_id,
                    client_secret=client_secret,
                    user_agent=settings.user_agent,
                    oauth_url=settings.api,
                    reddit_url=settings.website,
                    username=None,
                    password=None,
                    refresh_token=None,
                    redirect_uri=None,
                    check_for_updates=False,
                )
        except configparser.Error as error:
            raise UsageError(f"asyncpraw's praw.ini cannot be read: {error}") from None
        async with reddit:
            # It cannot be passed.
            cast("Session", reddit._core)._rate_limiter = _Unlimited(window_size=0)  # noqa: SLF001
            yield RedditClient(reddit, pace, settings)
