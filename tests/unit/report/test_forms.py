"""The forms of the report: they fit, they say what matters first, and no text breaks out of its place."""

from __future__ import annotations

import csv
import io
import json
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from rich.cells import cell_len
from rich.console import Console

from gt_common.errors import OutputError
from gt_common.files import write_atomically
from gt_common.lifecycle import BatchState, fold
from gt_common.messages import BatchPaused, BatchStories, StoryCancelled, StorySucceeded
from gt_common.report import csv_out, markdown, table, view
from gt_common.report.building import WholeBatch, build_report, screenful_of_whole
from gt_common.report.links import story_href, video_href
from gt_common.report.save import save_report
from support.samples.events import BATCH, at, entry, hold, opened, story_event
from support.samples.reports import evil, finished, spans, under_way, written
from support.samples.reports import page as page_of

VOID = {"meta", "br", "link", "img"}


class Page(HTMLParser):
    """Reads a page, sees that its tags are balanced, and keeps tags, attributes and text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[str] = []
        self.links: list[str] = []
        self.text = ""
        self.feed(page)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.links += [value or "" for name, value in attrs if name in {"href", "src"}]
        assert not [name for name, _ in attrs if name.startswith("on")]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def on_screen(state: BatchState, width: int = 80, **options: int) -> list[str]:
    console = Console(width=width, file=io.StringIO(), force_terminal=False, color_system=None)
    shown = screenful_of_whole(WholeBatch.of_state(state), at(200))
    console.print(table.render(shown, at(200), max_rows=options.get("max_rows")))
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue().splitlines()


@pytest.mark.parametrize("width", [60, 80, 200])
@pytest.mark.parametrize("state", [finished(), under_way(), evil(), fold(BATCH, [])])
def test_table_fits_its_width(state: BatchState, width: int) -> None:
    assert max(cell_len(line) for line in on_screen(state, width)) <= width


def test_table_tells_causes_then_stories_with_failures_first() -> None:
    lines = on_screen(finished())
    text = "\n".join(lines)
    assert "Five stories  done with failures" in lines[0]
    assert "5/5 finished, 100 %:  2 success  3 failed" in text
    assert text.index("2x TimeoutError in narration") < text.index("1x PermanentError") < text.index("STATUS")
    header = next(number for number, line in enumerate(lines) if "STATUS" in line)
    statuses = [line.split()[1] for line in lines[header + 1 : header + 6]]
    assert statuses == ["failed", "failed", "failed", "success", "success"]
    assert f"gt-dlq replay --batch {BATCH}" in text


def test_table_of_an_open_batch_says_what_is_left() -> None:
    text = "\n".join(on_screen(under_way(), 120))
    assert "left" in text
    assert "gemini until 21:39" in text
    assert f"gt-report {BATCH} --watch" in text


def test_every_form_for_people_says_who_paused_the_batch() -> None:
    state = under_way()
    state.take(hold(BatchPaused, by="anna", reason="too <loud>"))
    lines = on_screen(state, 120)
    assert "open  paused by anna: too <loud>" in lines[0]
    assert "left" not in "\n".join(lines)
    assert f"gt-control resume {BATCH}" in "\n".join(lines)
    assert "**paused by anna: too &lt;loud&gt;**" in written(markdown.write, state, at(200))
    assert "paused by anna: too <loud>" in Page(page_of(state)).text


def test_table_for_a_screen_says_what_it_leaves_out() -> None:
    text = "\n".join(on_screen(finished(), max_rows=2))
    assert "… and 3 more stories; all of them: gt-report batch-1 --all" in text
    assert "success  " not in text.split("STATUS")[1]


def test_table_takes_terminal_escapes_out() -> None:
    assert "\x1b" not in "\n".join(on_screen(evil()))


def test_csv_has_one_line_per_story_and_no_formula() -> None:
    text = written(csv_out.write, evil(), at(200))
    rows = list(csv.DictReader(io.StringIO(text)))
    assert text.count("\r\n") == 4
    assert [row["position"] for row in rows] == ["1", "2", "3"]
    assert rows[2]["url"] == "'=HYPERLINK(1)"
    cells = [cell for row in rows for cell in row.values()]
    assert not [cell for cell in cells if cell.startswith(("=", "+", "-", "@", "\t", "\r"))]
    assert "<script>" in rows[0]["error_message"]


def test_csv_of_a_finished_batch() -> None:
    [first, second, *_] = csv.DictReader(io.StringIO(written(csv_out.write, finished(), at(200))))
    assert (first["status"], first["duration_s"], first["output_path"]) == (
        "success",
        "30.0",
        "/videos/1.mp4",
    )
    assert (second["error_type"], second["error_retryable"], second["attempts"]) == (
        "TimeoutError",
        "true",
        "3",
    )


def test_every_form_says_who_cancelled_a_story_and_why() -> None:
    told = {"by": "anna", "reason": "wrong\nlist", "letter": None}
    batch = fold(BATCH, [opened(1), story_event(StoryCancelled, 1, 9, **told)])
    said = "cancelled by anna: wrong list"
    [row] = csv.DictReader(io.StringIO(written(csv_out.write, batch, at(200))))
    cells = [row[name] for name in ("cancelled_by", "cancelled_reason", "cancelled_at")]
    assert cells == ["anna", "wrong list", "2026-03-01T12:00:09+00:00"]
    assert f"| {said} |" in written(markdown.write, batch, at(200))
    assert said in Page(page_of(batch)).text
    assert any(said in line for line in on_screen(batch, 120))


def test_markdown_keeps_texts_in_their_cells() -> None:
    text = written(markdown.write, evil(), at(200))
    assert "<script>" not in text
    assert "](<javascript:" not in text
    rows = [line.replace(r"\|", "") for line in text.splitlines() if line.startswith("| ")]
    stories = rows[[row.startswith("| # ") for row in rows].index(True) :]
    assert [row.count("|") for row in stories] == [8] * 4


def test_markdown_links_videos_relative_to_its_folder(tmp_path: Path) -> None:
    assert video_href(str(tmp_path / "b" / "a b.mp4"), tmp_path) == "b/a%20b.mp4"
    assert video_href(str(tmp_path / "b" / "1.mp4"), tmp_path / "reports") == "../b/1.mp4"
    assert video_href(str(tmp_path / "b" / "1.mp4"), Path("/elsewhere")) == (tmp_path / "b/1.mp4").as_uri()
    assert video_href("https://cdn.example/1.mp4", tmp_path) == "https://cdn.example/1.mp4"
    assert video_href("s3://bucket/1.mp4", tmp_path) is None


def test_only_web_and_file_addresses_become_links() -> None:
    assert story_href("https://redd.it/x") == "https://redd.it/x"
    assert story_href("JavaScript:alert(1)") is None
    assert story_href("http://[broken") is None
    assert story_href('https://x/"><b>') == "https://x/%22%3E%3Cb%3E"


def test_page_shows_everything_and_loads_nothing(tmp_path: Path) -> None:
    page = page_of(finished(), spans(), tmp_path)
    read = Page(page)
    assert "5 of 5 finished" in read.text
    assert "the voice took over 30 s" in read.text
    assert read.tags.count("g") == 4
    assert read.tags.count("video") == 2
    assert not {"script", "link", "img", "iframe"} & set(read.tags)
    outside = [
        link
        for link in read.links
        if not link.startswith(("#", "file:///videos/", "https://www.reddit.com/"))
    ]
    assert outside == []


def test_page_escapes_every_text() -> None:
    page = page_of(evil(), spans())
    read = Page(page)
    assert "script" not in read.tags
    assert not [link for link in read.links if link.lower().startswith("javascript")]
    assert "<script>alert(1)</script>" in read.text


def test_page_of_an_empty_batch() -> None:
    assert "0 of 0 finished" in Page(page_of(fold(BATCH, []))).text


def test_saved_reports_are_whole_and_leave_nothing_behind(tmp_path: Path) -> None:
    folder = tmp_path / "reports"
    paths = save_report(WholeBatch.of_state(finished()), folder, spans(), at(200))
    assert paths == [folder / f"{BATCH}{suffix}" for suffix in (".json", ".md", ".html")]
    assert paths[0].read_text() == build_report(finished(), at(200)).to_json() + "\n"
    assert sorted(folder.iterdir()) == sorted(paths)


def test_a_write_that_fails_keeps_the_old_file(tmp_path: Path) -> None:
    path = write_atomically(tmp_path / "r.txt", "old")
    with pytest.raises(UnicodeEncodeError):
        write_atomically(path, "new \ud800")
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_folder_that_cannot_be_is_said_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match=r"cannot be written to .*r\.txt"):
        write_atomically(tmp_path / "file" / "r.txt", "text")


@pytest.mark.parametrize(
    ("url", "label"),
    [
        ("https://www.reddit.com/r/AITA/comments/abc/my_sister/", "r/AITA my sister"),
        ("https://old.reddit.com/r/AITA/comments/abc/", "r/AITA abc"),
        ("https://www.reddit.com/u/me/s/AbCd12", "u/me AbCd12"),
        ("file:///stories/a%20b.md", "a b.md"),
        ("https://redd.it/abc", "abc"),
        ("http://[broken", "[broken"),
    ],
)
def test_url_label(url: str, label: str) -> None:
    assert view.url_label(url) == label


def test_markdown_makes_no_mention_and_no_link_of_a_text() -> None:
    text = markdown.escape("@everyone see https://evil.example and www.evil.example, me@host")
    assert text.replace("\u200b", "") == "@everyone see https://evil.example and www.evil.example, me@host"
    for live in ("@everyone", "https://", "www.", "@host"):
        assert live not in text


def test_the_page_loads_nothing_from_the_web(tmp_path: Path) -> None:
    forged = [
        opened(2),
        story_event(StorySucceeded, 1, output_path="https://evil.example/track.mp4"),
        story_event(StorySucceeded, 2, output_path=str(tmp_path / BATCH / "2.mp4")),
    ]
    page = page_of(fold(BATCH, forged), folder=tmp_path)
    assert re.findall('<video src="([^"]*)"', page) == [f"{BATCH}/2.mp4#t=1"]
    policy = re.search('Content-Security-Policy" content="([^"]*)"', page)
    assert policy is not None
    assert policy.group(1) == "default-src 'none'; style-src 'unsafe-inline'; media-src 'self' file:"


def test_a_title_stands_for_the_story_in_every_form() -> None:
    named = entry(1, url="file:///srv/s1.md", title="My *sister* & I")
    state = fold(BATCH, [opened(2), BatchStories(batch_id=BATCH, stories=(named, entry(2)))])
    report = build_report(state, at(1))
    assert [result.title for result in report.results] == ["My *sister* & I", None]
    assert [row["title"] for row in json.loads(report.to_json())["results"]] == ["My *sister* & I", None]
    assert "My *sister* & I" in "\n".join(on_screen(state))
    assert r"[My \*sister\* &amp; I](<file:///srv/s1.md>)" in written(markdown.write, state, at(1))
    page = Page(page_of(state))
    assert "My *sister* & I" in page.text
    assert "s1.md" not in page.text
    rows = list(csv.DictReader(io.StringIO(written(csv_out.write, state, at(1)))))
    assert (rows[0]["title"], rows[0]["url"]) == ("My *sister* & I", "file:///srv/s1.md")
    assert rows[1]["title"] == ""


def test_a_title_that_a_spreadsheet_would_run_is_text() -> None:
    state = fold(BATCH, [BatchStories(batch_id=BATCH, stories=(entry(1, title="=1+1"),))])
    [row] = csv.DictReader(io.StringIO(written(csv_out.write, state, at(1))))
    assert row["title"] == "'=1+1"
