"""The page of a batch with many stories: the first are there without a script, the others in blocks."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import shutil
import subprocess
import zlib
from pathlib import Path

import pytest

from gt_common.lifecycle import fold
from gt_common.messages import Event, StoryFailed, StorySucceeded
from gt_common.report import html
from gt_common.report.latest_attempts import LatestAttempts
from gt_common.report.rows import row_of
from support.samples.events import BATCH, at, opened, story_event
from support.samples.reports import EVIL, page

STORIES = 1203
NODE = shutil.which("node")


@pytest.fixture(scope="module")
def large() -> str:
    events: list[Event] = [opened(STORIES)]
    for number in range(1, STORIES + 1):
        kind = StoryFailed if number % 100 == 0 else StorySucceeded
        worker = EVIL if number == STORIES else "w-1"
        events.append(story_event(kind, number, number, worker=worker, started_at=at(number - 1)))
    return page(fold(BATCH, events), None)


def blocks(text: str) -> list[list[list[object]]]:
    found = re.findall(r'<script class="rows" type="application/octet-stream">([^<]*)</script>', text)
    return [json.loads(zlib.decompress(base64.b64decode(block))) for block in found]


def test_every_story_is_in_a_block_and_the_first_are_in_the_table(large: str) -> None:
    rows = [row for block in blocks(large) for row in block]
    assert [len(block) for block in blocks(large)] == [html.BLOCK, html.BLOCK, STORIES - 2 * html.BLOCK]
    assert [row[1] for row in rows[:13]] == [*range(100, 1300, 100), 1]
    assert sorted(int(str(row[1])) for row in rows) == [*range(1, STORIES + 1)]
    shown = re.findall(r'<tr id="s-([^"]*)">', large)
    assert shown == [row[0] for row in rows[: html.BLOCK]]
    assert f"{html.BLOCK} of {STORIES} are shown" in large


def test_only_the_script_of_the_page_may_run(large: str) -> None:
    [script] = re.findall(r"<script>(.*?)</script>", large, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    policy = re.search('Content-Security-Policy" content="([^"]*)"', large)
    assert policy is not None
    assert policy.group(1).endswith(f"media-src 'self' file:; script-src 'sha256-{digest}'")
    assert "innerHTML" not in script


def test_a_cause_links_to_the_stories_that_are_in_the_table(large: str) -> None:
    assert len(re.findall(r'<a href="#s-story-\d+00">', large)) == 12


def test_the_timeline_has_the_latest_attempts(large: str) -> None:
    assert "Timeline of the latest 500 attempts" in large
    assert large.count("<rect x=") == 500


def test_the_latest_attempts_are_those_that_changed_last() -> None:
    latest = LatestAttempts(None)
    state = fold(BATCH, [story_event(StorySucceeded, n, n, started_at=at(n - 1)) for n in range(1, 700)])
    for story in state.stories.values():
        latest.add(story, row_of(story, at(900)))
    assert {span.started_at for span in latest.spans()} == {at(n - 1) for n in range(200, 700)}
    assert latest.partly


SCRIPT = """
const fs = require("fs"), page = fs.readFileSync(process.argv[2], "utf8");
const script = page.match(/<script>([^]*?)<\\/script>/)[1];
class Node {
  constructor(tag) { Object.assign(this, { tag, children: [], dataset: {}, heard: {}, value: "" }); }
  append(...nodes) { this.children.push(...nodes); }
  replaceChildren(...nodes) { this.children = nodes; done(); }
  addEventListener(name, work) { this.heard[name] = work; }
  get text() { return this.textContent ?? this.children.map((c) => c.text ?? String(c)).join("|"); }
}
let done = () => {};
const ids = {};
const packed = [...page.matchAll(/<script class="rows"[^>]*>([^<]*)</g)].map((m) => ({ textContent: m[1] }));
global.document = {
  querySelectorAll: () => packed,
  getElementById: (id) => (ids[id] ??= new Node(id)),
  createElement: (tag) => new Node(tag),
};
document.getElementById("pager").dataset = { total: "1203", block: "500" };
global.window = globalThis;
const shown = () => new Promise((ready) => { done = ready; });
(async () => {
  eval(script);
  const said = [];
  for (const name of ["next", "next", "next", "back", "first", "last"]) {
    const ready = shown(); ids[name].heard.click(); await ready; await 0;
    said.push([ids.shown.textContent, ids.rows.children.length]);
  }
  ids.find.value = "<SCRIPT>";
  const ready = shown(); ids.find.heard.input(); await ready; await 0;
  const [row] = ids.rows.children;
  said.push([ids.shown.textContent, ids.rows.children.length, row.id, row.text.includes("<script>")]);
  console.log(JSON.stringify(said));
})();
"""


@pytest.mark.skipif(NODE is None, reason="node is not installed")
def test_the_script_shows_blocks_and_finds_stories(large: str, tmp_path: Path) -> None:
    (tmp_path / "page.html").write_text(large, encoding="utf-8")
    (tmp_path / "browse.js").write_text(SCRIPT)
    ran = subprocess.run(
        [NODE or "", tmp_path / "browse.js", tmp_path / "page.html"],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert ran.stderr == ""
    assert json.loads(ran.stdout) == [
        ["501 to 1000 of 1203", 500],
        ["1001 to 1203 of 1203", 203],
        ["1001 to 1203 of 1203", 203],
        ["501 to 1000 of 1203", 500],
        ["1 to 0 of 1203", 0],  # the rows of the page itself, of which this document has none
        ["1001 to 1203 of 1203", 203],
        ["1 found", 1, f"s-story-{STORIES}", True],
    ]
