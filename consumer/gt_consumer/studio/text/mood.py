"""The mood of a sentence: by cue words, else by its sentiment according to the VADER lexicon."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable

MAX_JUDGED = 2000
"""Characters of a sentence whose sentiment counts."""

MOODS = ("neutral", "happy", "worried", "sad", "angry", "shout", "shock", "smug", "serious")
_CUES = (
    ("shout", r"\b(?:scream|yell|shriek|roar)\w*"),
    ("angry", r"\b(?:furious|angry|rage|livid|slam|snapp|demand|blew up|lost it|fuming|how dare)\w*"),
    (
        "sad",
        r"\b(?:cry|cried|crying|tears?|sobb\w*|funeral|died|death|passed away|sorry|alone|heartbroken)\b",
    ),
    (
        "shock",
        r"\b(?:gasp|stunned|jaw|froze|frozen|couldn't believe|speechless|shock|went white|silence)\w*",
    ),
    (
        "smug",
        r"\b(?:smirk|secretly|revenge|plan|lied|liar|fake|suspicious|wink|oh no|polite smile|calmly)\w*",
    ),
    ("happy", r"\b(?:laugh|smil|grin|hugg|thank|proud|applau|cheer|celebrat|love[sd]?\b)\w*"),
    ("worried", r"\b(?:nervous|afraid|scared|worri|anxious|panic|stomach|awkward|guilt|wrong)\w*"),
)
_CUE_PATTERNS = tuple((name, re.compile(pattern, re.IGNORECASE)) for name, pattern in _CUES)


@functools.lru_cache(maxsize=1)
def _analyser() -> Callable[[str], dict[str, float]]:
    from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

    scores: Callable[[str], dict[str, float]] = SentimentIntensityAnalyzer().polarity_scores
    return scores


def compound(text: str) -> float:
    """Return the sentiment of a text, from -1 (negative) to 1 (positive)."""
    return _analyser()(text[:MAX_JUDGED])["compound"]


def mood_of(text: str) -> str:
    """Return the mood of a sentence, one of `MOODS`."""
    loud = text.count("!") > 0
    capitals = [w for w in re.findall(r"[A-Z]{3,}", text) if w not in {"AITA", "TIFU", "MIL", "WTF"}]
    score = compound(text)
    if capitals and loud:
        return "shout"
    for name, pattern in _CUE_PATTERNS:
        if pattern.search(text):
            return name
    if "?!" in text or "!?" in text:
        return "shock"
    if loud and score < 0.2:
        return "angry"
    if score <= -0.4:
        return "worried"
    if score < -0.05:
        return "serious"
    return "happy" if score >= 0.5 else "neutral"
