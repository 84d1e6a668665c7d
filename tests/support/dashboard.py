"""A dashboard within the test's process, what it answers, and a browser to look at it."""

from __future__ import annotations

import asyncio
import os
import shutil
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email.message import Message

import pytest
from playwright.async_api import Browser, BrowserContext, Page, async_playwright

from gt_common.settings import Settings
from gt_consumer.dashboard.addresses import is_loopback
from gt_consumer.dashboard.command import Request, address, make_doors, serve_on, take_port

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic"]


@dataclass(frozen=True)
class Answer:
    """What the server answered."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def text(self) -> str:
        """The body as text."""
        return self.body.decode()


class _Stay(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: object) -> None:
        """Show redirections instead of following them."""


_OPENER = urllib.request.build_opener(_Stay, urllib.request.ProxyHandler({}))


@dataclass(frozen=True)
class Dashboard:
    """A dashboard that runs.

    Parameters:
        url: as it printed it, with the token
    """

    url: str

    @property
    def base(self) -> str:
        """Its address without path and token."""
        parts = urllib.parse.urlsplit(self.url)
        return f"{parts.scheme}://{parts.netloc}"

    @property
    def token(self) -> str:
        """The token of its address; empty if it has none."""
        return urllib.parse.parse_qs(urllib.parse.urlsplit(self.url).query).get("token", [""])[0]

    async def get(self, path: str, headers: Mapping[str, str] | None = None) -> Answer:
        """Fetch a page, without headers as the user with the token."""
        return await self.send("GET", path, None, headers)

    async def post(
        self, path: str, form: Mapping[str, str], headers: Mapping[str, str] | None = None
    ) -> Answer:
        """Send a form, without headers as the user with the token."""
        return await self.send("POST", path, form, headers)

    async def send(
        self, method: str, path: str, form: Mapping[str, str] | None, headers: Mapping[str, str] | None
    ) -> Answer:
        """Send a request."""
        given = {"authorization": f"Bearer {self.token}"} if headers is None else dict(headers)
        data = None if form is None else urllib.parse.urlencode(form).encode()
        request = urllib.request.Request(self.base + path, data, given, method=method)  # noqa: S310 - http
        return await asyncio.to_thread(_open, request)


def _open(request: urllib.request.Request) -> Answer:
    try:
        with _OPENER.open(request, timeout=60) as response:
            return Answer(response.status, _lower(response.headers), response.read())
    except urllib.error.HTTPError as error:
        with error:
            return Answer(error.code, _lower(error.headers), error.read())


def _lower(headers: Message) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}


@asynccontextmanager
async def dashboard(
    settings: Settings, *, host: str = "127.0.0.1", read_only: bool = False, trust_header: str | None = None
) -> AsyncIterator[Dashboard]:
    """Run a dashboard on a free port for the duration of a block."""
    request = Request(host, 0, read_only=read_only, trust_header=trust_header)
    local = is_loopback(host)
    doors = make_doors(settings, request, local=local)
    with take_port(host, 0) as listening:
        serving = asyncio.create_task(serve_on(listening, settings, doors, local=local))
        try:
            yield Dashboard(address("127.0.0.1", listening.getsockname()[1], doors.token))
        finally:
            serving.cancel()
            async with asyncio.timeout(30):
                await asyncio.gather(serving, return_exceptions=True)


@dataclass
class Looked:
    """A browser's context that notes everything that should not happen."""

    context: BrowserContext
    trouble: list[str] = field(default_factory=list)

    async def page(self) -> Page:
        """Open a tab."""
        page = await self.context.new_page()
        page.set_default_timeout(60_000)
        page.on("console", lambda said: self._note(said.text) if said.type in {"error", "warning"} else None)
        page.on("pageerror", lambda error: self._note(str(error)))
        page.on("dialog", lambda dialog: self._note(f"dialog: {dialog.message}"))
        return page

    def _note(self, text: str) -> None:
        self.trouble.append(text)


@asynccontextmanager
async def browsing() -> AsyncIterator[Browser]:
    """Run Debian's Chromium for the duration of a block; without it the test is skipped, and fails in CI."""
    if CHROMIUM is None:
        missing = "chromium is not installed; `make browser` installs it where apt-get may be used"
        if os.environ.get("CI"):
            pytest.fail(missing)
        pytest.skip(missing)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        try:
            yield browser
        finally:
            await browser.close()


@asynccontextmanager
async def looking(browser: Browser, at: Dashboard, **options: object) -> AsyncIterator[Looked]:
    """Log in with the token, in a context of its own."""
    context = await browser.new_context(**options)  # type: ignore[arg-type]  # as the caller names them
    looked = Looked(context)
    try:
        page = await looked.page()
        await page.goto(at.url)
        await page.wait_for_url("**/batches")
        await page.close()
        yield looked
    finally:
        await context.close()
