"""The analysis of a story: its sentences, its people, who says what, and where each sentence happens."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from gt_consumer.studio.text.ages import tag_of
from gt_consumer.studio.text.cast import Cast
from gt_consumer.studio.text.dialogue import Reader, Reading
from gt_consumer.studio.text.mentions import NameBook, Token, is_capitalised, tokens_of
from gt_consumer.studio.text.names import is_first_name
from gt_consumer.studio.text.narrator import name_the_addressed, sex_of_narrator
from gt_consumer.studio.text.people import NOT_NAMES, SAID, TITLES, Sex, role_of
from gt_consumer.studio.text.persons import ME
from gt_consumer.studio.text.places import place_named, places_of
from gt_consumer.studio.text.sentences import Sentence
from gt_consumer.studio.text.voices import with_voices

_PLACE_BEFORE: Final = frozenset({"in", "at", "from", "near", "to", "of", "into", "through", "via", "around"})

_I_AM: Final = re.compile(r"\bI(?:'m| am)\b[^.!?,]{0,60}?[\[(](\d{1,2}\s?[FMfm]|[FMfm]\s?\d{1,2})[\])]")


_MY_YEARS: Final = re.compile(
    r"\bI(?:['’]m| am) (?:[A-Z][a-z]+, )?(1[3-9]|[2-9]\d)(?=\s*(?:$|[.,;)]|and\b|years? old\b))"
)


@dataclass(frozen=True)
class Analysis:
    """What a story tells, sentence by sentence.

    Parameters:
        readings: one for each sentence
        places: where each sentence happens
        cast: everybody in it
    """

    sentences: tuple[Sentence, ...]
    readings: tuple[Reading, ...]
    places: tuple[str, ...]
    cast: Cast


def analyse(title: str, sentences: Sequence[Sentence]) -> Analysis:
    """Analyse a story: a first reading finds out the sexes of its people, by which the second knows "she"."""
    texts = [sentence.text for sentence in sentences]
    names = name_book([title, *texts])
    first = Cast(names)
    _read(first, title, sentences)
    learned = {
        person.born: sex for who, person in enumerate(first.persons) if (sex := first.sex_by_votes(who))
    }
    cast = Cast(names, learned)
    readings = _read(cast, title, sentences)
    name_the_addressed(readings, cast)
    me = cast.persons[ME]
    if me.age is None and (tag := _tag_of_narrator(texts)) is not None:
        me.age, me.sex = tag[0], tag[1] or me.sex
    if me.sex is None:
        me.sex = sex_of_narrator(title, readings, cast)
    places = places_of(texts, [sentence.opens for sentence in sentences], place_named(title))
    for person in cast.persons:
        if person.age is None and {"girl", "boy"} & set(person.roles) and places[person.born[0]] == "school":
            person.age = "child"
    return Analysis(tuple(sentences), tuple(readings), tuple(places), cast)


def _tag_of_narrator(texts: Sequence[str]) -> tuple[int | None, Sex | None] | None:
    """Return age and sex in brackets after what the narrator is: "I'm an RN (33F)"."""
    for text in texts:
        told = re.sub(r'"[^"]*"', " ", text)
        if match := _I_AM.search(told):
            return tag_of(match.group(1))
        if match := _MY_YEARS.search(told):
            return int(match.group(1)), None
    return None


def _read(cast: Cast, title: str, sentences: Sequence[Sentence]) -> list[Reading]:
    reader = Reader(cast)
    if title:
        cast.read(-1, re.sub(r'"[^"]*"', " ", title))
        cast.leave_title()
    return with_voices([reader.read(number, sentence) for number, sentence in enumerate(sentences)])


def name_book(texts: Sequence[str]) -> NameBook:
    """Find the names of people that are not known first names, by how they are used."""
    uses = _Uses()
    for text in texts:
        tokens = tokens_of(text)
        for i, token in enumerate(tokens):
            if token.text[0].isalpha():
                uses.note(text, tokens, i)
    told = " ".join(re.sub(r'"[^"]*"', " ", text) for text in texts)
    return NameBook(uses.names(), set(re.findall(r"\b[A-Z][a-z]+\b", told)), _speaking_nouns(told))


_SPEAKS: Final = (
    "said|asked|told|replied|answered|whispered|shouted|yelled|screamed|explained|announced|muttered"
)
_NOUN_SPEAKS: Final = re.compile(
    rf"\b(?:the|a|an|my|our|his|her) (?:\w+ ){{0,2}}?([a-z]{{3,}}) (?:{_SPEAKS})\b"
)
_SPEAKS_NOUN: Final = re.compile(
    r"\b(?:said|asked|replied|whispered|shouted) (?:the|my|our) (?:\w+ )?([a-z]{3,})(?=[.,!?])"
)
_NO_PERSONS: Final = frozenset(
    """
    note letter sign text email voice card law rule menu label message screen website report article
    court bank school hospital company police board office family crowd group others internet
    contract will list clock phone one word words truth thing things prayer story rest same who all
    and then just also only but not never always even she he they had has have was so""".split()
)


def _speaking_nouns(told: str) -> frozenset[str]:
    """Return the nouns that speak in a story, outside quotes, and that no list of roles has."""
    found = {*_NOUN_SPEAKS.findall(told), *_SPEAKS_NOUN.findall(told)}
    return frozenset(
        noun
        for noun in found
        if not role_of(noun) and noun not in _NO_PERSONS and not noun.endswith(("ly", "ed", "ing"))
    )


@dataclass
class _Uses:
    """How the capitalised words of a story are used."""

    speaks: Counter[str] = field(default_factory=Counter)
    acts: Counter[str] = field(default_factory=Counter)
    placed: set[str] = field(default_factory=set)
    lower: set[str] = field(default_factory=set)
    sure: set[str] = field(default_factory=set)

    def note(self, text: str, tokens: Sequence[Token], i: int) -> None:
        """Note one use of a word."""
        token = tokens[i]
        word = token.base
        if token.text.islower() and token.text.isascii():
            self.lower.add(token.lower)
            return
        if not is_capitalised(word) or word.lower() in NOT_NAMES or role_of(word):
            return
        if word.endswith("ly") and not is_first_name(word):
            return  # "Actually laughed."
        before = tokens[i - 1] if i else None
        after = tokens[i + 1] if i + 1 < len(tokens) else None
        if before and before.lower in _PLACE_BEFORE:
            self.placed.add(word)
        if (after and after.lower in SAID and not token.possessive) or (before and before.lower in SAID):
            self.speaks[word] += 1
        if after and not token.possessive and _ACTS.fullmatch(after.lower):
            self.acts[word] += 1
        if _is_surely_a_name(text, token, before):
            self.sure.add(word)

    def names(self) -> set[str]:
        """Return the words that are names of people."""
        often = {w for w in {*self.speaks, *self.acts} if self.speaks[w] * 2 + self.acts[w] >= 2}
        return self.sure | {w for w in often if w not in self.placed and w.lower() not in self.lower}


_ACTS: Final = re.compile(r"was|is|had|has|[a-z]+ed|did|came|took|went|gave")
_TAGGED: Final = re.compile(r"\s?[\[(]\s?\d{1,2}\s?[FMfm]|\s?[\[(][FMfm]\s?\d{1,2}")


def _is_surely_a_name(text: str, token: Token, before: Token | None) -> bool:
    """Whether a word is a name by what stands beside it: an age, "named", a title or a role."""
    if _TAGGED.match(text, token.end) or not (
        token.base.isascii() or token.base[0].isascii() or token.base[0].isupper()
    ):
        return True  # the latter: letters without case, as in Chinese
    if before is None:
        return False
    if before.lower.rstrip(".") in TITLES and before.text[0].isupper() and before.end + 1 == token.start:
        return True
    return before.lower in {"named", "called"} or (bool(role_of(before.base)) and before.text.islower())
