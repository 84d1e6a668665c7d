"""`script.json`: written by `gt-studio script`, edited by people, read again; errors name the place."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from gt_common.errors import UsageError
from gt_consumer.studio.picture.places import BURST, DRAWN
from gt_consumer.studio.script import words
from gt_consumer.studio.script.document import dump_script, parse_script, read_script_file, write_script_file
from gt_consumer.studio.script.model import Line, Member, Script, continues
from gt_consumer.studio.text.script import write_script
from gt_consumer.studio.text.story import load_story

ROOT = Path(__file__).parents[3]
STORY = ROOT / "examples" / "the-last-cupcake.md"
GT_STUDIO = str(Path(sys.executable).with_name("gt-studio"))


def _script() -> Script:
    return write_script(load_story(STORY.as_uri(), [STORY.parent]), 220)


def _edited(**changes: object) -> bytes:
    """Return a small script with changes; a key `member` or `line` changes the second one."""
    content: dict[str, object] = {
        "schema": 1,
        "title": "The cake",
        "cast": [{"id": "me", "role": "narrator"}, {"id": "kyle", "role": "roommate", "age": 31}],
        "lines": [
            {"speaker": "me", "text": "He said:"},
            {"speaker": "kyle", "kind": "speech", "text": "No."},
        ],
    }
    for key, change in changes.items():
        if key in {"member", "line"}:
            content["cast" if key == "member" else "lines"][1].update(change)  # type: ignore[index]
        else:
            content[key] = change
    return json.dumps(content).encode()


def test_a_script_comes_back_as_it_was_written(tmp_path: Path) -> None:
    script = _script()
    path = write_script_file(script, tmp_path / "script.json")
    assert read_script_file(path) == script
    content = json.loads(path.read_text())
    assert list(content) == ["schema", "title", "cast", "lines"]
    assert list(content["cast"][0]) == ["id", "name", "role", "sex", "age", "voice"]
    assert list(content["lines"][0]) == ["n", "act", "kind", "speaker", "text", "mood", "place", "shot"]
    assert len(path.read_text().splitlines()) == 8 + len(script.cast) + len(script.lines)


def test_lines_that_were_moved_are_numbered_anew_and_defaults_are_filled_in() -> None:
    lines = [{"n": 7, "speaker": "me", "text": "b"}, {"n": 1, "speaker": "me", "text": " a\nword "}]
    read = parse_script(_edited(lines=lines), "x.json")
    assert [(line.n, line.text, line.shot) for line in read.lines] == [
        (1, "b", "auto"),
        (2, "a word", "auto"),
    ]
    assert (read.cast[1].age_group, read.cast[0].voice, read.word_count) == ("young", "auto", 5)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"{nope", "x.json: not JSON: .*line 1"),
        (b"[]", '"schema": 1 is missing'),
        (_edited(schema=2), "schema 2 is not supported"),
        (_edited(title=" - "), "x.json: title: the title has no words"),
        (_edited(lines=[]), "x.json: there are no lines"),
        (_edited(line={"mood": "angri"}), "line 2, mood: 'angri' is not one of neutral, .* mean 'angry'"),
        (_edited(line={"place": "moon"}), "line 2, place: 'moon' is not one of room"),
        (_edited(line={"shot": "close"}), "line 2, shot: 'close' must name who is shown, as close:ID"),
        (_edited(line={"shot": "two:me"}), r"'two:me' must name who is shown, as two:ID\+ID"),
        (_edited(line={"shot": "insert:cat"}), "'cat' is not one of phone, letter"),
        (_edited(line={"shot": "zoom:me"}), "'zoom' is not one of single"),
        (_edited(line={"shot": "close:kile"}), "line 2: 'kile' is not one of me, kyle; did you mean 'kyle'"),
        (_edited(line={"speaker": "tom"}), "line 2: 'tom' is not one of me, kyle"),
        (_edited(line={"kind": "narration"}), "line 2: narration is spoken by the narrator, not 'kyle'"),
        (_edited(line={"text": "…"}), "line 2, text: has no words"),
        (_edited(line={"words": 3}), "line 2, words: unknown field"),
        (_edited(lines=[{"speaker": "me"}]), "line 1, text: is missing"),
        (_edited(member={"sex": "f"}), "member 2, sex: 'f' is not one of female"),
        (_edited(member={"age": "ancient"}), "member 2, age: 'ancient' is neither a number of years nor"),
        (_edited(member={"age": 300}), "member 2, age: '300' is neither"),
        (
            _edited(member={"role": "narrator"}),
            "exactly one member of the cast must have the role",
        ),
        (_edited(member={"id": "me"}), "two members of the cast have the id 'me'"),
        (_edited(member={"id": "a b"}), "member 2, id: String should match"),
        (_edited(line={"mood": "a", "place": "b", "act": "c", "kind": "d"}), "; and 1 more"),
    ],
)
def test_what_is_wrong_is_named_with_its_place(data: bytes, message: str) -> None:
    with pytest.raises(UsageError, match=message) as caught:
        parse_script(data, "x.json")
    assert "\n" not in str(caught.value)


def test_a_line_continues_the_sentence_of_a_quote() -> None:
    def line(text: str, kind: str = "narration") -> Line:
        return Line(speaker="me", text=text, kind=kind)

    assert continues(line("He said,"), line("No.", "speech"))
    assert continues(line("What?", "speech"), line("I asked."))
    assert continues(line("Stop!", "speech"), line("and then he left the room."))
    assert not continues(line("He left."), line("No.", "speech"))
    assert not continues(line("No.", "speech"), line("He left the room and never came back."))
    assert not continues(line("He left."), line("I cried."))


@pytest.mark.parametrize(
    ("age", "group"),
    [(4, "child"), (13, "teen"), (34, "young"), (35, "adult"), (60, "old"), (2.5, "child"), ("old", "old")],
)
def test_ages_fall_into_groups(age: float | str, group: str) -> None:
    assert Member(id="a", age=age).age_group == group


def test_every_word_is_explained_and_every_place_is_drawn() -> None:
    page = (ROOT / "docs" / "studio.md").read_text().split("## The script", 1)[1].split("\n## ", 1)[0]
    every = (
        *words.ACTS,
        *words.MOODS,
        *words.PLACES,
        *words.INSERTS,
        *words.AGES,
        *words.SEXES,
        *words.KINDS,
    )
    missing = [word for word in (*every, words.AUTO) if f"`{word}`" not in page]
    framings = [f for f, people in words.FRAMINGS.items() if f"`{f}:{'+'.join(['ID'] * people)}`" not in page]
    assert (missing, framings) == ([], [])
    assert set(DRAWN) == {*words.PLACES, BURST}


def test_gt_studio_writes_the_script_of_a_story_and_refuses_what_is_none(tmp_path: Path) -> None:
    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [GT_STUDIO, "script", *arguments]
        return subprocess.run(command, capture_output=True, text=True, timeout=60, cwd=tmp_path)

    done = run(str(STORY))
    assert (done.returncode, done.stdout, done.stderr) == (0, "script.json\n", "")
    assert (tmp_path / "script.json").read_text() == dump_script(_script())
    gone = run("gone.md", "-o", "other.json")
    assert (gone.returncode, gone.stdout) == (2, "")
    assert "story file not found" in gone.stderr
    assert len(gone.stderr.splitlines()) == 1
    assert not (tmp_path / "other.json").exists()
