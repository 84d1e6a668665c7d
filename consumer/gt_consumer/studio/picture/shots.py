"""Cuts the narration into shots of a few seconds, each with people, place, mood and camera move."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from gt_consumer.studio.picture.backgrounds import place_of
from gt_consumer.studio.picture.bubbles import shorten
from gt_consumer.studio.picture.camera import Move
from gt_consumer.studio.picture.layout import FOCUS_Y
from gt_consumer.studio.sound.narration import Narration, TimedWord, Utterance
from gt_consumer.studio.text.dialogue import NARRATOR

SHORT_S, LONG_S, BEST_S = 1.7, 5.0, 3.8
_BEFORE_WORD_S = 0.05
# Shown for one sentence: after a phone screen the story returns to where it was, after a night to the room.
_AFTER = {"phone": "", "bedroom": "room"}
_MINE = re.compile(r"\b(?:I|me|my|we|us|our)\b")


_STILL = Move((1.0, 1.0), ((0.0, 0.0), (0.0, 0.0)), (540.0, float(FOCUS_Y)))


@dataclass(frozen=True)
class Shot:
    """One picture and its camera move, from `start` to `end` in seconds.

    Parameters:
        framing: "title", "single", "close", "wide" or "two"
        subject: whom it shows; `other` is the second person of a "two"
        bubble: text of the speech bubble
        speech: words that the subject says, for the movements of the mouth
        effect: letters beside the head, such as "?!"
    """

    start: float
    end: float
    framing: str
    subject: str
    mood: str
    act: str
    place: str
    other: str | None = None
    bubble: str | None = None
    title: str | None = None
    effect: str | None = None
    loud: bool = False
    speech: tuple[TimedWord, ...] = ()
    move: Move = _STILL


@dataclass
class _Block:
    """Utterances that share a shot, before it is made."""

    said: list[Utterance]

    @property
    def lead(self) -> Utterance:
        """The utterance that decides what is shown: a quote, else the first."""
        return next((u for u in self.said if u.segment.quote), self.said[0])

    @property
    def words(self) -> list[TimedWord]:
        return [w for u in self.said for w in u.words]

    @property
    def seconds(self) -> float:
        return self.said[-1].end - self.said[0].start


def _blocks(utterances: Sequence[Utterance]) -> list[_Block]:
    """Join what is too short for its own picture: `he said` with its quote, short lines together."""
    blocks: list[_Block] = []
    for u in utterances:
        last = blocks[-1] if blocks else None
        if last is None or last.lead.line is None or not _joins(last, u):
            blocks.append(_Block([u]))
        else:
            last.said.append(u)
    return blocks


def _joins(last: _Block, u: Utterance) -> bool:
    length = u.end - u.start
    if last.seconds + length > LONG_S:
        return False
    quotes = [x for x in (*last.said, u) if x.segment.quote]
    if len(quotes) > 1:
        return False
    same_line = last.said[-1].line is u.line
    if same_line and (length < SHORT_S or last.seconds < SHORT_S):
        return True
    return not quotes and (length < SHORT_S or last.seconds < SHORT_S)


def _cuts(block: _Block) -> list[float]:
    """Return the times at which a long block gets a new picture: at words, preferably after punctuation."""
    count = max(1, round(block.seconds / BEST_S)) if block.seconds > LONG_S else 1
    words = block.words
    begin = words[0].start
    found: list[float] = []
    for k in range(1, count):
        ideal = begin + block.seconds * k / count
        best = min(
            range(1, len(words)),
            key=lambda i: abs(words[i].start - ideal) - (0.8 if words[i - 1].text[-1:] in ".,;:!?…" else 0),
            default=0,
        )
        at = words[best].start - _BEFORE_WORD_S if best else ideal
        if at > (found[-1] if found else begin) + 1.2 and at < words[-1].end - 1:
            found.append(at)
    return found


def plan_shots(narration: Narration, title: str, seed: int) -> list[Shot]:
    """Plan all shots; together they fill the video without a gap."""
    shots: list[Shot] = []
    settled = "room"
    for block in _blocks(narration.utterances):
        text = " ".join(u.line.text for u in block.said if u.line)
        place = place_of(text, settled)
        settled = _AFTER.get(place, place) or settled
        starts = [block.words[0].start - _BEFORE_WORD_S, *_cuts(block)]
        for part, start in enumerate(starts):
            shots.append(_shot(block, start, place, title, part, len(shots) + seed))
    shots[0] = replace(shots[0], start=0.0)
    ends = [*(s.start for s in shots[1:]), narration.seconds]
    return [
        replace(s, end=end, move=_move(s, n + seed))
        for n, (s, end) in enumerate(zip(shots, ends, strict=True))
    ]


def _shot(block: _Block, start: float, place: str, title: str, part: int, number: int) -> Shot:
    lead = block.lead
    line = lead.line
    if line is None:
        return Shot(
            start,
            start,
            "title",
            NARRATOR,
            "shock" if number % 2 else "worried",
            "hook",
            "burst",
            title=title,
        )
    mood, act = line.mood, line.act
    if lead.segment.quote:
        loud = mood == "shout"
        speaker = lead.segment.speaker
        return Shot(
            start,
            start,
            "single" if part % 2 == 0 else "close",
            speaker,
            mood,
            act,
            "burst" if loud else place,
            bubble=shorten(lead.segment.text) if part == 0 else None,
            loud=loud and part == 0,
            speech=lead.words,
        )
    people = [p for u in block.said if u.line for p in u.line.people]
    subject = people[0] if people else NARRATOR
    both = bool(people) and bool(_MINE.search(line.text))
    framing = ("single", "close", "wide")[(number + part) % 3]
    if both:
        framing = "two" if (number + part) % 2 == 0 else framing
        subject = NARRATOR if framing != "two" and number % 3 == 0 else subject
    dramatic = mood in {"shock", "shout"}
    effect = {"shock": "?!", "angry": "!!"}.get(mood) if framing in {"single", "wide"} else None
    return Shot(
        start,
        start,
        framing,
        subject,
        mood,
        act,
        "burst" if dramatic else place,
        other=NARRATOR if framing == "two" else None,
        effect=effect,
    )


def _move(shot: Shot, number: int) -> Move:
    """Choose a camera move that suits the shot and is not the one before."""
    focus = (540.0, float(FOCUS_Y))
    still = ((0.0, 0.0), (0.0, 0.0))
    if shot.loud:
        return Move((1.0, 1.06), still, focus, shake=True)
    if shot.framing == "title":
        return Move((1.0, 1.05), still, (540.0, 620.0))
    side = 26.0 if number % 2 else -26.0
    moves = (
        Move((1.0, 1.06), still, focus),
        Move((1.035, 1.035), ((-side, 0.0), (side, 0.0)), focus),
        Move((1.06, 1.0), still, focus),
        Move((1.03, 1.05), ((side, 0.0), (-side, 0.0)), focus),
    )
    return moves[number % len(moves)]
