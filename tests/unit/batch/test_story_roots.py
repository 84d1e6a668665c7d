"""The folders of a batch's story files: those of its lists and files, kept for a resume."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from gt_common.stories.roots import roots_of_sources, roots_of_stories
from gt_common.stories.sources import Sources, read_sources
from gt_consumer.batch.story_roots import confine, continued_roots


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A folder of lists beside one of stories, with a story in each."""
    for folder in ("lists", "stories"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "a.md").write_text("# A\n\nOnce.\n")
    return tmp_path


def test_the_folders_of_lists_and_of_named_files_count(place: Path) -> None:
    (place / "lists" / "list.txt").write_text("a.md\n")
    given = Sources(("stories/a.md", "https://redd.it/abc1", "none.md"), ("lists/list.txt", "-"))
    assert roots_of_sources(given, place) == (place / "lists", place, place / "stories")


def test_a_list_may_not_name_a_file_elsewhere(place: Path) -> None:
    listed = place / "lists" / "list.txt"
    listed.write_text(f"a.md\n{place / 'stories' / 'a.md'}\nhttps://redd.it/abc1\n")
    sources = Sources((), (str(listed),))
    reading = read_sources(sources, io.BytesIO(), place)
    confined = confine(reading, roots_of_sources(sources, place))
    assert [story.place for story in confined.stories] == [f"{listed}:1", f"{listed}:3"]
    (problem,) = confined.problems
    assert problem.startswith(f"{listed}:2: ")
    assert "GT_STORY_ROOTS" in problem
    assert confine(reading, (place,)) == reading


def test_a_resumed_batch_keeps_its_folders_and_adds_those_of_a_new_list(place: Path) -> None:
    kept: dict[str, object] = {"story_roots": [str(place / "lists")]}
    url = (place / "stories" / "a.md").as_uri()
    assert continued_roots((), kept, [url]) == (place / "lists",)
    assert continued_roots((place,), kept, []) == (place / "lists", place)
    assert continued_roots((), {}, [url, "https://redd.it/abc1"]) == (place / "stories",)
    assert roots_of_stories(["https://redd.it/a", "file://other/a.md"]) == ()
