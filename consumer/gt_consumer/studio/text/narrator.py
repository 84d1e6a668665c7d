"""Whether a woman or a man tells a story that does not say so in brackets."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from gt_consumer.studio.text.names import is_first_name, sex_of_name
from gt_consumer.studio.text.people import Sex
from gt_consumer.studio.text.quotes import VOCATIVE

if TYPE_CHECKING:
    from gt_consumer.studio.text.cast import Cast
    from gt_consumer.studio.text.dialogue import Reading

_FEMALE: Final = re.compile(
    r"\bI(?:'m| am| was) (?:a|an|the|their|his|her|your)(?: \w+){0,2} (?:woman|girl|mom|mother|wife|"
    r"daughter|sister|bride|"
    r"grandmother|aunt|lady|bridesmaid|waitress|stepmom)\b|\bas a (?:woman|girl|mother|mom)\b|\b[Mm]y "
    r"(?:ex-)?(?:husband|boyfriend|"
    r"fiancé)\b|\bDH\b|\b(?:my|our) BF\b|\bI (?:was|am|got|gave|got) (?:\w+ )?(?:pregnant|birth)\b|"
    r"\b[Mm]y (?:pregnancy|wedding dress|"
    r"water broke|maternity|period|bridesmaids)\b"
)
_MALE: Final = re.compile(
    r"\bI(?:'m| am| was) (?:a|an|the|their|his|her|your)(?: \w+){0,2} (?:man|guy|boy|dad|father|husband|"
    r"son|brother|groom|"
    r"grandfather|uncle|dude|stepdad|bachelor)\b|\bas a (?:man|guy|father|dad)\b|\b[Mm]y "
    r"(?:ex-)?(?:wife|girlfriend|fiancée)\b|"
    r"\bDW\b|\b[Mm]y GF\b|\bmy beard\b|\bbest man at\b"
)
_MY_NAME: Final = re.compile(r"\b(?:[Mm]y name(?:'s| is)|I(?:'m| am)) ([A-Z][a-z]+)\b")
_ADDRESSED: Final = re.compile(
    r"(?:^|[,.!?] ?)(?:(?:And|But|So|Yes|No|Well|Now) )?(?:"
    r"(Miss|Mrs\.?|Ms\.?|ma'am|Ma'am|young lady|Madam|missy)|(Mr\.?|sir|Sir|young man|"
    r"son|mister|dude|bro|man))"
    r"(?=[,.!?]| [A-Z]|$)"
)


def sex_of_narrator(title: str, readings: Sequence[Reading], cast: Cast) -> Sex | None:
    """Return the narrator's sex by partners and words for oneself, else by how others address them."""
    told = title + " " + " ".join(re.sub(r'"[^"]*"', " ", reading.text) for reading in readings)
    women, men = len(_FEMALE.findall(told)), len(_MALE.findall(told))
    if women != men:
        return "female" if women > men else "male"
    for name in _MY_NAME.findall(told):
        if is_first_name(name) and (sex := sex_of_name(name)) is not None:
            return sex
    return _by_address(readings, cast)


def _by_address(readings: Sequence[Reading], cast: Cast) -> Sex | None:
    """Return the sex by "Miss" and by a name that only others use, to the narrator."""
    votes = 0
    said = [part for reading in readings for part in reading.parts if part.quote]
    for number, part in enumerate(said):
        answer = next((p.speaker for p in said[number + 1 : number + 4] if p.speaker != part.speaker), 0)
        if part.speaker == 0 or answer != 0:
            continue  # to somebody else, who answers
        for match in _ADDRESSED.finditer(part.text):
            votes += 1 if match.group(1) else -1
        for match in re.finditer(r"(?:^|, )([A-Z]\w+)(?=[,.!?]|$)", part.text):
            if cast.find_name(match.group(1)) is None:
                sex = sex_of_name(match.group(1))
                votes += {"female": 2, "male": -2}.get(sex or "", 0)
    return "female" if votes > 0 else "male" if votes < 0 else None


def name_the_addressed(readings: Sequence[Reading], cast: Cast) -> None:
    """Name somebody whom the other of two who talk calls by a name: "Good morning, Marcus"."""
    said = [(part.speaker, part.text) for reading in readings for part in reading.parts if part.quote]
    for number, (speaker, text) in enumerate(said):
        match = VOCATIVE.search(text)
        if not match or not is_first_name(match.group(1)) or cast.find_name(match.group(1)) is not None:
            continue
        near = [
            who for who, _ in (*reversed(said[max(0, number - 3) : number]), *said[number + 1 : number + 3])
        ]
        addressed = next((who for who in near if who != speaker), None)
        if addressed and cast.persons[addressed].name is None:
            sex = sex_of_name(match.group(1))
            if cast.sex_of(addressed) in {None, sex} or sex is None:
                cast.persons[addressed].name = match.group(1)
