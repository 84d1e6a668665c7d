"""Shots fill the whole video, at a steady pace."""

from __future__ import annotations

import itertools
import re

import numpy as np
import pytest

from gt_consumer.studio.picture.shots import plan_shots
from gt_consumer.studio.script.model import Line, Member, Script
from gt_consumer.studio.script.words import MOODS, NARRATOR
from gt_consumer.studio.sound.narration import TAIL_S, Narration, TimedWord, Utterance
from gt_consumer.studio.text.mood import mood_of

TITLE = "The title of it all"
CAST = (Member(id=NARRATOR, role=NARRATOR), Member(id="sister", role="sister"))


def _script(*lines: Line) -> Script:
    return Script(title=TITLE, cast=CAST, lines=lines)


def _narration(script: Script) -> Narration:
    now = 0.15
    spoken: list[Utterance] = []
    for line in (None, *script.lines):
        text = line.text if line else script.title
        words = tuple(TimedWord(w, now + n * 0.3, now + n * 0.3 + 0.28) for n, w in enumerate(text.split()))
        spoken.append(Utterance(line, words, now, words[-1].end))
        now = words[-1].end + 0.25
    return Narration(tuple(spoken), ((0.0, np.zeros(10, np.float32)),), spoken[-1].end + TAIL_S)


def _told(*texts: str, **fields: str) -> list[Line]:
    return [Line(speaker=NARRATOR, text=text, **fields) for text in texts]


LONG = "I walked home and I thought about it, and then I walked back again, because somebody had to do it."


def test_shots_fill_the_video_at_a_steady_pace() -> None:
    script = _script(
        *_told(LONG, shot="wide:narrator"),
        Line(speaker="sister", kind="speech", text="You owe me this house!"),
        *_told("I left.", "It rained.", LONG, LONG),
    )
    narration = _narration(script)
    shots = plan_shots(narration, script, 1)
    assert shots[0].start == 0
    assert shots[-1].end == narration.seconds
    assert all(a.end == b.start for a, b in itertools.pairwise(shots))
    assert all(s.end - s.start <= 4 for s in shots)
    assert 60 * len(shots) / narration.seconds >= 18
    assert shots[0].title == TITLE
    assert shots[0].end == pytest.approx(2, abs=0.4)
    assert (shots[1].framing, shots[-1].framing) == ("wide", "end")
    quote = next(s for s in shots if s.bubble)
    assert (quote.subject, quote.bubble) == ("sister", "You owe me this house!")
    assert quote.speech[0].start == narration.utterances[2].words[0].start


def test_a_long_title_leaves_after_two_seconds() -> None:
    script = _script(*_told("I left.")).model_copy(update={"title": LONG})
    first, second, *_ = plan_shots(_narration(script), script, 1)
    assert (first.title, first.end, second.title) == (LONG, 2.0, None)


def test_a_shot_shows_whom_and_what_the_script_says() -> None:
    asked = ("two:sister+narrator", "over:narrator+sister", "close:sister", "insert:phone", "hands:narrator")
    script = _script(*_told(*[" ".join(["word"] * 9) + "."] * 5, place="gym"))
    lines = [line.model_copy(update={"shot": shot}) for line, shot in zip(script.lines, asked, strict=True)]
    script = script.model_copy(update={"lines": tuple(lines)})
    shots = [s for s in plan_shots(_narration(script), script, 1) if s.framing not in {"title", "end"}]
    shots = shots[-5:]
    assert [(s.framing, s.subject, s.other, s.place) for s in shots[:3]] == [
        ("two", "sister", NARRATOR, "gym"),
        ("over", NARRATOR, "sister", "gym"),
        ("close", "sister", None, "gym"),
    ]
    assert [s.thing for s in shots[3:]] == ["phone", "hands"]


def test_hands_hold_what_is_given_and_a_message_is_the_other_ones() -> None:
    script = _script(
        *_told("She handed me the key.", shot="hands:narrator"),
        *_told("My sister went home."),
        *_told('My sister texted me, "Sorry."', shot="insert:phone"),
    )
    given, message = (s for s in plan_shots(_narration(script), script, 1) if s.thing)
    assert (given.framing, given.thing, given.subject) == ("hands", "key", NARRATOR)
    assert (message.thing, message.note, message.subject) == ("phone", "Sorry.", "sister")


def test_a_dialogue_cuts_between_its_speakers_and_keeps_every_word() -> None:
    said = (LONG, "No, I never promised you anything at all.", "You did, you promised it last summer!")
    speakers = ("sister", NARRATOR, "sister")
    both = zip(speakers, said, strict=True)
    script = _script(*(Line(speaker=who, kind="speech", text=text) for who, text in both))
    shots = [s for s in plan_shots(_narration(script), script, 1) if s.bubble]
    assert tuple(who for who, _ in itertools.groupby(s.subject for s in shots)) == speakers
    assert any(s.other for s in shots)
    shown = re.findall(r"\w+", " ".join(s.bubble or "" for s in shots))
    assert shown == re.findall(r"\w+", " ".join(said))


@pytest.mark.parametrize(
    ("text", "mine", "theirs"),
    [
        ("My sister smiled and told me that she had ruined my wedding.", "serious", "happy"),
        ("My sister screamed at me.", "shock", "shout"),
        ("I froze when my sister came in.", "shock", "worried"),
    ],
)
def test_the_second_person_reacts(text: str, mine: str, theirs: str) -> None:
    script = _script(Line(speaker=NARRATOR, text=text, mood=mood_of(text), shot="two:sister+narrator"))
    shot = next(s for s in plan_shots(_narration(script), script, 1) if s.framing == "two")
    assert (shot.subject, shot.mood, shot.other_mood) == ("sister", theirs, mine)


@pytest.mark.parametrize(
    ("text", "thing", "note"),
    [
        ('She texted me, "Do not come."', "phone", "Do not come."),
        ("They paid $4,000 for it.", "money", "$4,000"),
        ("At 3:15 am the alarm went off.", "clock", "3:15 am"),
        ("He changed the locks.", "key", ""),
        ("She wore her wedding ring.", "ring", ""),
        ("They were bringing food.", None, ""),
        ("The monkey ate the contractor's lunch.", None, ""),
    ],
)
def test_things_fill_the_picture(text: str, thing: str | None, note: str) -> None:
    script = _script(*_told(text))
    shots = [s for s in plan_shots(_narration(script), script, 1) if s.thing]
    assert [(s.thing, s.note) for s in shots] == ([(thing, note)] if thing else [])


@pytest.mark.parametrize(
    ("text", "mood"),
    [
        ("GET OUT NOW!", "shout"),
        ("He was furious.", "angry"),
        ("She started to cry.", "sad"),
        ("My jaw dropped.", "shock"),
        ("We laughed all night.", "happy"),
        ("The door is blue.", "neutral"),
    ],
)
def test_moods_follow_the_words(text: str, mood: str) -> None:
    assert mood_of(text) == mood
    assert mood in MOODS
