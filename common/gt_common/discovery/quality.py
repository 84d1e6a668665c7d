"""Heuristics for how well a text can be narrated; each scales the score and adds a remark."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from gt_common.reddit.posts import RedditPost

_WALL: Final = 1500
_CAPITALS: Final = 0.4
_DISPUTED: Final = 0.7
_SPEECH = re.compile(r"[\"“]([^\"“”\n]{4,400})[\"”]")
_PARAGRAPH = re.compile(r"\n\s*\n")
_UPDATE = re.compile(
    r"^\W*(?:\w+\s+)?update\b|\bupdate\W*$|\b(?:part|pt)\.?\s*(?:[2-9]|ii+|two|three)\b", re.IGNORECASE
)


@dataclass(frozen=True)
class Verdict:
    """How well a text can be narrated.

    Parameters:
        factor: for the score; 1 is neutral
        remarks: what was found
    """

    factor: float
    remarks: tuple[str, ...]


@dataclass(frozen=True)
class Rule:
    """One heuristic.

    Parameters:
        remark: shown for a text that it applies to
        factor: multiplies the score
    """

    remark: str
    factor: float
    applies: Callable[[RedditPost], bool]


def _is_wall(post: RedditPost) -> bool:
    return len(post.text) > _WALL and not _PARAGRAPH.search(post.text)


def _has_dialogue(post: RedditPost) -> bool:
    return len(_SPEECH.findall(post.text)) >= 2


def _is_disputed(post: RedditPost) -> bool:
    return post.upvote_ratio is not None and post.upvote_ratio < _DISPUTED


def _is_sequel(post: RedditPost) -> bool:
    return _UPDATE.search(post.title) is not None


def _shouts(text: str) -> bool:
    letters = [char for char in text if char.isalpha()]
    return len(letters) > 20 and sum(map(str.isupper, letters)) > _CAPITALS * len(letters)


def _is_shouted(post: RedditPost) -> bool:
    return _shouts(post.title) or _shouts(post.text)


RULES: Final = (
    Rule("one block of text", 0.7, _is_wall),
    Rule("dialogue", 1.15, _has_dialogue),
    Rule("disputed", 0.8, _is_disputed),
    Rule("update of another post", 0.5, _is_sequel),
    Rule("capital letters", 0.7, _is_shouted),
)


def judge(post: RedditPost) -> Verdict:
    """Apply all heuristics to a text; the factors of those that match are multiplied."""
    found = [rule for rule in RULES if rule.applies(post)]
    return Verdict(math.prod(rule.factor for rule in found), tuple(rule.remark for rule in found))
