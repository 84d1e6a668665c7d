"""`gt-studio preview` and what `gt-studio render` refuses."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from gt_common.errors import UsageError
from gt_consumer.studio.picture.sheet import save
from gt_consumer.studio.script.document import parse_script
from gt_consumer.studio.sidecars import question_of

GT_STUDIO = str(Path(sys.executable).with_name("gt-studio"))
STORY = Path(__file__).parents[3] / "examples" / "the-last-cupcake.md"
SCRIPT = """{"schema": 1, "title": "A title", "cast": [{"id": "n", "role": "narrator"}],
"lines": [{"speaker": "n", "text": "I went home.", "place": "car", "shot": "insert:key"}]}"""


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([GT_STUDIO, *arguments], cwd=folder, capture_output=True, text=True)


@pytest.mark.parametrize("source", ["story", "script"])
def test_a_preview_of_a_story_or_a_script_is_one_picture(source: str, tmp_path: Path) -> None:
    import cv2

    (tmp_path / "script.json").write_text(SCRIPT)
    given = str(STORY) if source == "story" else "script.json"
    done = run(tmp_path, "preview", given, "-o", "sheet.png")
    assert (done.returncode, done.stdout) == (0, "sheet.png\n"), done.stderr
    sheet = cv2.imread(str(tmp_path / "sheet.png"))
    assert sheet is not None
    height, width = sheet.shape[:2]
    assert width > 1900
    assert height > 400


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["none.json"], "none.json: No such file or directory; `gt-studio script STORY` writes a script"),
        (["script.json", "-o", "film.avi"], "give it a name that ends in .mp4"),
        (["script.json", "--set", "speed"], "expected NAME=VALUE"),
        (["script.json", "--set", "sped=1"], "unknown studio option sped"),
        (["script.json", "--from-stage", "mix"], "the stages are story, script, voice, panels, render"),
        (["wrong.json"], "'kitchn' is not one of"),
    ],
)
def test_what_cannot_be_rendered_is_a_usage_error(arguments: list[str], message: str, tmp_path: Path) -> None:
    (tmp_path / "script.json").write_text(SCRIPT)
    (tmp_path / "wrong.json").write_text(SCRIPT.replace('"car"', '"kitchn"'))
    done = run(tmp_path, "render", *arguments)
    assert done.returncode == 2
    assert message in done.stderr
    assert not list(tmp_path.glob("*.mp4"))


def test_a_preview_goes_into_a_new_folder(tmp_path: Path) -> None:
    (tmp_path / "script.json").write_text(SCRIPT)
    done = run(tmp_path, "preview", "script.json", "-o", "new/sheet.jpg")
    assert (done.returncode, done.stdout) == (0, "new/sheet.jpg\n"), done.stderr
    assert (tmp_path / "new" / "sheet.jpg").stat().st_size > 1000


def test_a_sheet_too_high_for_a_jpeg_is_a_usage_error(tmp_path: Path) -> None:
    import skia

    image = skia.Surface(4, 65_600).makeImageSnapshot()
    with pytest.raises(UsageError, match=r"a name that ends in \.png"):
        save(image, tmp_path / "sheet.jpg")
    assert not list(tmp_path.iterdir())
    save(image, tmp_path / "sheet.png")


def test_a_script_never_replaces_its_story(tmp_path: Path) -> None:
    text = STORY.read_text()
    (tmp_path / "story.md").write_text(text)
    done = run(tmp_path, "script", "story.md", "-o", "./story.md")
    assert done.returncode == 2
    assert "story.md is the story itself; give the script another name" in done.stderr
    assert (tmp_path / "story.md").read_text() == text


@pytest.mark.parametrize(
    ("title", "question"),
    [("AITA for leaving?", "Who was right?"), ("My boss gave away my spot", "What would you do?")],
)
def test_the_end_card_asks_for_a_judgement_where_the_story_does(title: str, question: str) -> None:
    script = parse_script(SCRIPT.replace("A title", title).encode(), "script.json")
    assert question_of(script) == question


def test_a_script_that_was_edited_is_kept_when_another_takes_its_name(tmp_path: Path) -> None:
    (tmp_path / "script.json").write_text(SCRIPT)
    first = run(tmp_path, "script", str(STORY))
    assert first.returncode == 0
    assert "the script.json that was there is kept as script.json.1" in first.stderr
    assert (tmp_path / "script.json.1").read_text() == SCRIPT
    again = run(tmp_path, "script", str(STORY))
    assert (again.returncode, again.stderr) == (0, "")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["script.json", "script.json.1"]


def test_a_preview_of_a_script_without_its_schema_says_so(tmp_path: Path) -> None:
    (tmp_path / "script.json").write_text(SCRIPT.replace('"schema": 1, ', ""))
    done = run(tmp_path, "preview", "script.json")
    assert done.returncode == 2
    assert 'not a script: "schema": 1 is missing' in done.stderr
