"""The people of a story as members of a script."""

from __future__ import annotations

import re
from collections.abc import Iterable

from gt_consumer.studio.script.model import Member
from gt_consumer.studio.script.words import NARRATOR
from gt_consumer.studio.text.cast import Cast
from gt_consumer.studio.text.names import plain
from gt_consumer.studio.text.persons import ME, age_of


def members_of(cast: Cast, needed: Iterable[int]) -> dict[int, Member]:
    """Return members of a script for the narrator and some people, by their index."""
    members: dict[int, Member] = {}
    used: set[str] = set()
    for who in sorted({ME, *needed}):
        person = cast.persons[who]
        members[who] = Member(
            id=_id(cast, who, used),
            name=person.name,
            role=NARRATOR if who == ME else person.role,
            sex=cast.sex_by_votes(who) or "unknown",
            age=age_of(person, cast.persons[ME]),
        )
    return members


def _id(cast: Cast, who: int, used: set[str]) -> str:
    person = cast.persons[who]
    words = NARRATOR if who == ME else person.name or person.role or "person"
    if who != ME and not person.name and person.owner not in {None, ME} and person.role in used:
        owner = cast.persons[person.owner or ME]
        words = f"{owner.name or owner.role}-{words}"
    base = re.sub(r"[^\w.'-]+", "-", plain(words)).strip("-.") or "person"
    key, count = base, 2
    while key in used:
        key, count = f"{base}-{count}", count + 1
    used.add(key)
    return key[:60]
