"""How soon an event is on a page of gt-dashboard, and whether a batch's size is felt, in a real Chromium.

    .venv/bin/python benchmarks/dashboard.py [--quick]

Three measures. Stories of a batch end one after the other, 100 a second; each event goes from a publisher
through the broker, gt-aggregate and its ledger, the events for followers, gt-dashboard and the browser, and
the page notes when its number of finished stories has changed. The first paint of a batch's page, with many
stories beside one with 100. And what a refresh of either page costs the server's processor, each after a
story has ended. The broker is that of GT_AMQP_URL; take one of your own. Chromium is that of the system.
"""

from __future__ import annotations

import asyncio
import os
import secrets
import shutil
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Final

import psutil
from playwright.async_api import BrowserContext, Page, async_playwright

from bench.figures import OURS, arguments, show
from gt_common.ledger import open_ledger
from gt_common.ledger.ledger import Ledger
from gt_common.messages import BatchOpened, BatchStories, Event, StoryEntry, StorySucceeded, utc_now
from gt_common.messaging import topology
from gt_common.messaging.publisher import open_publisher
from gt_common.settings import Settings, load_settings

BIN: Final = Path(sys.executable).parent
PER_S: Final = 100
EVENTS: Final = 1_000
SMALL: Final = 100
PER_ROUND: Final = 5
"""Refreshes that are measured together."""
LARGE: Final = 100_000
QUICK: Final = (200, 10_000)
_NOTE: Final = """() => {
  window.noted = [];
  const look = () => {
    const number = parseInt(document.querySelector(".big").textContent);
    if (window.noted.at(-1)?.[0] !== number) window.noted.push([number, Date.now() / 1000]);
  };
  new MutationObserver(look).observe(document.body, { subtree: true, childList: true, characterData: true });
}"""
_SHOWN: Final = """(events) => new Promise((done) => {
  const look = () => (window.noted.at(-1)?.[0] === events ? done() : setTimeout(look, 100));
  look();
})"""
_PAINT: Final = """() => new Promise((done) => new PerformanceObserver((list) => {
  const [found] = list.getEntriesByName("first-contentful-paint");
  if (found) done(found.startTime);
}).observe({ type: "paint", buffered: true }))"""


def listed(batch: str, stories: int) -> list[Event]:
    """Return the events by which a batch with its list begins."""
    entries = [
        StoryEntry(story_id=f"story-{n}", position=n, url=f"https://www.reddit.com/comments/{n:x}/")
        for n in range(1, stories + 1)
    ]
    parts = (tuple(entries[start : start + 500]) for start in range(0, stories, 500))
    return [
        BatchOpened(batch_id=batch, total=stories),
        *(BatchStories(batch_id=batch, stories=part) for part in parts),
    ]


def ended(batch: str, number: int) -> Event:
    """Return the event that a story has succeeded."""
    return StorySucceeded(
        batch_id=batch,
        story_id=f"story-{number}",
        position=number,
        url=f"https://www.reddit.com/comments/{number:x}/",
        worker=f"worker-{number % 4}",
        started_at=utc_now() - timedelta(seconds=30),
        output_path=f"/videos/{batch}/{number}.mp4",
        duration_s=30.0,
        video_s=61.0,
    )


@asynccontextmanager
async def dashboard() -> AsyncIterator[tuple[Settings, BrowserContext, str, psutil.Process]]:
    """Run aggregator, dashboard and browser.

    Yields:
        settings, a browser that is logged in, the address, and the dashboard's process
    """
    with tempfile.TemporaryDirectory() as folder:
        os.environ["GT_LEDGER_URL"] = f"sqlite:///{folder}/ledger.db"
        os.environ["GT_NAMESPACE"] = f"bench{secrets.token_hex(4)}"
        os.environ["GT_STATE_DIR"] = folder
        os.environ["GT_LOG_LEVEL"] = "error"
        settings = load_settings(amqp_url=os.environ.get("GT_AMQP_URL"))
        await topology.declare(settings)
        running = [await asyncio.create_subprocess_exec(BIN / "gt-aggregate")]
        try:
            served = await asyncio.create_subprocess_exec(
                BIN / "gt-dashboard",
                "--port",
                "0",
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.DEVNULL,
            )
            running.append(served)
            assert served.stdout is not None
            url = (await served.stdout.readline()).decode().strip()
            async with async_playwright() as playwright:
                browser = await playwright.chromium.launch(
                    executable_path=shutil.which("chromium"), args=["--no-sandbox"]
                )
                context = await browser.new_context()
                page = await context.new_page()
                await page.goto(url)
                await page.wait_for_url("**/batches")
                await page.close()
                yield settings, context, url.split("/?", 1)[0], psutil.Process(served.pid)
                await browser.close()
        finally:
            for process in running:
                process.terminate()
                await process.wait()
            await topology.delete(settings)


