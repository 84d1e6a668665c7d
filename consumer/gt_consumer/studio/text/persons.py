"""A person of a story, and what relations are to each other."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final, get_args

from gt_consumer.studio.script.model import Age
from gt_consumer.studio.text.names import sex_of_name
from gt_consumer.studio.text.people import TITLES, Sex, roles

ME: Final = 0
"""Index of the narrator."""
# Roles that one person may have one after the other.
ALIKE: Final = (
    frozenset({"husband", "boyfriend", "fiancé", "partner", "groom"}),
    frozenset({"wife", "girlfriend", "fiancée", "partner", "bride"}),
    frozenset({"landlord", "landlady"}),
    frozenset({"man", "guy", "gentleman", "dude", "bloke", "fella"}),
    frozenset({"woman", "lady"}),
    frozenset({"boss", "manager", "supervisor"}),
)
# Whom a relation of a relation is to the narrator.
IN_LAW: Final = {
    "mother": "mother-in-law",
    "father": "father-in-law",
    "sister": "sister-in-law",
    "brother": "brother-in-law",
}
CHAIN: Final = {
    **{
        (partner, near): far
        for partner in ("husband", "wife", "boyfriend", "girlfriend", "fiancé", "fiancée")
        for near, far in IN_LAW.items()
    },
    ("mother-in-law", "son"): "husband",
    ("father-in-law", "son"): "husband",
    ("mother-in-law", "daughter"): "sister-in-law",
    ("father-in-law", "daughter"): "sister-in-law",
    ("mother-in-law", "husband"): "father-in-law",
    ("father-in-law", "wife"): "mother-in-law",
    ("mother", "husband"): "father",
    ("father", "wife"): "mother",
    ("sister", "mother"): "mother",
    ("sister", "father"): "father",
    ("brother", "mother"): "mother",
    ("brother", "father"): "father",
    ("aunt", "husband"): "uncle",
    ("uncle", "wife"): "aunt",
    ("daughter", "brother"): "son",
    ("son", "sister"): "daughter",
    ("daughter", "father"): "husband",
    ("son", "father"): "husband",
}
GENERIC: Final = frozenset(
    "man woman guy lady boy girl gentleman dude kid child baby person stranger".split()
)
CHILD_WORDS: Final = frozenset(
    "boy girl brother sister son daughter child kid baby niece nephew cousin toddler".split()
)
_YEARS_OF_PARENTS = 27


@dataclass
class Person:
    """A person while the story is read; becomes a `Member`.

    Parameters:
        born: sentence and character of the first mention, which tell the person in another reading
        roles: what the person is called, newest last
        owner: index of the person whose sister, boss … this is; None if nobody's or unknown
        votes: pronouns that were taken for the person, women's minus men's
    """

    born: tuple[int, int]
    name: str | None = None
    roles: list[str] = field(default_factory=list)
    owner: int | None = None
    sex: Sex | None = None
    age: int | Age | None = None
    votes: int = 0
    mentions: int = 0
    speaks: bool = False

    @property
    def role(self) -> str:
        """Return the last role that says more than man, woman or child."""
        telling = [role for role in self.roles if role not in GENERIC]
        return (telling or self.roles or [""])[-1]


FAMILY_OF_ME: Final = frozenset(
    """mother father mother-in-law father-in-law sister-in-law brother-in-law daughter-in-law grandmother
    grandfather husband wife daughter son boyfriend girlfriend partner stepdaughter stepson""".split()
)
"""Roles that are the narrator's without "my": "Mom called"."""


def sex_of_full_name(name: str) -> Sex | None:
    """Return the sex by the first name of a full name; None if it does not say."""
    first = next((part for part in re.split(r"[\s.]+", name) if part.lower() not in TITLES), "")
    return sex_of_name(first)


def age_of(person: Person, me: Person) -> Age | float:
    """Return the age in years or as a group: as stated, else by the role and the narrator's age."""
    if person.age is not None:
        return person.age
    if person is me:
        return "young"
    group = next(
        (roles()[r].age for r in reversed(person.roles) if r in roles()), "adult" if person.roles else "young"
    )
    if group == "parent" and person.owner == ME and isinstance(me.age, int):
        return "old" if me.age + _YEARS_OF_PARENTS >= 60 else "adult"
    return _AGES.get(group, "young")


_AGES: Final[dict[str, Age]] = {
    **{age: age for age in get_args(Age)},
    "parent": "adult",
    "aunt": "adult",
    "peer": "young",
    "offspring": "child",
    "grandchild": "child",
}
