"""The people of a story: who is who, sex and age, and whom "he" and "she" mean."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from gt_consumer.studio.script.words import NARRATOR
from gt_consumer.studio.text.ages import group_of, tag_of, years_after, years_in
from gt_consumer.studio.text.clauses import is_nobody, is_subject_at
from gt_consumer.studio.text.descriptions import describe, described, unintroduced
from gt_consumer.studio.text.found import Found, loose_tags
from gt_consumer.studio.text.mentions import PRONOUNS, Mention, NameBook, mentions_of
from gt_consumer.studio.text.names import sex_of_name
from gt_consumer.studio.text.people import TITLES, Role, Sex, role_of, roles
from gt_consumer.studio.text.persons import (
    ALIKE,
    CHAIN,
    CHILD_WORDS,
    FAMILY_OF_ME,
    GENERIC,
    IN_LAW,
    ME,
    Person,
    sex_of_full_name,
)

_DECAY, _SUBJECT, _OBJECT, _OWNER, _OWNER_FIRST, _MOST = 0.5, 1.0, 0.45, 0.25, 0.7, 1.25
_FLOOR, _MOST_FLOOR, _AT_PARAGRAPHS = 0.015, 0.12, 3.0  # how much somebody mentioned often stays in focus
_UNKNOWN_SEX, _UNKNOWN_SEX_ACTING, _SPOKE = 0.45, 0.85, 0.15
_NAME_IS: Final = re.compile(r"\b(her|his) name (?:is|was) $", re.IGNORECASE)


@dataclass
class Cast:
    """The people mentioned so far, and how much in focus each is.

    Parameters:
        names: which words are names
        sexes: what another reading of the story has found out, by where each person is first mentioned
    """

    names: NameBook
    sexes: Mapping[tuple[int, int], Sex] = field(default_factory=dict)
    persons: list[Person] = field(default_factory=lambda: [Person((-1, 0), roles=[NARRATOR])])
    focus: dict[int, float] = field(default_factory=dict)
    here: int = 0
    pending: Role | None = None
    pending_until: int = -1
    acting: int | None = None
    _lasting: float = 1.0
    _speech: bool = False

    # What a sentence does

    def read(self, number: int, text: str, *, opens: bool = False) -> list[Found]:
        """Read a sentence without its quotes; return its mentions with the people they mean.

        Parameters:
            opens: whether it begins a paragraph, in which "he" is rather whom the whole story is about
        """
        self.here = number
        self._speech = '""' in text
        self._lasting = _AT_PARAGRAPHS if opens else 1
        decay = _DECAY * (_DECAY if opens else 1)
        self.focus = {person: weight * decay for person, weight in self.focus.items()}
        found: list[Found] = []
        mentions = mentions_of(text, self.names)
        subject_of_clause: int | None = None
        acted: int | None = None
        for mention in mentions:
            is_subject = is_subject_at(text, mention)
            who = self._resolve(mention, text, subject_of_clause, found, is_subject=is_subject)
            found.append(Found(mention, who, is_subject))
            if who is None:
                continue
            if is_subject:
                subject_of_clause = who
                acted = who if who != ME else acted
            self.persons[who].mentions += 1
            if who != ME:
                weight = _SUBJECT if is_subject else _OBJECT
                if mention.possessive:  # more for "Dad's speech came back" than for "I took Dad's keys"
                    weight = _OWNER if mention.start else _OWNER_FIRST
                self.focus[who] = min(_MOST, self.focus.get(who, 0.0) + weight)
        self.acting = acted
        for who, years, sex in loose_tags(text, found):
            person = self.persons[who]
            person.age, person.sex = years, sex or person.sex
        return found

    def leave_title(self) -> None:
        """Forget who is in focus: what the title says is not where the story begins."""
        self.focus.clear()
        self.acting = None

    def attend(self, who: int, weight: float = _SUBJECT) -> None:
        """Put a person into focus, such as one who has spoken."""
        if who != ME:
            self.focus[who] = min(_MOST, self.focus.get(who, 0.0) + weight)

    def stranger(self, mention: Mention) -> int:
        """Return a new person for a "he" or "she" of whom nothing else is known."""
        sex = PRONOUNS[mention.word]
        return self._new(mention, role="woman" if sex == "female" else "man", sex=sex)

    def in_focus(self, *without: int) -> int | None:
        """Return the person in focus other than some."""
        free = {who: weight for who, weight in self.focus.items() if who not in without and weight > _FLOOR}
        return max(free, key=lambda who: free[who]) if free else None

    # Who is meant

    def _resolve(
        self,
        mention: Mention,
        text: str,
        subject: int | None,
        before: list[Found],
        *,
        is_subject: bool,
    ) -> int | None:
        if mention.kind == "narrator":
            self.learn(ME, mention, text)
            return ME
        if mention.kind == "pronoun":
            who = self._by_pronoun(mention, subject, before, is_subject=is_subject)
            then = re.search(r"\b(?:when|since|until|before|after|till)\s+$", text[: mention.start])
            if who is not None and is_subject and not then:
                is_short = text[: mention.end].endswith(("'s", "’s"))  # "He's ninety-one"
                years = years_after(("'s" if is_short else "") + text[mention.end :])
                if years is not None and not isinstance(self.persons[who].age, int):
                    self.persons[who].age = years
            return who
        if mention.kind == "name":
            who = self._by_name(mention, text, before)
        else:
            who = self._by_role(mention, text, before)
        if who is not None:
            self.learn(who, mention, text)
        return who

    def _by_pronoun(
        self, mention: Mention, subject: int | None, before: list[Found], *, is_subject: bool
    ) -> int | None:
        sex = PRONOUNS[mention.word]
        scores: dict[int, float] = {}
        for who, person in enumerate(self.persons):
            known = self.sex_by_votes(who)
            if who == ME or known not in {sex, None}:
                continue
            weight = self.focus.get(who, 0.0) + self._lasting * min(_MOST_FLOOR, _FLOOR * person.mentions)
            if self._speech and person.speaks:
                weight += _SPOKE
            unknown = _UNKNOWN_SEX_ACTING if who == self.acting else _UNKNOWN_SEX
            scores[who] = weight * (1.0 if known == sex else unknown)
            if who == self.acting and is_subject:
                scores[who] += 0.35
        last_subject = next(
            (f.who for f in reversed(before) if f.who not in {None, ME} and not f.mention.possessive), None
        )
        if not is_subject and not mention.possessive and subject in scores and mention.word in {"him", "her"}:
            del scores[subject]  # "He told him": two men
        elif last_subject in scores and (is_subject or mention.possessive):
            scores[last_subject] += 0.3
        if not scores:
            return None
        who = max(scores, key=lambda w: scores[w])
        self.persons[who].votes += 1 if sex == "female" else -1
        return who

    def _by_name(self, mention: Mention, text: str, before: list[Found]) -> int | None:
        name = mention.name or ""
        who = self.find_name(name)
        if who is None and before and text[before[-1].mention.end : mention.start].endswith(", a "):
            who = before[0].who  # "The lawyer was an old friend, a Mr. Abel"
            if who is None or who == ME or self.persons[who].name is not None:
                who = None
            else:
                self.persons[who].name = name
        if who is None and (match := _NAME_IS.search(text[: mention.start])):
            sex = "female" if match.group(1).lower() == "her" else "male"
            nameless = [
                w for w in self.focus if self.persons[w].name is None and self.sex_of(w) in {sex, None}
            ]
            if nameless:
                who = max(nameless, key=lambda w: self.focus[w])
                self.persons[who].name = name
        if who is None and (who := unintroduced(self, mention, text)) is not None:
            self.persons[who].name = name
        if who is None:
            who = self._new(mention, name=name)
            if (
                self.pending
                and self.here <= self.pending_until
                and sex_of_name(name) in {None, self.pending.sex, "unknown"}
            ):
                self.persons[who].roles.append(self.pending.name)
                self.persons[who].owner = ME
        return who

    def find_name(self, name: str) -> int | None:
        """Return the person who bears a name, also by the first or the last part of it."""
        wanted = {part for part in re.split(r"[\s.]+", name) if part.lower() not in TITLES}
        for who in range(len(self.persons) - 1, 0, -1):
            has = self.persons[who].name
            if has and wanted & set(re.split(r"[\s.]+", has)):
                if len(name) > len(has) and has in name:
                    self.persons[who].name = name
                return who
        return None

    def _by_role(self, mention: Mention, text: str, before: list[Found]) -> int | None:
        role = mention.role
        assert role is not None  # noqa: S101 - a mention by role has one
        if mention.plural:
            if mention.owner in {"my", "a", "the"}:
                self.pending, self.pending_until = role, self.here + 2
            return None
        if mention.owner and (who := described(self, mention, text, before)) is not None:
            describe(self, who, mention, role)
            return who if who != ME else None
        if is_nobody(text, mention):
            return None
        owner = self._owner_of(mention, before)
        name, owner = self._to_narrator(role.name, owner)
        if mention.name and (who := self.find_name(mention.name)) is not None:
            return self._called(who, name, owner)
        who = self._known_role(name, owner, mention)
        if who is None:
            who = self._new(mention, name=mention.name, role=name, owner=owner, sex=role.sex)
        elif mention.name and self.persons[who].name is None:
            self.persons[who].name = mention.name
        return self._called(who, name, owner)

    def _called(self, who: int, role: str, owner: int | None) -> int:
        person = self.persons[who]
        if role in person.roles:
            person.roles.remove(role)
        if person.roles and role in GENERIC:
            person.roles.insert(0, role)
        else:
            person.roles.append(role)
        if person.owner is None and owner is not None:
            person.owner = owner
        if person.sex in {None, "unknown"} and (
            sex := roles()[role].sex if role in roles() else None
        ) not in {None, "unknown"}:
            person.sex = sex
        return who

    def _owner_of(self, mention: Mention, before: list[Found]) -> int | None:
        if mention.owner == "my":
            return ME
        if mention.owner == "named":
            if (found := role_of(mention.owner_word)) is not None:
                return self._known_role(found[0].name, None, None)
            return self.find_name(mention.owner_word)
        if mention.owner == "their" and mention.owner_word in {"his", "her"}:
            sex = PRONOUNS[mention.owner_word]
            near = [f.who for f in reversed(before) if f.who and self.sex_of(f.who) in {sex, None}]
            if near:
                return near[0]
            scores = {w: f for w, f in self.focus.items() if self.sex_of(w) in {sex, None} and f > _FLOOR}
            return max(scores, key=lambda w: scores[w]) if scores else None
        if not mention.owner and mention.role and mention.role.name in FAMILY_OF_ME:
            return ME
        return None

    def _to_narrator(self, role: str, owner: int | None) -> tuple[str, int | None]:
        """Return role and owner with a relation of a relation as the narrator's: my husband's mother."""
        if owner in {None, ME}:
            return role, owner
        assert owner is not None  # noqa: S101 - just excluded
        for own in self.persons[owner].roles if self.persons[owner].owner == ME else []:
            far = CHAIN.get((own, role))
            if far and (far in IN_LAW.values() or self._known_role(far, ME, None) is not None):
                return far, ME
        return role, owner

    def _known_role(self, role: str, owner: int | None, mention: Mention | None) -> int | None:
        """Return the person of a role; of several the one in focus, a new one after "a" or "another"."""
        if (
            mention is not None
            and mention.owner == "a"
            and (role in GENERIC or mention.owner_word == "another")
        ):
            return None
        same = next((group for group in ALIKE if role in group), frozenset({role}))
        found = [
            who
            for who, person in enumerate(self.persons)
            if who != ME
            and same & set(person.roles)
            and (owner is None or person.owner in {None, owner})
            and not (role.startswith("ex-") ^ any(r.startswith("ex-") for r in person.roles))
        ]
        if mention is not None and mention.name:
            found = [who for who in found if self.persons[who].name is None]
        if not found and mention is not None and mention.owner in {"the", ""} and role in GENERIC:
            sex = roles()[role].sex
            found = [
                who
                for who, weight in self.focus.items()
                if weight > 0.2
                and self.sex_of(who) in {sex, None}
                and self.persons[who].owner is None
                and self.persons[who].name is None
            ]
        if mention is not None and len(found) > 1:
            tag = tag_of(mention.inside)[0]
            found = [who for who in found if tag is None or self.persons[who].age in {None, tag}] or found
        return max(found, key=lambda who: (self.focus.get(who, 0.0), -who)) if found else None

    def _new(
        self,
        mention: Mention,
        *,
        name: str | None = None,
        role: str | None = None,
        owner: int | None = None,
        sex: Sex | None = None,
    ) -> int:
        born = (self.here, mention.end)
        person = Person(born, name, [role] if role else [], owner, None if sex == "unknown" else sex)
        if name and person.sex is None:
            title = TITLES.get(name.split()[0].rstrip(".").lower()) if " " in name else None
            person.sex = title if title not in {None, "unknown"} else None
        if person.sex is None:
            person.sex = self.sexes.get(born)
        self.persons.append(person)
        return len(self.persons) - 1

    def learn(self, who: int, mention: Mention, text: str) -> None:
        """Take over what the words around a mention say: age and sex in brackets, "who is about seventy"."""
        person = self.persons[who]
        years, sex = tag_of(mention.inside)
        if sex is not None:
            person.sex = sex
        for word in re.findall(r"[A-Za-z-]+", mention.inside):
            found = role_of(word)
            if found and who != ME and not found[1]:
                person.roles.append(found[0].name)
        adjectives = " ".join(mention.modifiers)
        stated = years if years is not None else years_in(adjectives)
        if stated is None and text and not mention.possessive and who != ME:
            stated = years_after(text[mention.end :])
        if stated is not None and (person.age is None or isinstance(person.age, str)):
            person.age = stated
        elif person.age is None and mention.kind in {"role", "name"}:
            of_child = mention.kind == "name" or bool(set(person.roles) & CHILD_WORDS)
            person.age = group_of(adjectives, of_child_word=of_child)

    # What is known of people

    def sex_of(self, who: int) -> Sex | None:
        """Return the sex by role, brackets or title, else by the name; None if unknown."""
        person = self.persons[who]
        if person.sex is not None:
            return None if person.sex == "unknown" else person.sex
        if person.name and (by_name := sex_of_full_name(person.name)):
            return by_name
        return None

    def sex_by_votes(self, who: int) -> Sex | None:
        """Return the sex, also by the pronouns that were taken for the person."""
        known = self.sex_of(who)
        votes = self.persons[who].votes
        return known or ("female" if votes > 0 else "male" if votes < 0 else None)
