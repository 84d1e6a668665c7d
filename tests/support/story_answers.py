"""Stories with answers made by hand: who speaks each quote, who is who, where each scene is.

The answers lie beside the stories as TOML: `people` (found by name or role), `speakers` (the beginning of
each quote, in order), `not_speech` (words in quotation marks that nobody says), `places` (a sentence of each
scene).
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gt_consumer.studio.script.model import Member
from gt_consumer.studio.text.analysis import Analysis, analyse
from gt_consumer.studio.text.members import members_of
from gt_consumer.studio.text.script import read_story
from gt_consumer.studio.text.story import load_story

FOLDER = Path(__file__).parent / "samples" / "stories"
STORIES = sorted(FOLDER.glob("*.md"))
MORE = sorted((FOLDER.parent / "more_stories").glob("*.md"))
"""Stories with which rules were tried that nobody had made with them, and then improved."""
UNSEEN = sorted((FOLDER.parent / "unseen_stories").glob("*.md"))
"""Stories that no rule was ever made for: what the rules are worth. Nothing is to be improved by them."""
KINDS = ("people", "ages", "speakers", "places")


@dataclass
class Score:
    """Right answers and questions of each kind, and what was wrong."""

    right: dict[str, int] = field(default_factory=lambda: dict.fromkeys(KINDS, 0))
    asked: dict[str, int] = field(default_factory=lambda: dict.fromkeys(KINDS, 0))
    wrong: list[str] = field(default_factory=list)

    def note(self, kind: str, what: str, *, right: bool) -> None:
        """Note one answer."""
        self.asked[kind] += 1
        self.right[kind] += right
        if not right:
            self.wrong.append(f"{kind}: {what}")

    def add(self, other: Score, name: str) -> None:
        """Add the score of a story."""
        for kind in KINDS:
            self.right[kind] += other.right[kind]
            self.asked[kind] += other.asked[kind]
        self.wrong += [f"{name}: {line}" for line in other.wrong]


def score_of(story: Path) -> Score:
    """Compare the analysis of a story with the answers beside it."""
    answers = tomllib.loads(story.with_suffix(".toml").read_text())
    sentences, title = read_story(load_story(story.as_uri(), [story.parent]))
    analysis = analyse(title, sentences)
    members = members_of(analysis.cast, range(len(analysis.cast.persons)))
    score = Score()
    _people(score, answers["people"], analysis, members)
    _speakers(score, answers, analysis, members)
    _places(score, answers["places"], analysis)
    return score


def _is(analysis: Analysis, who: int, wanted: str) -> bool:
    person = analysis.cast.persons[who]
    if wanted == "narrator":
        return who == 0
    return wanted in person.roles or wanted.lower() in (person.name or "").lower()


def _people(
    score: Score, asked: list[dict[str, Any]], analysis: Analysis, members: dict[int, Member]
) -> None:
    for person in asked:
        found = [member for who, member in members.items() if _is(analysis, who, person["who"])]
        score.note("people", f"{person} is {found}", right=any(m.sex == person["sex"] for m in found))
        if "age" in person:
            fits = any(person["age"] in (member.age, member.age_group) for member in found)
            score.note("ages", f"{person} is {found}", right=fits)


def _speakers(score: Score, answers: dict[str, Any], analysis: Analysis, members: dict[int, Member]) -> None:
    quotes = [part for reading in analysis.readings for part in reading.parts if part.quote]
    at = 0
    for words, speaker in answers["speakers"]:
        wanted = _plain(words.split('"')[0]).rstrip(".,")
        number = next((n for n in range(at, len(quotes)) if wanted in _plain(quotes[n].text)), None)
        if number is None:
            score.note("speakers", f"{words!r} is not speech", right=False)
            continue
        said_by = quotes[number].speaker
        right = _is(analysis, said_by, speaker)
        score.note("speakers", f"{words!r} is said by {members[said_by].id}, not {speaker}", right=right)
        at = number if len(_plain(quotes[number].text)) > len(wanted) + 6 else number + 1
    for words in answers.get("not_speech", []):
        spoken = any(_plain(words) in _plain(q.text) and len(q.text) < len(words) + 4 for q in quotes)
        score.note("speakers", f"{words!r} is not said", right=not spoken)


def _places(score: Score, asked: list[list[str]], analysis: Analysis) -> None:
    for words, place in asked:
        wanted = _plain(words.split('"')[0]).strip().rstrip(".")
        begins = re.split(r"(?<!mr)(?<!mrs)\. ", wanted)[0]
        number = next((n for n, r in enumerate(analysis.readings) if begins in _plain(r.text)), None)
        found = None if number is None else analysis.places[number]
        score.note("places", f"{words!r} is at {found}, not {place}", right=found == place)


def _plain(text: str) -> str:
    return re.sub(r"\s+", " ", text).lower()
