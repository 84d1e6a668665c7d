"""Who speaks: splits sentences into narration and quotes, and finds the people of a story."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from gt_consumer.studio.text.people import EITHER, MEN, NOT_NAMES, ROLES, SAID, SAME

NARRATOR = "narrator"
_QUOTE = re.compile(r'"([^"]+)"')
_NAME = r"[A-Z][a-z]{2,}"


@dataclass(frozen=True)
class Person:
    """A person of the story. Sex is "f" or "m", age is "adult", "elder" or "old"."""

    key: str
    sex: str
    age: str


@dataclass(frozen=True)
class Segment:
    """Words that one voice says; `quote` means that they were in quotation marks."""

    text: str
    speaker: str = NARRATOR
    quote: bool = False


@dataclass
class Cast:
    """The people mentioned so far, and who "he" and "she" are."""

    persons: dict[str, Person] = field(default_factory=lambda: {NARRATOR: Person(NARRATOR, "f", "adult")})
    names: dict[str, str] = field(default_factory=dict)
    latest: dict[str, str] = field(default_factory=dict)
    last_speaker: str = NARRATOR
    other_speaker: str = NARRATOR
    subject: str = NARRATOR

    def meet(self, key: str, sex: str, age: str) -> str:
        """Note that a person is mentioned. Return the key."""
        person = self.persons.setdefault(key, Person(key, sex, age))
        self.latest[person.sex] = key
        return key

    def speaks(self, key: str) -> str:
        """Note who spoke, so that an answer without a name is given to the other one. Return the key."""
        if key != self.last_speaker:
            self.other_speaker, self.last_speaker = self.last_speaker, key
        return key

    def read_sexes(self, text: str) -> None:
        """Decide by the next pronoun whether someone in a role of either sex, such as a boss, is a woman."""
        for role in EITHER:
            votes = 0
            for match in re.finditer(
                rf"(^|[.!?\"] )?(\w+ )?\b{role}\b.{{0,140}}?\b(he|him|his|she|her)\b", text, re.IGNORECASE
            ):
                # If the role begins the sentence, the pronoun most likely refers to it.
                weight = 3 if match.group(1) is not None else 1
                votes += weight if match.group(3).lower() in {"she", "her"} else -weight
            if votes:
                key = SAME.get(role, role)
                self.persons[key] = Person(key, "f" if votes > 0 else "m", ROLES[role][1])

    def mentioned(self, text: str) -> list[str]:
        """Return the people of a text in order, also those meant by "he" and "she", but not the narrator."""
        found: list[str] = []
        for match in re.finditer(r"[A-Za-zé][A-Za-zé-]*", text):
            word = match.group()
            key = self._who(word, text, match.end())
            if key and key not in found:
                found.append(key)
        return found

    def _who(self, word: str, text: str, end: int) -> str | None:
        lower = word.lower()
        role = lower if lower in ROLES else lower.removesuffix("s") if text[end : end + 2] == "'s" else lower
        if role in ROLES:
            key = SAME.get(role, role)
            key = self.meet(key, *ROLES[role])
            named = re.match(rf"(?:,| named| called)? ({_NAME})\b", text[end:])
            if named and named.group(1).lower() not in NOT_NAMES:
                self.names[named.group(1)] = key
            return key
        if word in self.names:
            return self.meet(self.names[word], "f", "adult")
        sex = {"she": "f", "he": "m", "him": "m"}.get(lower)
        return self.latest.get(sex) if sex else None

    def speaker_of(self, near: str, after: bool) -> str | None:
        """Return who speaks by the words beside a quote, such as `my sister said` or `said Tom`.

        Parameters:
            near: the words before or after the quote
            after: whether they come after it
        """
        who = r"(?:my|the|his|her|our|a|an|this)?\s*(?:[a-zé-]+\s){0,2}?"
        if re.search(rf"\bI (?:[a-z]+ )?(?:{SAID})\b|\b(?:{SAID}) I\b", near):
            return NARRATOR
        patterns = (
            rf"({who}[A-Za-zé-]+) (?:[a-z]+ly |just |even |finally |then )?(?:{SAID})\b",
            rf"\b(?:{SAID}) ({who}[A-Za-zé-]+)",
        )
        for pattern in patterns:
            for match in re.finditer(pattern, near):
                if key := self._speaker(match.group(1).strip()):
                    return key
        people = self.mentioned(near)
        return (people[0] if after else people[-1]) if people else None

    def _speaker(self, phrase: str) -> str | None:
        people = self.mentioned(phrase)
        if people:
            return people[-1]
        name = phrase.split()[-1]
        if re.fullmatch(_NAME, name) and name.lower() not in NOT_NAMES:
            sex = "m" if name.lower() in MEN else "f"
            self.names[name] = name.lower()
            return self.meet(name.lower(), sex, "adult")
        return None


def _is_speech(inner: str, before: str) -> bool:
    """Whether a quote is speech, and not a title or a single word in quotation marks."""
    ends = inner.rstrip()[-1:] in ".,!?…"
    return ends or bool(re.search(rf"(?:[:,]|(?<!-)\b(?:{SAID}))\s*$", before))


def segments_of(sentence: str, cast: Cast, opens: bool = False) -> list[Segment]:
    """Split a sentence into narration and speech, each with its speaker.

    Without a name near it, a quote that opens a paragraph is the other person's answer; within a paragraph
    the subject of the sentence before it speaks.

    Parameters:
        cast: who was mentioned so far; it is updated
        opens: whether the sentence begins a paragraph
    """
    parts: list[Segment] = []
    end = 0
    for match in _QUOTE.finditer(sentence):
        before, after = sentence[end : match.start()], sentence[match.end() :].split('"')[0]
        if not _is_speech(match.group(1), sentence[: match.start()]):
            continue
        speaker = cast.speaker_of(after, True) if re.search(r"\w", after) else None
        if speaker is None and re.search(r"\w", before):
            speaker = (
                NARRATOR
                if re.search(r"\b[Ii]t (?:says|said|read)\b", before)
                else cast.speaker_of(before, False)
            )
        if speaker is None:
            speaker = cast.other_speaker if opens and not parts else cast.subject
        if re.search(r"\w", before):
            parts.append(Segment(before.strip()))
        parts.append(Segment(match.group(1).strip(), cast.speaks(speaker), True))
        cast.subject = speaker
        end = match.end()
    rest = sentence[end:].strip()
    if re.search(r"\w", rest):
        parts.append(Segment(rest))
    people = cast.mentioned(_QUOTE.sub("", sentence))
    if not any(p.quote for p in parts):
        starts_with_i = re.match(r"(?:I|We|My|So I|Then I|And I)\b(?! (?:boss|sister|mother))", sentence)
        cast.subject = (
            NARRATOR
            if starts_with_i and not sentence.startswith("My")
            else people[0]
            if people
            else cast.subject
        )
    return parts


def narrator_sex(text: str) -> str:
    """Return the narrator's sex by `I (28M)` and the like; "f" by default, because the voice is female."""
    match = re.search(r"\b(?:I|I'm|me|my)\b,? ?[\[(]?(?:\d{2} ?([FfMm])|([FfMm]) ?\d{2})\b", text)
    if match:
        return (match.group(1) or match.group(2)).lower()
    return (
        "m"
        if re.search(r"\bmy (?:wife|girlfriend|fiancée)\b|\bI'm a (?:guy|man|dad)\b", text, re.IGNORECASE)
        else "f"
    )
