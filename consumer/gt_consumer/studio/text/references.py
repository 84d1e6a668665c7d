"""Names who "she" is where the sentence that said so is not told: "She left" becomes "My sister left"."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from gt_consumer.studio.script.model import count_words
from gt_consumer.studio.text.cast import Cast
from gt_consumer.studio.text.dialogue import Reading
from gt_consumer.studio.text.persons import ME

_PRONOUN: Final = re.compile(
    r"^(And then |And |But then |But |So then |So |Then |Now )?(He|She|he|she|His|Her|his|her)\b(?!')"
)
_FAR: Final = 1  # sentences after which a listener no longer knows who "she" is


def with_names(readings: Sequence[Reading], cast: Cast, follows: Sequence[bool], spare: int) -> list[Reading]:
    """Return the told sentences with the person named where "he" or "she" would mean somebody else.

    Parameters:
        readings: what is told, in order
        follows: whether the sentence before it in the story is told, too
        spare: words that names may add
    """
    done: list[Reading] = []
    known: dict[str, int] = {}
    since: dict[int, int] = {}
    for number, reading in enumerate(readings):
        changed = reading
        match = (
            _PRONOUN.match(reading.parts[0].text) if reading.parts and not reading.parts[0].quote else None
        )
        if match and not follows[number] and reading.pronouns:
            who = _meant(match.group(2), reading, cast)
            sex = "male" if match.group(2).lower() in {"he", "his"} else "female"
            if who is not None and (known.get(sex) != who or number - since.get(who, -9) > _FAR):
                named = _named(reading, match, who, cast)
                more = count_words([named.parts[0].text]) - count_words([reading.parts[0].text])
                if more <= spare:
                    changed, spare = named, spare - more
        done.append(changed)
        for who in (*reading.people, *(part.speaker for part in reading.parts if part.quote)):
            if who != ME and (sex_of := cast.sex_by_votes(who)):
                known[sex_of], since[who] = who, number
        if reading.subject and (sex_of := cast.sex_by_votes(reading.subject)):
            known[sex_of] = reading.subject
    return done


def _meant(pronoun: str, reading: Reading, cast: Cast) -> int | None:
    sex = "male" if pronoun.lower() in {"he", "his"} else "female"
    fitting = [who for who in reading.pronouns if cast.sex_by_votes(who) == sex]
    if pronoun.lower() in {"he", "she"} and reading.subject in fitting:
        return reading.subject
    return fitting[0] if fitting else None


def _named(reading: Reading, match: re.Match[str], who: int, cast: Cast) -> Reading:
    name = called(who, cast)
    if name is None:
        return reading
    before = match.group(1) or ""
    owns = match.group(2).lower() in {"his", "her"}
    text = reading.parts[0].text
    told = (
        before
        + (name if before else name[:1].upper() + name[1:])
        + ("'s" if owns else "")
        + text[match.end() :]
    )
    parts = (replace(reading.parts[0], text=told), *reading.parts[1:])
    return replace(reading, parts=parts)


def called(who: int, cast: Cast) -> str | None:
    """Return how the narrator calls a person: "Dana", "my sister", "the nurse"; None without words."""
    person = cast.persons[who]
    if person.name:
        return person.name
    if not person.role:
        return None
    return f"my {person.role}" if person.owner == ME else f"the {person.role}"
