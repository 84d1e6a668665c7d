"""Plans the pictures of a film: each beat gets a shot with people, place, mood and camera move."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

from gt_consumer.studio.picture.beats import Beat, cut_beats
from gt_consumer.studio.picture.camera import Move
from gt_consumer.studio.picture.direction import Director
from gt_consumer.studio.picture.layout import FOCUS_X, FOCUS_Y
from gt_consumer.studio.picture.places import BURST
from gt_consumer.studio.script.model import Script
from gt_consumer.studio.sound.narration import Narration, TimedWord

_STILL = Move((1.0, 1.0), ((0.0, 0.0), (0.0, 0.0)), (float(FOCUS_X), float(FOCUS_Y)))


@dataclass(frozen=True)
class Shot:
    """One picture and its camera move, from `start` to `end` in seconds.

    Parameters:
        framing: "title", "end", "insert", or a framing of the script's words
        subject: whom it shows, in `mood`; `other` is the second person, in `other_mood`
        bubble: text of the speech bubble
        title: text of the title card
        thing: what an insert or hands show, and `note` what is written there
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
    other_mood: str = "neutral"
    bubble: str | None = None
    title: str | None = None
    thing: str | None = None
    note: str = ""
    effect: str | None = None
    loud: bool = False
    speech: tuple[TimedWord, ...] = ()
    move: Move = _STILL

    @property
    def has_text(self) -> bool:
        """Whether letters are drawn in the panel, which must stay in the safe area."""
        return bool(self.bubble or self.title or self.effect or self.thing or self.framing == "end")


def plan_shots(narration: Narration, script: Script, seed: int) -> list[Shot]:
    """Plan all shots; together they fill the video without a gap, the last may be the end card."""
    beats, last = cut_beats(narration)
    director = Director(script, seed)
    shots = [_shot(beat, director, script) for beat in beats]
    if last < narration.seconds:
        shots.append(_end(shots, last, narration.seconds))
    return [replace(shot, move=camera_move(shot, n + seed)) for n, shot in enumerate(shots)]


def _shot(beat: Beat, director: Director, script: Script) -> Shot:
    line = beat.line
    if line is None and beat.part == 0:
        return Shot(
            beat.start, beat.end, "title", script.narrator.id, "shock", "hook", BURST, title=script.title
        )
    choice = director.choose(beat)
    mood = line.mood if line else "worried"
    speech = line is not None and line.is_speech
    loud = speech and mood == "shout" and beat.part == 0
    dramatic = mood == "shout" or (mood == "shock" and not speech)
    alone = choice.framing in {"single", "close", "wide"}
    effect = {"shock": "?!", "angry": "!!"}.get(choice.mood) if alone and not speech and line else None
    return Shot(
        beat.start,
        beat.end,
        choice.framing,
        choice.subject,
        choice.mood,
        line.act if line else "hook",
        BURST if dramatic and alone else line.place if line else script.lines[0].place,
        other=choice.other,
        other_mood=choice.other_mood,
        bubble=_bubble(beat) if speech and choice.thing is None else None,
        thing=choice.thing,
        note=choice.note,
        effect=effect,
        loud=loud,
        speech=beat.spoken if speech else (),
    )


def _end(shots: Sequence[Shot], start: float, end: float) -> Shot:
    """Return the end card, with the two who were seen most."""
    seen = Counter(who for shot in shots for who in (shot.subject, shot.other) if who)
    narrator, act, place = shots[0].subject, shots[-1].act, shots[-1].place
    del seen[narrator]
    other = min(seen, key=lambda who: (-seen[who], who), default=None)
    place = place if place != BURST else "room"
    return Shot(start, end, "end", narrator, "serious", act, place, other=other, other_mood="smug")


def _bubble(beat: Beat) -> str:
    """Return what a bubble says: the words of its picture, so that a long speech takes several."""
    text = beat.speech.rstrip(",;:")
    if not beat.ends and text and beat.spoken[-1] is beat.words[-1] and text[-1] not in ".!?…":
        text += "…"
    return text


def camera_move(shot: Shot, number: int) -> Move:
    """Choose a camera move that suits the shot and is not the one before."""
    focus = (float(FOCUS_X), float(FOCUS_Y))
    still = ((0.0, 0.0), (0.0, 0.0))
    if shot.loud:
        return Move((1.0, 1.06), still, focus, shake=True)
    if shot.framing in {"title", "end"}:
        return Move((1.0, 1.04), still, focus)
    inward, outward = Move((1.0, 1.06), still, focus), Move((1.06, 1.0), still, focus)
    if shot.has_text:  # which a pan could carry out of the safe area
        return inward if number % 2 else outward
    side = 26.0 if number % 2 else -26.0
    moves = (
        inward,
        Move((1.035, 1.035), ((-side, 0.0), (side, 0.0)), focus),
        outward,
        Move((1.03, 1.05), ((side, 0.0), (-side, 0.0)), focus),
    )
    return moves[number % len(moves)]


def shots_per_minute(shots: Sequence[Shot]) -> float:
    """Return how many pictures a minute has."""
    return 60 * len(shots) / (shots[-1].end - shots[0].start)
