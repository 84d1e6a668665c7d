"""The script of a video: what is said by whom, in which mood, where, and how it is shown.

A script is made from a story, or read from a `script.json` that somebody may have edited; everything after it
(voice, pictures, captions) depends on the script alone.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from typing import Annotated, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator, model_validator

from gt_consumer.studio.script.words import (
    ACTS,
    AGES,
    AUTO,
    FRAMINGS,
    INSERT,
    INSERTS,
    KINDS,
    MOODS,
    NARRATOR,
    PLACES,
    SEXES,
)

Age = Literal["child", "teen", "young", "adult", "old"]
MAX_AGE = 120
MAX_TITLE = 500
"""Characters; Reddit allows 300."""
MAX_LINE = 4000
"""Characters; far more than a spoken line has."""
# Years from which on a person belongs to the next group.
_FROM_YEARS = ((13, "child"), (18, "teen"), (35, "young"), (60, "adult"), (MAX_AGE + 1, "old"))
_YEARS: dict[str, int] = {"child": 8, "teen": 15, "young": 27, "adult": 48, "old": 72}


def _word_of(words: Sequence[str]) -> BeforeValidator:
    def check(value: object) -> object:
        if value not in words:
            raise ValueError(_not_one_of(str(value), words))
        return value

    return BeforeValidator(check)


def _not_one_of(value: str, words: Sequence[str]) -> str:
    close = get_close_matches(value.lower(), words, n=1)
    hint = f"; did you mean {close[0]!r}?" if close else ""
    return f"{value[:40]!r} is not one of {', '.join(words)}{hint}"


def _age(value: object) -> object:
    whole = isinstance(value, int | float) and not isinstance(value, bool)
    if value in AGES or (whole and 0 <= float(value) <= MAX_AGE):  # type: ignore[arg-type]  # a number
        return value
    raise ValueError(f"{str(value)[:40]!r} is neither a number of years nor one of {', '.join(AGES)}")


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class Member(_Part):
    """A person of the story.

    Parameters:
        id: names the person in lines and shots
        name: as the story calls the person; None if it gives no name
        role: what the person is to the narrator, such as "sister"; "narrator" for the one who tells the story
        age: years, or a group of ages where the story gives no number
        voice: a voice, or "auto" for the studio's choice
    """

    id: str = Field(min_length=1, max_length=60, pattern=r"^[\w.'-]+$")
    name: str | None = Field(default=None, max_length=100)
    role: str = Field(default="", max_length=60)
    sex: Annotated[Literal["female", "male", "unknown"], _word_of(SEXES)] = "unknown"
    age: Annotated[int | float | Age, BeforeValidator(_age)] = "young"
    voice: str = Field(default=AUTO, min_length=1, max_length=200)

    @property
    def years(self) -> float:
        """Return the age in years; of a group of ages, its middle."""
        return self.age if isinstance(self.age, int | float) else _YEARS[self.age]

    @property
    def age_group(self) -> str:
        """Return the group of ages that the person belongs to, one of `AGES`."""
        return next(group for below, group in _FROM_YEARS if self.years < below)

    @property
    def narrates(self) -> bool:
        """Whether this is the narrator."""
        return self.role == NARRATOR


class Line(_Part):
    """Words that one person says without a break, and what is seen meanwhile.

    Parameters:
        n: number of the line, from 1; reading a script numbers the lines again
        act: one of `ACTS`
        kind: "speech" is said by a person within the story
        speaker: id of a member of the cast; of narration, the narrator
        mood: one of `MOODS`
        place: one of `PLACES`
        shot: a framing with its people (`close:ID`, `two:ID+ID`), `insert:THING`, or "auto"
    """

    n: int = Field(default=0, ge=0)
    act: Annotated[str, _word_of(ACTS)] = "build"
    kind: Annotated[Literal["narration", "speech"], _word_of(KINDS)] = "narration"
    speaker: str
    text: str = Field(max_length=MAX_LINE)
    mood: Annotated[str, _word_of(MOODS)] = "neutral"
    place: Annotated[str, _word_of(PLACES)] = "room"
    shot: str = AUTO

    @field_validator("text", mode="after")
    @classmethod
    def _has_words(cls, text: str) -> str:
        if not any(c.isalnum() for c in text):
            raise ValueError("has no words")
        return " ".join(text.split())

    @field_validator("shot", mode="after")
    @classmethod
    def _is_a_shot(cls, shot: str) -> str:
        framing, _, rest = shot.partition(":")
        if shot == AUTO:
            return shot
        if framing == INSERT:
            if rest not in INSERTS:
                raise ValueError(_not_one_of(rest, INSERTS))
        elif framing not in FRAMINGS:
            raise ValueError(_not_one_of(framing, (*FRAMINGS, INSERT, AUTO)))
        elif len([p for p in rest.split("+") if p]) != FRAMINGS[framing]:
            how = "+".join(["ID"] * FRAMINGS[framing])
            raise ValueError(f"{shot[:40]!r} must name who is shown, as {framing}:{how}")
        return shot

    @property
    def is_speech(self) -> bool:
        """Whether a person within the story says it."""
        return self.kind == "speech"

    @property
    def framing(self) -> str:
        """Return the framing of the shot, "insert" or "auto"."""
        return self.shot.partition(":")[0]

    @property
    def shown(self) -> tuple[str, ...]:
        """Return the ids of the people whom the shot shows; empty for an insert and for "auto"."""
        framing, _, rest = self.shot.partition(":")
        return tuple(rest.split("+")) if framing in FRAMINGS else ()

    @property
    def insert(self) -> str | None:
        """Return the thing that fills the picture; None in other shots."""
        framing, _, rest = self.shot.partition(":")
        return rest if framing == INSERT else None


class Script(_Part):
    """A script: the title, which is spoken first, the people and the lines."""

    schema_version: Literal[1] = Field(default=1, alias="schema")
    title: str = Field(max_length=MAX_TITLE)
    cast: tuple[Member, ...]
    lines: tuple[Line, ...]

    @field_validator("title", mode="after")
    @classmethod
    def _one_line(cls, title: str) -> str:
        if not any(c.isalnum() for c in title):
            raise ValueError("the title has no words")
        return " ".join(title.split())

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if not self.lines:
            raise ValueError("there are no lines")
        counts = Counter(member.id for member in self.cast)
        if twice := [name for name, count in counts.items() if count > 1]:
            raise ValueError(f"two members of the cast have the id {twice[0]!r}")
        if sum(member.narrates for member in self.cast) != 1:
            raise ValueError(f"exactly one member of the cast must have the role {NARRATOR!r}")
        for number, line in enumerate(self.lines, 1):
            for who in (line.speaker, *line.shown):
                if who not in counts:
                    raise ValueError(f"line {number}: {_not_one_of(who, tuple(counts))} (the cast)")
            if line.kind == "narration" and line.speaker != self.narrator.id:
                raise ValueError(f"line {number}: narration is spoken by the narrator, not {line.speaker!r}")
        return self

    @property
    def narrator(self) -> Member:
        """Return the member who tells the story."""
        return next(member for member in self.cast if member.narrates)

    def member(self, name: str) -> Member:
        """Return the member with an id."""
        return next(member for member in self.cast if member.id == name)

    @property
    def word_count(self) -> int:
        """Return the number of spoken words, including the title's."""
        return count_words([self.title, *(line.text for line in self.lines)])


def count_words(texts: Iterable[str]) -> int:
    """Return how many words of some texts are spoken: those with a letter or a digit."""
    return sum(any(c.isalnum() for c in word) for text in texts for word in text.split())


def numbered(lines: Iterable[Line]) -> tuple[Line, ...]:
    """Return lines with their numbers, from 1."""
    return tuple(line.model_copy(update={"n": n}) for n, line in enumerate(lines, 1))


def continues(line: Line, following: Line) -> bool:
    """Whether a line continues the sentence of the one before it, as `I asked.` does after a quote."""
    if line.is_speech == following.is_speech:
        return False
    if line.text[-1] not in ".!?…" or following.text[0].islower():
        return True
    return line.is_speech and count_words([following.text]) <= _ATTRIBUTION_WORDS and line.text[-1] in "?!"


_ATTRIBUTION_WORDS = 3
