"""Of whom words tell that do not name anybody new: "Walter was a small man", "asked Benny, the new guy"."""

from __future__ import annotations

import re
from typing import Final, Protocol

from gt_consumer.studio.text.clauses import is_subject_at
from gt_consumer.studio.text.found import Found
from gt_consumer.studio.text.mentions import Mention
from gt_consumer.studio.text.names import sex_of_name
from gt_consumer.studio.text.people import TITLES, Role, Sex
from gt_consumer.studio.text.persons import ME, Person

_JUST_MENTIONED: Final = 0.11  # in focus: the object of a clause two sentences ago
_SAID_BY: Final = re.compile(r"\b(?:said|asked|replied|answered|whispered|shouted)\s+$")
_NEAREST: Final = frozenset(
    "husband wife boyfriend girlfriend fiancé fiancée partner sister brother son daughter roommate".split()
)
"""Who is mostly called by name, also where no name was told."""


class People(Protocol):
    """What is known of the people so far: the part of `Cast` that is needed here."""

    persons: list[Person]
    focus: dict[int, float]
    here: int
    pending_until: int

    def learn(self, who: int, mention: Mention, text: str) -> None:
        """Take over what the words around a mention say."""

    def sex_of(self, who: int) -> Sex | None:
        """Return the sex by role, brackets, title or name; None if unknown."""


def described(cast: People, mention: Mention, text: str, before: list[Found]) -> int | None:
    """Return whom "a small man" describes: "Walter was a small man", "the dishwasher, an old guy"."""
    start = mention.start
    if (
        mention.owner != "a"
        and not re.search(r"\bI(?:'m| am| was) $", text[:start])
        and not _is_apposition(cast, mention, text, before)
    ):
        return None
    if before and before[-1].who is not None:
        last, who = before[-1].mention, before[-1].who
        between = text[last.end : start]
        if last.kind == "pronoun" and text[: last.end].endswith(("'s", "’s")) and not between.strip():
            return who  # "He's a grumpy man"
        if re.fullmatch(
            r",? (?:is|was|'s|am|were|has been|had been|became|who is|who was) (?:\w+ )?|"
            r"(?: (?:on|in|at|from|behind|of)(?: \w+){1,3})?, ",
            between,
        ):
            return who
        if (
            last.kind == "narrator"
            and re.fullmatch(r"(?: am| was| work as| worked as| used to be)? ?", between)
            and (between.strip() or last.word == "i'm")
        ):
            return who
    return None


def _is_apposition(cast: People, mention: Mention, text: str, before: list[Found]) -> bool:
    """Whether "the new guy" only says who somebody named is: "asked Benny, the new guy"."""
    if mention.owner != "the" or mention.name or not before or before[-1].mention.kind != "name":
        return False
    who = before[-1].who
    return (
        text[before[-1].mention.end : mention.start] == ", "
        and re.match(r"\s*(?:$|[.,;!?]|who\b|that\b)", text[mention.end :]) is not None
        and who is not None
        and not cast.persons[who].roles
    )


def describe(cast: People, who: int, mention: Mention, role: Role) -> None:
    """Take over what a description says of a person."""
    person = cast.persons[who]
    if role.sex != "unknown" and person.sex in {None, "unknown"}:
        person.sex = role.sex
    if mention.name and person.name is None:
        person.name = mention.name
    if who != ME and role.name not in person.roles:
        person.roles.insert(0, role.name)
    cast.learn(who, mention, "")


def unintroduced(cast: People, mention: Mention, text: str) -> int | None:
    """Return whom a name that nobody introduces means: Jamie is the husband who was just told of it."""
    name = (mention.name or "").split()[0]
    if (
        cast.here <= cast.pending_until
        or mention.possessive
        or mention.inside
        or name.rstrip(".").lower() in TITLES
    ):
        return None
    sex = sex_of_name(name)
    near = [
        who
        for who, weight in cast.focus.items()
        if weight >= _JUST_MENTIONED
        and cast.persons[who].owner == ME
        and cast.persons[who].role in _NEAREST
        and cast.persons[who].name is None
        and (sex is None or cast.sex_of(who) in {sex, None})
    ]
    acts = is_subject_at(text, mention) or _SAID_BY.search(text[: mention.start]) is not None
    return near[0] if len(near) == 1 and acts else None
