"""Finds the words of a sentence that mean a person: roles, names and pronouns, with what belongs to them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from gt_consumer.studio.text.names import is_common_word, is_first_name
from gt_consumer.studio.text.people import (
    CAPITALS_ONLY,
    FAMILY,
    NOT_NAMES,
    TITLES,
    Role,
    Sex,
    role_of,
    unlisted_role,
)

_TOKEN: Final = re.compile(
    r"(?:Mrs?|Ms|Dr|Prof|Sgt|Capt)\.(?=\s)|[^\W\d_]+(?:[-'’][^\W\d_]+)*['’]?|\d[\d,.]*\w*|[^\w\s]"
)
_BRACKET: Final = r"\s*[\[(]([^\])]{1,60})[\])]"
_NAMED: Final = re.compile(r"(?:,? (?:named|called)|,? whose name (?:is|was)|,)? ")
_NAMED_LATER: Final = re.compile(  # "a boy in my class, Preston, …"
    r" (?:in|from|at|on|of|for|with)(?: (?:my|our|his|her|the|a))?(?: [\w'’-]+){1,2}, "
)
_ALONE: Final = re.compile(r"[A-Z]\w+,(?! (?:and|or)\b)")
_COPULA: Final = re.compile(r" (?:is|was|'s) (?=\S)")
_MINE: Final = frozenset({"my", "our"})
_THEIRS: Final = frozenset({"his", "her", "their", "your", "its"})
_DEFINITE: Final = frozenset({"the", "this", "that", "these", "those"})
_INDEFINITE: Final = frozenset({"a", "an", "some", "another", "one", "any", "every", "each", "no"})
_PLURAL: Final = frozenset({"two", "three", "four", "five", "six", "both", "all", "several", "many", "few"})
_VERBS_TOO: Final = frozenset(
    "judge nurse host guard cook witness coach date parent trainer ex cop partner bully".split()
)
_BEFORE_VERB: Final = frozenset("to i you we they he she will would can could don't didn't not never".split())
_CLOSED: Final = frozenset(
    """
    of in on at for with from by to into about and or but as is was were are be been being am had
    has have i he she we they you it me him us them who that which when because if so than like told
    asked said saw met called then there except without plus including against versus not just where
    while before after until since though did do does""".split()
)
_MONTHS_AS_NAMES: Final = frozenset({"april", "may", "june", "august"})
PRONOUNS: Final[dict[str, Sex]] = {
    "he": "male",
    "him": "male",
    "his": "male",
    "himself": "male",
    "she": "female",
    "her": "female",
    "hers": "female",
    "herself": "female",
}
FIRST: Final = frozenset({"i", "me", "my", "myself", "mine", "i'm", "i've", "i'd", "i'll"})


@dataclass(frozen=True)
class Token:
    """A word or sign of a sentence."""

    text: str
    start: int
    end: int

    @property
    def lower(self) -> str:
        """Return it in lower case with a plain apostrophe."""
        return self.text.lower().replace("’", "'")

    @property
    def base(self) -> str:
        """Return it without the ending of the possessive."""
        return re.sub(r"['’](?:s|S)?$", "", self.text)

    @property
    def possessive(self) -> bool:
        """Whether it owns the next word, as in "Dana's" and "sisters'"."""
        return bool(re.search(r"['’][sS]$|[sS]['’]$", self.text))


@dataclass(frozen=True)
class Mention:
    """Words that mean a person.

    Parameters:
        start, end: the words with what belongs to them, in characters
        at, upto: the first token and the one after the last
        kind: "role", "name", "pronoun" or "narrator"
        owner: "my", "their" (by a pronoun), "named" (`owner_word`), "the", "a", "" without a determiner
        inside: what stands in brackets, such as "31F"
        plural: several people of the role
        possessive: it owns what follows, as "her" in "her ladder"
        modifiers: words between the determiner and the role
    """

    start: int
    end: int
    at: int
    upto: int
    kind: str
    word: str
    role: Role | None = None
    name: str | None = None
    owner: str = ""
    owner_word: str = ""
    inside: str = ""
    plural: bool = False
    possessive: bool = False
    modifiers: tuple[str, ...] = ()


@dataclass
class NameBook:
    """Which words of a story mean people.

    Parameters:
        known: names that are not in the list of first names
        narrated: capitalised words outside quotes
        nouns: words for people that speak in the story and are not in the list of roles: "seamstress"
    """

    known: set[str] = field(default_factory=set)
    narrated: set[str] = field(default_factory=set)
    nouns: frozenset[str] = frozenset()

    def is_name(self, token: Token, *, starts: bool) -> bool:
        """Whether a token is the name of a person; `starts` at the beginning of a sentence."""
        word = token.base
        if word in self.known:
            return True
        if not is_capitalised(word) or word.lower() in NOT_NAMES or len(word) < 2:
            return False
        return is_first_name(word) and not is_common_word(word) and not (starts and len(word) < 3)


def is_capitalised(word: str) -> bool:
    """Whether a word could be a name by its letters: a capital first, or letters without case."""
    if len(word) < 2 and word.isascii():
        return False
    return (
        word[:1].isalpha()
        and (word[0].isupper() or not (word[0].islower()))
        and (not word.isupper() or len(word) < 2 or not word.isascii())
    )


def tokens_of(text: str) -> list[Token]:
    """Return the words and signs of a text."""
    return [Token(m.group(), m.start(), m.end()) for m in _TOKEN.finditer(text)]


def mentions_of(text: str, names: NameBook) -> list[Mention]:
    """Return the mentions of people in a sentence, in order."""
    tokens = tokens_of(text)
    found: list[Mention] = []
    i = 0
    while i < len(tokens):
        mention = _mention(text, tokens, i, names)
        if mention is None:
            i += 1
            continue
        found.append(mention)
        i = max(mention.upto, i + 1)
    return found


def _mention(text: str, tokens: Sequence[Token], i: int, names: NameBook) -> Mention | None:
    token = tokens[i]
    lower = token.lower
    if lower in FIRST and (token.text[0] == "I" or lower in {"me", "my", "myself", "mine"}):
        if lower in {"my", "mine"} and not _bracket_after(text, token.end):
            return None
        return Mention(
            token.start, token.end, i, i + 1, "narrator", lower, inside=_bracket_after(text, token.end)
        )
    lower = re.sub(r"'(?:s|d|ll)$", "", lower)
    if lower in PRONOUNS:
        owns = lower in {"his", "her"} and i + 1 < len(tokens) and _is_noun_like(tokens[i + 1])
        return Mention(token.start, token.end, i, i + 1, "pronoun", lower, possessive=owns)
    return _role(text, tokens, i, names) or _name(text, tokens, i, names)


_AFTER_OBJECT: Final = frozenset(
    """
    and or but so to that when if because for with in on at by from of as out into until while after
    before where what how why who up down back off over again there here away home then too about
    not the a an my his i he she we they you it""".split()
)


def _is_noun_like(token: Token) -> bool:
    return token.text[0].isalnum() and token.lower not in _AFTER_OBJECT


def _bracket_after(text: str, at: int) -> str:
    match = re.compile(_BRACKET).match(text, at)
    if match:
        return match.group(1)
    comma = re.compile(r",? (\d{1,2} ?[FMfm]|[FMfm] ?\d{1,2})\b").match(text, at)
    return comma.group(1) if comma else ""


def _skip_bracket(text: str, at: int) -> int:
    match = re.compile(_BRACKET).match(text, at)
    return match.end() if match else at


def _role(text: str, tokens: Sequence[Token], i: int, names: NameBook) -> Mention | None:
    token = tokens[i]
    found = role_of(token.base)
    if found is None and token.base in names.nouns:
        found = unlisted_role(token.base), False
    if found is None or not token.text[0].isalpha():
        return None
    role, plural = found
    if plural and token.possessive and token.text[-1] != "s":
        plural = False
    before = tokens[i - 1].lower if i else ""
    if role.name in _VERBS_TOO and (before in _BEFORE_VERB or (not before and role.name not in FAMILY)):
        return None
    if (
        i + 1 < len(tokens)
        and not token.possessive
        and role_of(tokens[i + 1].base)
        and tokens[i + 1].start == token.end + 1
        and tokens[i + 1].lower not in CAPITALS_ONLY
    ):
        return None  # "baby brother", "girl friend": the last word says who it is
    owner, owner_word, first, modifiers = _determiner(tokens, i)
    if (
        modifiers
        and token.base.lower() in CAPITALS_ONLY
        and modifiers[0] not in {"future", "new", "own", "poor"}
    ):
        owner, owner_word, first, modifiers = "", "", i, ()  # "in his family except SIL"
    if not owner and not _stands_alone(tokens, i, role):
        return None
    named = None if token.possessive else _name_after(text, tokens, i, names, bare=not owner)
    end, upto, name = (named.end, named.upto, named.name) if named else (token.end, i + 1, None)
    inside = _bracket_after(text, token.end) or (named.inside if named else "")
    return Mention(
        tokens[first].start,
        max(end, _skip_bracket(text, end)),
        i,
        upto,
        "role",
        token.base,
        role=role,
        name=name,
        owner=owner,
        owner_word=owner_word,
        inside=inside,
        plural=plural and name is None,
        possessive=token.possessive,
        modifiers=modifiers,
    )


def _determiner(tokens: Sequence[Token], i: int) -> tuple[str, str, int, tuple[str, ...]]:
    """Return what stands before a role: kind of owner, its word, index of the first token, adjectives."""
    modifiers: list[str] = []
    for j in range(i - 1, max(-1, i - 5), -1):
        token = tokens[j]
        lower = token.lower
        words = tuple(reversed(modifiers))
        if lower in _MINE:
            return "my", lower, j, words
        if lower in _THEIRS:
            return "their", lower, j, words
        if token.possessive and token.text[0].isalpha():
            first = j - 1 if j and tokens[j - 1].lower in _MINE | _THEIRS | _DEFINITE | _INDEFINITE else j
            return "named", token.base, first, words
        if lower in _DEFINITE:
            return "the", lower, j, words
        if lower in _INDEFINITE:
            return "a", lower, j, words
        if lower in _PLURAL:
            if j and tokens[j - 1].lower in _MINE | _DEFINITE:
                modifiers.append(lower)
                continue
            return "a", lower, j, words
        if not token.text[0].isalpha() or lower in _CLOSED:
            break
        modifiers.append(lower)
    return "", "", i, ()


def _stands_alone(tokens: Sequence[Token], i: int, role: Role) -> bool:
    """Whether a role without a determiner means somebody: Mom, MIL, Uncle Pete, Officer Diaz."""
    word = tokens[i].base
    if word.lower() in CAPITALS_ONLY:
        return True
    if role.name in FAMILY and (
        word[0].isupper() or word.lower() in {"mom", "dad", "mum", "grandma", "grandpa", "hubby"}
    ):
        return True
    following = tokens[i + 1] if i + 1 < len(tokens) else None
    return bool(
        word.lower() in TITLES
        and word[0].isupper()
        and following
        and is_capitalised(following.text)
        and following.lower not in NOT_NAMES
    )


def _name_after(text: str, tokens: Sequence[Token], i: int, names: NameBook, *, bare: bool) -> Mention | None:
    """Return the mention of the name that follows a role, such as `my aunt Ruth`; None if there is none."""
    end = _skip_bracket(text, tokens[i].end)
    for pattern in (_NAMED, _COPULA, _NAMED_LATER):
        match = pattern.match(text, end)
        if not match:
            continue
        j = next((k for k in range(i + 1, len(tokens)) if tokens[k].start >= match.end()), None)
        if j is None or tokens[j].start != match.end():
            continue
        with_comma = pattern is _NAMED_LATER or (
            match.group().startswith(",") and "name" not in match.group() and "called" not in match.group()
        )
        strict = with_comma or pattern is _COPULA
        sure = with_comma and not bare and _ALONE.match(text, match.end()) is not None
        found = _name(text, tokens, j, names, trusted=not strict or sure)
        if found is None or found.name is None:
            continue
        if pattern is _COPULA and not _ends_predicate(text, found.end):
            continue
        if with_comma and (
            bare or (text[found.end : found.end + 1] not in {",", ".", ""} and not found.inside)
        ):
            continue
        if tokens[found.upto - 1].possessive:
            return None
        return found
    return None


def _ends_predicate(text: str, at: int) -> bool:
    return bool(re.match(r"\s*(?:$|[.,;(]|and\b|who\b)", text[at:]))


def _name(
    text: str, tokens: Sequence[Token], i: int, names: NameBook, *, trusted: bool = False
) -> Mention | None:
    """Return the mention by a name, with title and surname; `trusted` after a role, as in `my boss Rex`."""
    token = tokens[i]
    title = token.lower.rstrip(".")
    j = i
    if title in TITLES and token.text[0].isupper() and i + 1 < len(tokens):
        follows = (
            tokens[i + 1] if tokens[i + 1].text != "." else (tokens[i + 2] if i + 2 < len(tokens) else None)
        )
        if follows is not None and is_capitalised(follows.base) and follows.lower not in NOT_NAMES:
            j = tokens.index(follows)
    if j == i:
        starts = i == 0 or tokens[i - 1].text in {".", "!", "?", '"'}
        is_word = token.base.lower() in NOT_NAMES - _MONTHS_AS_NAMES
        trusted_name = trusted and is_capitalised(token.base) and not is_word
        if not trusted_name and not names.is_name(token, starts=starts):
            return None
    upto = j + 1
    while (
        upto < len(tokens)
        and not tokens[upto - 1].possessive
        and tokens[upto].start == tokens[upto - 1].end + 1
        and is_capitalised(tokens[upto].base)
        and tokens[upto].lower not in NOT_NAMES
        and upto - j < 2
        and not tokens[upto].text.isupper()
    ):
        upto += 1
    last = tokens[upto - 1]
    name = text[token.start : last.start] + last.base
    end = last.end
    inside = _bracket_after(text, end)
    before = tokens[i - 1].lower if i else ""
    return Mention(
        token.start,
        _skip_bracket(text, end),
        i,
        upto,
        "name",
        name,
        name=name,
        inside=inside,
        possessive=last.possessive,
        modifiers=(before,) if before in {"old", "little", "young", "elderly"} else (),
    )
