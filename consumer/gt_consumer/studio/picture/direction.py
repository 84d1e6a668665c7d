"""Chooses what a picture shows: who, how near, and in which mood; dialogue cuts between its speakers."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from gt_consumer.studio.picture.beats import Beat
from gt_consumer.studio.script.model import Line, Script
from gt_consumer.studio.script.words import AUTO, INSERT
from gt_consumer.studio.text.reactions import feeler_of, reaction_to
from gt_consumer.studio.text.things import message_in, thing_in, things_in

_SPOKEN = ("single", "over", "close", "two")
_ALONE = ("single", "close", "wide")
_BOTH = ("two", "close", "over", "single")
_DIALOGUE_LINES = 3  # so many lines without a word of it end a dialogue
_AMOUNT = re.compile(r"\$\d[\d,.]*\d?[kKmM]?|\d[\d,]* (?:dollars|bucks|grand|euros|pounds)")
_TIME = re.compile(r"\b(\d{1,2})(?::(\d\d))? ?([ap])?\.?m?\b", re.IGNORECASE)


@dataclass(frozen=True)
class Choice:
    """What a picture shows; see `Shot`."""

    framing: str
    subject: str
    mood: str
    other: str | None = None
    other_mood: str = "neutral"
    thing: str | None = None
    note: str = ""


@dataclass
class Director:
    """Chooses the pictures of a film, one after the other.

    Parameters:
        seed: of what is as good in one way as in another
    """

    script: Script
    seed: int
    _turn: int = 0
    _last: Choice | None = None
    _place: str | None = None
    _talk: list[str] = field(default_factory=list)
    _quiet: int = 0
    _shown: str | None = None

    def choose(self, beat: Beat) -> Choice:
        """Choose the picture of a beat."""
        line = beat.line
        if line is None:
            choice = Choice("close", self.script.narrator.id, "worried")
        elif beat.part == 0 and line.shot != AUTO:
            choice = self._ordered(line, beat)
        elif line.is_speech:
            choice = self._speech(line, beat)
        else:
            choice = self._told(line, beat)
        if line is not None:
            self._note(line)
        self._turn += 1
        self._last = choice
        return choice

    def _note(self, line: Line) -> None:
        """Remember place and dialogue."""
        self._place = line.place
        if not line.is_speech:
            self._quiet += 1
            if self._quiet > _DIALOGUE_LINES:
                self._talk.clear()
            return
        self._quiet = 0
        if not self._talk or self._talk[-1] != line.speaker:
            self._talk.append(line.speaker)

    def _ordered(self, line: Line, beat: Beat) -> Choice:
        """Return the shot that the script names."""
        if line.insert is not None:
            return self._insert(line.insert, line, beat)
        shown = line.shown
        other = shown[1] if len(shown) > 1 else None
        if line.is_speech:
            return self._of(line.framing, shown[0], other, line.mood, reaction_to(line.mood, line.text))
        mood, other_mood = self._moods(line, shown[0], other)
        choice = self._of(line.framing, shown[0], other, mood, other_mood)
        if line.framing != "hands":
            return choice
        narrator = self.script.narrator.id
        other = self._partner(line) if choice.subject == narrator else narrator
        held = next((thing for _, thing in things_in(line.text) if thing != "hands"), "hands")
        return Choice("hands", choice.subject, mood, other, other_mood, held)

    @staticmethod
    def _of(framing: str, subject: str, other: str | None, mood: str, other_mood: str) -> Choice:
        return Choice(framing, subject, mood, other, other_mood)

    def _speech(self, line: Line, beat: Beat) -> Choice:
        """Choose the picture of a speech: its speaker, from another side than before."""
        listener = self._listener(line)
        framings = _SPOKEN if listener else _ALONE[:2]
        framing = self._another(framings, line.speaker)
        if line.mood == "shout" and beat.part == 0:
            framing = self._another(_ALONE[:2], line.speaker)
        other = listener if framing in {"two", "over"} else None
        return Choice(framing, line.speaker, line.mood, other, reaction_to(line.mood, line.text))

    def _told(self, line: Line, beat: Beat) -> Choice:
        """Choose the picture of narration: the thing it is about, the place when it is new, or the people."""
        found = thing_in(beat.text)
        if found and found[0] != self._shown and not self._just_inserted():
            return self._insert(found[0], line, beat)
        people = self._people(line, beat)
        subject = people[0] if people else self.script.narrator.id
        other = self._partner(line) if not people else self._counterpart(people)
        if line.place != self._place:
            framing = "wide"
        elif people and other is not None:
            framing = self._another(_BOTH, subject)
            if framing in {"close", "single"} and self._turn % 2:
                subject, other = other, subject
        else:
            framing = self._another(_ALONE, subject)
        if framing not in {"two", "over"}:
            other = None
        mood, other_mood = self._moods(line, subject, other)
        return Choice(framing, subject, mood, other, other_mood)

    def _insert(self, thing: str, line: Line, beat: Beat) -> Choice:
        self._shown = thing
        subject = line.speaker if line.is_speech else (self._people(line, beat) or [line.speaker])[0]
        if thing == "hands":
            return Choice("hands", self.script.narrator.id, line.mood, self._partner(line), thing="hands")
        if subject == self.script.narrator.id:  # whose phone it is; the message comes from the other one
            subject = self._partner(line) or subject
        return Choice(INSERT, subject, line.mood, thing=thing, note=_note_on(thing, line, beat))

    def _just_inserted(self) -> bool:
        return self._last is not None and self._last.thing is not None

    def _another(self, framings: tuple[str, ...], subject: str) -> str:
        """Return the next framing, not the one in which the same person was seen just now."""
        start = self._turn + self.seed
        for step in range(len(framings)):
            framing = framings[(start + step) % len(framings)]
            last = self._last
            if last is None or last.framing != framing or (last.subject != subject and framing != "wide"):
                return framing
        return framings[start % len(framings)]

    def _listener(self, line: Line) -> str | None:
        """Return to whom a speech is said: the other speaker of the dialogue, else the narrator."""
        others = [who for who in self._talk if who != line.speaker]
        if others:
            return others[-1]
        narrator = self.script.narrator.id
        if line.speaker != narrator:
            return narrator
        return self._partner(line)

    def _partner(self, line: Line) -> str | None:
        """Return the person besides the narrator whom a line, or the talk before it, is about."""
        narrator = self.script.narrator.id
        near = [*line.shown, *self._named(line.text), *reversed(self._talk)]
        return next((who for who in near if who != narrator), None)

    def _counterpart(self, people: list[str]) -> str | None:
        narrator = self.script.narrator.id
        return next((who for who in (*people[1:], narrator) if who != people[0]), None)

    def _people(self, line: Line, beat: Beat) -> list[str]:
        """Return whom a beat of narration is about; those whom the script shows come first."""
        named = self._named(beat.text)
        shown = list(line.shown)
        mine = re.search(r"\b(?:I|me|my|mine|we|us|our)\b", beat.text) is not None
        people = list(dict.fromkeys([*named, *shown])) if named else shown
        if mine and not named and shown and beat.part:
            people = [self.script.narrator.id, *(p for p in shown if p != self.script.narrator.id)]
        return people

    def _named(self, text: str) -> list[str]:
        """Return the members whom a text names or calls by their role, in its order."""
        found = []
        for member in self.script.cast:
            if member.narrates:
                continue
            words = [w for w in (member.name, member.role) if w]
            places = [
                m.start() for w in words if (m := re.search(rf"\b{re.escape(w)}\b", text, re.IGNORECASE))
            ]
            if places:
                found.append((min(places), member.id))
        return [who for _, who in sorted(found)]

    def _moods(self, line: Line, subject: str, other: str | None) -> tuple[str, str]:
        """Return the moods of both people of a line of narration: one feels it, the other reacts."""
        narrator = self.script.narrator.id
        feeler = feeler_of(line.text)
        reacts = reaction_to(line.mood, line.text)

        def mood_of(who: str) -> str:
            if feeler == "other":
                return reacts if who == narrator else line.mood
            if feeler == "me" or who == narrator:
                return line.mood if who == narrator else reacts
            return line.mood if other is None else reacts

        return mood_of(subject), mood_of(other) if other else "neutral"


def _note_on(thing: str, line: Line, beat: Beat) -> str:
    """Return what is written on a thing: a message, an amount, a time."""
    if thing == "money":
        found = _AMOUNT.search(beat.text) or _AMOUNT.search(line.text)
        return found.group().rstrip(".,") if found else ""
    if thing == "clock":
        at = _TIME.search(beat.text)
        return at.group() if at else ""
    if line.is_speech:
        return line.text
    return message_in(line.text)