async def delays(settings: Settings, context: BrowserContext, base: str, events: int) -> list[float]:
    """Return the milliseconds from each event to the page, sorted."""
    sent: list[float] = []
    async with open_publisher(settings, "bench", patience=20) as publisher:
        for event in listed("latency", events):
            await publisher.event(event)
        page = await context.new_page()
        await page.goto(f"{base}/batches")
        await page.locator("#b-latency").wait_for(timeout=60_000)
        await page.goto(f"{base}/batches/latency")
        await page.locator("#state.live").wait_for(timeout=60_000)
        await page.evaluate(_NOTE)
        begun = time.monotonic()
        for number in range(1, events + 1):
            sent.append(time.time())
            await publisher.event(ended("latency", number))
            await asyncio.sleep(max(0.0, begun + number / PER_S - time.monotonic()))
        noted = await _noted(page, events)
        await page.close()
    at = iter(noted)
    number, when = next(at)
    found = []
    for place, since in enumerate(sent, 1):
        while number < place:
            number, when = next(at)
        found.append(1000 * (when - since))
    return sorted(found)


async def _noted(page: Page, events: int) -> list[tuple[int, float]]:
    """Wait until the page has shown all events; return the numbers that it has shown, and when."""
    async with asyncio.timeout(60):
        await page.evaluate(_SHOWN, events)
    noted: list[tuple[int, float]] = await page.evaluate("window.noted")
    return noted


async def paints(
    context: BrowserContext, base: str, batches: Sequence[str], rounds: int
) -> dict[str, list[float]]:
    """Return the milliseconds to the first paint of each batch's page, in turn, after one to warm up."""
    found: dict[str, list[float]] = {batch: [] for batch in batches}
    for turn in range(rounds + 1):
        for batch in batches:
            page = await context.new_page()
            await page.goto(f"{base}/batches/{batch}")
            paint: float = await page.evaluate(_PAINT)
            if turn:
                found[batch].append(paint)
            await page.close()
    return found


async def refreshes(
    ledger: Ledger, context: BrowserContext, page: str, ends: Sequence[Event], process: psutil.Process
) -> float:
    """Return the milliseconds of processor that a refresh of a page costs the server, after each event."""
    await context.request.get(page)
    before = process.cpu_times()
    for event in ends:
        ledger.apply([event])
        assert (await context.request.get(page)).ok
    after = process.cpu_times()
    return 1000 * (after.user + after.system - before.user - before.system) / len(ends)


async def measure(events: int, large: int, rounds: int) -> None:
    """Measure and print the figures."""
    async with dashboard() as (settings, context, base, process):
        late = await delays(settings, context, base, events)
        show("event to page, p95", "ms", "less", {OURS: [late[int(events * 0.95)]]}, goal="<= 1000")
        with open_ledger(settings.ledger) as ledger:
            for batch, stories in (("small", SMALL), ("large", large)):
                ledger.apply([*listed(batch, stories)])
                for start in range(1, stories // 2, 5_000):
                    ledger.apply([ended(batch, n) for n in range(start, min(start + 5_000, stories // 2))])
            spent: dict[str, list[float]] = {"small": [], "large": []}
            for turn in range(rounds):
                for batch, stories in (("small", SMALL), ("large", large)):
                    first = stories // 2 + turn * PER_ROUND
                    ends = [ended(batch, n) for n in range(first, first + PER_ROUND)]
                    spent[batch].append(
                        await refreshes(ledger, context, f"{base}/batches/{batch}", ends, process)
                    )
        painted = await paints(context, base, ("large", "small"), rounds)
        ratio = [big / few for big, few in zip(painted["large"], painted["small"], strict=True)]
        show(f"first paint of {large:,} stories", "ms", "less", {OURS: painted["large"]})
        show(f"first paint of {SMALL} stories", "ms", "less", {OURS: painted["small"]})
        show(f"processor per refresh, {large:,} stories", "ms", "less", {OURS: spent["large"]})
        show(f"processor per refresh, {SMALL} stories", "ms", "less", {OURS: spent["small"]})
        show("first paint, many stories by few", "times", "less", {OURS: ratio}, goal="<= 2")


def main() -> None:
    """Run with the arguments that every benchmark has."""
    given = arguments(__doc__, rounds=9).parse_args()
    events, large = QUICK if given.quick else (EVENTS, LARGE)
    asyncio.run(measure(events, large, 3 if given.quick else given.rounds))


if __name__ == "__main__":
    main()
