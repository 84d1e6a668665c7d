"""The pages in a real Chromium: every one, in the dark and on a phone, with a video, with hostile texts."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path

import imageio_ffmpeg
import pytest
import pytest_asyncio
from playwright.async_api import Browser

from gt_common.ledger import open_ledger
from gt_common.messages import FleetPaused, StorySucceeded
from gt_common.settings import Settings, load_settings
from support.dashboard import Dashboard, browsing, dashboard, looking
from support.fleet import run_command
from support.samples.events import BATCH, opened, story_event
from support.samples.reports import EVIL, evil_events, finished_events
from support.waiting import until

pytestmark = pytest.mark.asyncio(loop_scope="module")

VIDEO_BATCH = "20260301-090000-with-video"
PAGES = (
    "/batches",
    f"/batches/{BATCH}",
    f"/batches/{BATCH}?status=failed&q=voice",
    f"/batches/{BATCH}/stories/story-1",
    f"/batches/{BATCH}/stories/story-2",
    "/dead-letters",
    "/dead-letters/discarded",
    "/workers",
    "/fleet",
    "/work",
    f"/actions/replay?batch={BATCH}",
    f"/actions/cancel?batch={BATCH}",
    "/actions/pause",
)
PHONE = {"width": 390, "height": 844}


@pytest.fixture
def alone(tmp_path: Path) -> Settings:
    """Return settings without a broker."""
    return load_settings(
        amqp_url="amqp://guest:guest@127.0.0.1:1/",
        ledger_url=f"sqlite:///{tmp_path / 'ledger.db'}",
        state_dir=tmp_path / "state",
        output=tmp_path / "videos",
    )


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def browser() -> AsyncIterator[Browser]:
    """Yield a browser for all tests of this module."""
    async with browsing() as one:
        yield one


@pytest_asyncio.fixture(loop_scope="module")
async def shown(alone: Settings) -> AsyncIterator[Dashboard]:
    """Yield a dashboard of the batch with something of everything."""
    with open_ledger(alone.ledger) as ledger:
        ledger.apply([*finished_events(), FleetPaused(by="anna", reason="w" * 400)])
    async with dashboard(alone) as at:
        yield at


async def test_every_page_is_laid_out_without_complaint(browser: Browser, shown: Dashboard) -> None:
    async with looking(browser, shown, color_scheme="dark", viewport=PHONE) as looked:
        page = await looked.page()
        for path in PAGES:
            answer = await page.goto(shown.base + path)
            assert answer, path
            assert answer.status == 200, path
            width = await page.evaluate("document.documentElement.scrollWidth - innerWidth")
            assert width <= 0, f"{path} is wider than the screen"
        assert looked.trouble == []


async def test_it_works_without_scripts(browser: Browser, shown: Dashboard) -> None:
    async with looking(browser, shown, java_script_enabled=False) as looked:
        page = await looked.page()
        await page.goto(f"{shown.base}/batches/{BATCH}")
        assert await page.locator("noscript meta, meta[http-equiv=refresh]").count() == 1
        await page.get_by_label("Status").select_option("failed")
        await page.get_by_role("button", name="Filter").click()
        assert "status=failed" in page.url
        assert await page.locator("#stories tbody tr").count() == 3


async def test_hostile_texts_run_nothing(browser: Browser, alone: Settings) -> None:
    with open_ledger(alone.ledger) as ledger:
        ledger.apply(evil_events())
    paths = [f"/batches/{BATCH}", *(f"/batches/{BATCH}/stories/story-{n}" for n in (1, 2, 3)), "/batches"]
    async with dashboard(alone) as at, looking(browser, at) as looked:
        page = await looked.page()
        for path in [*paths, f"/batches/{BATCH}?q=<script>alert(3)</script>"]:
            await page.goto(at.base + path)
            scripts = await page.locator("script").evaluate_all("all => all.map(one => one.src)")
            assert all(place.startswith(f"{at.base}/static/") for place in scripts), path
            links = await page.locator("a").evaluate_all("all => all.map(one => one.protocol)")
            assert "javascript:" not in links, path
        assert EVIL.split("|", 1)[0] in await page.locator("main").inner_text()
        assert looked.trouble == []


async def test_a_video_plays_in_the_page_with_captions(browser: Browser, alone: Settings) -> None:
    place = alone.output / VIDEO_BATCH / "1-story-story-1.mp4"
    place.parent.mkdir(parents=True)
    drawn = ["-f", "lavfi", "-i", "color=c=blue:s=90x160:d=2", "-pix_fmt", "yuv420p"]
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-loglevel", "error", *drawn, str(place)]
    await asyncio.to_thread(subprocess.run, command, check=True)
    place.with_suffix(".vtt").write_text("WEBVTT\n\n00:00.000 --> 00:02.000\nHello\n")
    (alone.output / VIDEO_BATCH / "1-other-story-2.mp4").write_bytes(b"not finished: no result beside it")
    event = story_event(
        StorySucceeded, 1, 30, batch_id=VIDEO_BATCH, output_path=f"/elsewhere/{VIDEO_BATCH}/{place.name}"
    )
    half = story_event(
        StorySucceeded, 2, 30, batch_id=VIDEO_BATCH, output_path=f"/x/{VIDEO_BATCH}/1-other-story-2.mp4"
    )
    outside = story_event(StorySucceeded, 3, 30, batch_id=VIDEO_BATCH, output_path="/etc/../passwd")
    head = opened(3).model_copy(update={"batch_id": VIDEO_BATCH})
    with open_ledger(alone.ledger) as ledger:
        ledger.apply([head, event, half, outside])
    async with dashboard(alone) as at:
        address = f"/batches/{VIDEO_BATCH}/stories/story-1"
        assert (await at.get(f"{address}/video")).status == 404
        place.with_suffix(".json").write_text("{}")
        part = await at.get(f"{address}/video", {"authorization": f"Bearer {at.token}", "range": "bytes=4-7"})
        assert (part.status, part.body) == (206, b"ftyp")
        for other in ("story-2/video", "story-3/video", "story-1/picture", "story-1/nothing"):
            assert (await at.get(f"/batches/{VIDEO_BATCH}/stories/{other}")).status == 404, other
        async with looking(browser, at) as looked:
            page = await looked.page()
            await page.goto(at.base + address)
            await page.evaluate("document.querySelector('video').play()")
            await until(lambda: page.evaluate("document.querySelector('video').currentTime > 0.2"))
            said = "document.querySelector('video').textTracks[0].activeCues?.[0]?.text"
            assert await page.evaluate(said) == "Hello"
            assert looked.trouble == []


async def test_ten_tabs_share_one_stream_and_follow_the_ledger(
    browser: Browser, shown: Dashboard, alone: Settings
) -> None:
    async with looking(browser, shown) as looked:
        pages = [await looked.page() for _ in range(10)]
        for page in pages:
            await page.goto(f"{shown.base}/batches")
        await pages[-1].bring_to_front()
        await until(lambda: pages[-1].locator("#state.live").count())
        with open_ledger(alone.ledger) as ledger:
            ledger.apply(
                [opened(7, name="Another").model_copy(update={"batch_id": "b2", "event_id": "other"})]
            )
        await pages[-1].locator("text=Another").wait_for()
        assert looked.trouble == []


_WORKER = """(code) => {
  const streams = [], timers = new Map(), workers = [];
  class Stream {
    static CLOSED = 2;
    constructor() { this.readyState = 1; this.on = {}; streams.push(this); }
    addEventListener(name, take) { this.on[name] = take; }
    close() { this.readyState = 2; }
  }
  const self = { addEventListener: (_, take) => workers.push(take) };
  let number = 0;
  const later = (take) => { timers.set(++number, take); return number; };
  new Function("self", "EventSource", "setTimeout", "clearTimeout", code)(
    self, Stream, later, (one) => timers.delete(one));
  const tab = () => {
    const port = { start() {}, postMessage() {}, addEventListener(_, take) { this.take = take; } };
    workers[0]({ ports: [port] });
    return () => port.take({ data: "bye" });
  };
  const opened = () => streams.filter((one) => one.readyState !== 2).length;
  const wait = () => { const due = [...timers.values()]; timers.clear(); due.forEach((take) => take()); };
  const refuse = () => { streams.at(-1).readyState = 2; streams.at(-1).on.error(); };
  const seen = [];
  const close = tab(); refuse(); close(); const again = tab(); seen.push(opened());
  wait(); seen.push(opened());
  const other = tab(); again(); seen.push(opened());
  refuse(); const third = tab(); seen.push(opened()); wait(); seen.push(opened());
  refuse(); wait(); seen.push(opened());
  other(); third(); wait(); seen.push(opened());
  return seen;
}"""


async def test_a_browser_never_has_a_second_stream(browser: Browser, shown: Dashboard) -> None:
    """Tabs come and go, and sessions end, within the time after which a refused stream is tried again."""
    code = (await shown.get("/static/events.js")).text
    page = await browser.new_page()
    assert await page.evaluate(_WORKER, code) == [1, 1, 1, 1, 1, 1, 0]
    await page.close()


async def test_the_documents_are_those_of_gt_report(shown: Dashboard, alone: Settings) -> None:
    environment = {**os.environ, "GT_LEDGER_URL": alone.ledger}
    for path, arguments in (("/api/batches", ()), (f"/api/batches/{BATCH}", (BATCH,))):
        code, printed = await run_command(environment, "gt-report", *arguments, "--json")
        assert code == 0
        assert json.loads((await shown.get(path)).text) == json.loads(printed)
    assert (await shown.get("/api/batches/none")).status == 404
