"""A batch with start times from the list to the report."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest

from gt_common.ledger import open_ledger
from gt_common.lifecycle import BatchPhase
from gt_common.report.rows import row_of
from gt_common.settings import Settings
from support.fleet import read_runs, run_command, tally, worker

pytestmark = pytest.mark.broker

TYPES = ("story.released", "story.retrying", "story.requeued", "story.succeeded")


async def test_stories_start_at_their_times_without_events_on_the_way(
    settings: Settings, environment: dict[str, str], tmp_path: Path
) -> None:
    runs = tmp_path / "runs"
    urls = [f"https://www.reddit.com/comments/{number}aa/" for number in range(1, 4)]
    lines: list[dict[str, object]] = [{"url": url, "options": {"runs": str(runs)}} for url in urls]
    lines[1]["start_after"] = "3s"
    lines[2] |= {"start_after": "2001-01-01", "priority": "high"}
    listed = tmp_path / "urls.jsonl"
    listed.write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    flags = ("--start-after", "2s", "--priority", "low", "--batch-id", "b1")
    code, said = await run_command(environment, "gt-produce", "-f", str(listed), *flags)
    assert code == 0, said
    assert "batch b1: 2 of 3 stories start later: the first at " in said
    before = await tally(environment, settings, "b1")
    first = min(story.not_before for story in before.stories.values() if story.not_before)
    published = first - timedelta(minutes=1)
    stages = {story.position: row_of(story, published).stage for story in before.stories.values()}
    assert [bool(stages[position]) for position in (1, 2, 3)] == [True, True, False]
    assert (stages[1] or "").startswith("starts at ")
    async with worker(environment, "--until-empty", "--prefetch", "3") as running:
        assert await running.ends() == 0, running.lines
    began = {run["story"]: run["at"] for run in read_runs(runs)}
    for story in before.stories.values():
        assert story.not_before is None or began[story.story_id] >= story.not_before.timestamp()  # type: ignore[operator]
    assert len(began) == 3
    after = await tally(environment, settings, "b1")
    assert after.phase is BatchPhase.DONE
    with open_ledger(settings.ledger) as ledger:
        assert {event.type for event in ledger.events("b1", TYPES)} == {"story.succeeded"}
