"""Who acts in a clause, by the words around a mention."""

from __future__ import annotations

import re
from typing import Final

from gt_consumer.studio.text.mentions import Mention

_VERB_PHRASE: Final = (
    r"(?:'s|'d|'ll|\s+(?:[a-z]+ly\s+|just\s+|never\s+|always\s+|even\s+|still\s+|then\s+|also\s+|"
    r"finally\s+|already\s+|himself\s+|herself\s+|really\s+|both\s+|not\s+)*"
    r"(?:is|was|are|were|am|be|has|have|had|does|did|do|will|would|can|could|should|must|may|might|"
    r"[a-z]+ed|[a-z]+ing|"
    r"[a-z]+s|got|said|told|went|came|took|gave|made|saw|knew|thought|left|kept|put|sat|stood|ran|read|wrote|"
    r"found|felt|held|brought|bought|sold|began|broke|spoke|woke|wore|won|lost|met|paid|sent|set|shut|slept|"
    r"spent|swore|threw|understood|built|called|caught|chose|cut|drank|drew|drove|ate|fell|fed|fought|flew|"
    r"forgot|forgave|froze|grew|heard|hit|hung|hurt|laid|led|lent|let|lit|meant|rang|rode|rose|sang|"
    r"sank|sought|"
    r"shook|shot|showed|slid|spat|split|spun|stole|struck|swung|taught|tore|wept|wound|bit|blew|dug|hid|"
    r"stuck|bent|burst|crept|dealt|fled|flung|knelt|leapt|lay|overheard|quit|shone|sprang|stung|swept|swam|"
    r"strode|upset|bled|clung|"
    r"just|don't|didn't|doesn't|wasn't|isn't|hasn't|hadn't|won't|wouldn't|can't|couldn't|and\s+I\s))\b"
)
_VERB: Final = re.compile(f"^{_VERB_PHRASE}")
_PREPOSITION: Final = re.compile(
    r"\b(?:of|in|on|at|for|with|from|by|to|into|about|behind|beside|near|past|over|under|against|around|"
    r"between|"
    r"after|before|like|than|without|towards?|through)\s+$",
    re.IGNORECASE,
)
# "Even the bailiff laughed" is not about the bailiff.
_EVEN: Final = re.compile(r"\b(?:even|except|nobody but)\s+(?:the\s+)?$", re.IGNORECASE)
_APPOSITION: Final = re.compile(r"^,[^,]{1,60},")
_OF_PLACE: Final = re.compile(  # "the nurse on duty, a tall guy named Marcus, stopped her"
    rf"^ (?:of|from|with|in|at|on|behind|next to)(?: (?!and\b)[\w'’]+){{1,4}}?(?=,|{_VERB_PHRASE})"
)
_INVERTED: Final = re.compile(
    r"\b(?:came|sat|stood|was|were|lay|is|here's|there's|there was|there is|went|walked|said|asked)\s+$",
    re.IGNORECASE,
)
# "a man" is nobody in "like a man", "as a nurse", "she says that a gardener never argues".
_OBJECTS: Final = frozenset({"me", "myself", "mine", "him", "himself", "hers", "herself"})
_LIKE: Final = re.compile(
    r"\b(?:like|as|than|be|being|become|becoming|became|for|that|if|such)\s+$", re.IGNORECASE
)


_NEVER: Final = re.compile(r"\b(?:never|not|ever|n['’]t)\s+(?:\w+\s+)?$")


def is_subject_at(text: str, mention: Mention) -> bool:
    """Whether a mention is the subject of its clause."""
    if mention.possessive or mention.word in _OBJECTS:
        return False
    before, after = text[: mention.start], text[mention.end :]
    if follows_preposition(before) or _EVEN.search(before):
        return False
    if mention.kind == "role" and mention.name:
        after = re.sub(r"^,(?= )", "", after)  # "the doctor, Dr. Osei, listened": the name belongs to it
    after = _APPOSITION.sub("", _OF_PLACE.sub("", _APPOSITION.sub("", after)))
    if _VERB.match(after) or re.match(r"\s+who\b", after):
        return (
            not re.search(r"\b(?:told|asked|gave|saw|let|made|met|called|and told)\s+$", before)
            or mention.kind == "narrator"
            or mention.word in {"he", "she"}
        )
    if mention.word in {"he", "she", "i"}:
        return True
    return mention.owner == "a" and bool(_INVERTED.search(before))


def follows_preposition(before: str) -> bool:
    """Whether a text ends with a preposition, so that what follows is not the subject."""
    return _PREPOSITION.search(before) is not None


def is_nobody(text: str, mention: Mention) -> bool:
    """Whether "a man" means nobody in particular: "like a man", "as a nurse"."""
    before = text[: mention.start]
    return mention.owner == "a" and bool(_LIKE.search(before) or _NEVER.search(before))
