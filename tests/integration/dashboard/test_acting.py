"""Every action on a real broker, clicked in a real Chromium: preview, order, outcome, who did it and why."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.async_api import Page

from gt_common.cli.operator import operator
from gt_common.ledger import read_ledger
from gt_common.messages import BatchPaused, StoryCancelled, StoryRequeued
from gt_common.settings import Settings
from support.dashboard import Dashboard, browsing, dashboard, looking
from support.fleet import command, publish, scripted_story, worker

pytestmark = pytest.mark.broker


async def order(page: Page, link: str, button: str, state: str = "done", **fields: str) -> None:
    """Follow the link to the preview of an action, fill in its form, confirm, and wait for the outcome."""
    await page.get_by_role("link", name=link).first.click()
    for name, value in fields.items():
        await page.fill(f"[name={name}]", value)
    await page.get_by_role("button", name=button).click()
    await page.locator(".title .pill", has_text=state).wait_for()


async def see(page: Page, at: Dashboard, path: str, text: str) -> None:
    """Open a page and wait until it shows a text, without loading it again."""
    await page.goto(at.base + path)
    await page.get_by_text(text).first.wait_for()


async def test_every_action_is_done_by_the_commands_and_recorded(
    settings: Settings, environment: dict[str, str], tmp_path: Path
) -> None:
    runs, gate = tmp_path / "runs", tmp_path / "gate"
    first = [
        scripted_story("b1", 1, runs, do="permanent_once"),
        scripted_story("b1", 2, runs),
        scripted_story("b1", 3, runs, do="permanent"),
    ]
    second = [scripted_story("b2", number, tmp_path / "other", until=str(gate)) for number in (1, 2)]
    async with (
        command(environment, "gt-aggregate"),
        worker(environment, "--worker-name", "w1") as running,
        dashboard(settings) as at,
        browsing() as browser,
        looking(browser, at) as looked,
    ):
        await running.says("worker_started")
        page = await looked.page()
        await page.goto(f"{at.base}/batches")
        await publish(settings, *first)
        await page.locator("#b-b1 .pill", has_text="done with failures").wait_for()  # moved by events

        await see(page, at, "/batches/b1", "3 of 3 finished")
        await order(page, "Replay 2 failed", "Replay 2", "stopped", reason="post is back", canary="1")
        await page.get_by_text("failed again for the same reason").wait_for()
        await see(page, at, "/batches/b1", "2 success")

        await page.goto(f"{at.base}/dead-letters?error=permanenterror")
        await order(page, "Discard all", "Discard 1", reason="hopeless")
        await see(page, at, "/batches/b1", "1 cancelled")
        await order(page, "Restore 1 cancelled", "Restore 1", reason="a mistake")
        await see(page, at, "/batches/b1", "1 failed")

        await page.goto(f"{at.base}/fleet")
        await order(page, "Pause the fleet", "Pause", reason="prices")
        await see(page, at, "/fleet", "the whole fleet")
        await order(page, "Resume the fleet", "Resume")
        await publish(settings, *second)
        await see(page, at, "/workers", "1 of 1 slots busy")
        await see(page, at, "/batches/b2", "1 running")
        await order(page, "Pause", "Pause", reason="later")
        await see(page, at, "/batches/b2", f"paused by {operator()}: later")
        await order(page, "Resume", "Resume")
        await see(page, at, "/batches/b2", "1 running")
        await order(page, "Cancel", "Cancel 2", reason="wrong list")
        await see(page, at, "/batches/b2", "2 cancelled")
        assert looked.trouble == []

    with read_ledger(settings.ledger) as ledger:
        events = [event for story in first for event in ledger.story_events("b1", story.story_id)]
        events += [event for story in second for event in ledger.story_events("b2", story.story_id)]
        holds = [*ledger.events("b2", ["batch.paused"])]
    requeued = {(event.by, event.reason) for event in events if isinstance(event, StoryRequeued)}
    cancelled = {(event.by, event.reason) for event in events if isinstance(event, StoryCancelled)}
    assert requeued == {(operator(), "post is back")}
    assert cancelled == {(operator(), "hopeless"), (operator(), "wrong list")}
    assert [(event.by, event.reason) for event in holds if isinstance(event, BatchPaused)] == [
        (operator(), "later")
    ]
