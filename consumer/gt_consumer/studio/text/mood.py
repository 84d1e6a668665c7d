"""The mood of a sentence: by cue words, else by its sentiment according to the VADER lexicon.

Cues are whole words ("plan" is not in "planted"), and one that is denied ("I did not laugh") does not count.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable
from typing import Final

_HAPPY = 0.85  # praise alone makes nobody smile: "my lovely wife kissed my best friend"
MAX_JUDGED = 2000
"""Characters of a sentence whose sentiment counts."""

_CUES: Final = (
    (
        "shout",
        r"scream(?:s|ed|ing)?|yell(?:s|ed|ing)?|shriek(?:s|ed|ing)?|roar(?:s|ed|ing)?|shout(?:s|ed|ing)?",
    ),
    (
        "angry",
        (
            r"furious(?:ly)?|angry|angrily|anger|rage|raged|raging|livid|slam(?:s|med|ming)?|snapp?(?:s|ed)|"
            r"demand(?:s|ed|ing)?|blew up|lost it|fuming|how dare|pissed|storm(?:ed|s) (?:out|off|in|into)|"
            r"stormed|glared?|seeth(?:ed|ing)|hissed"
        ),
    ),
    (
        "sad",
        (
            r"cry|cries|cried|crying|tears?|tearful(?:ly)?|sobb?(?:s|ed|ing)?|funeral|died|passed away|"
            r"heartbroken|heartbreaking|mourn(?:ed|ing)?|grief|griev(?:ed|ing)|miscarriage|devastated|"
            r"broke down|weep(?:ing)?|wept|lonely|betrayed|betrayal|cheat(?:ed|ing) on|affair|divorce papers"
        ),
    ),
    (
        "shock",
        (
            r"gasp(?:s|ed|ing)?|stunned|jaw dropped|froze|frozen|couldn['’]t believe|could not believe|"
            r"speechless|shock(?:ed|ing)?|went (?:white|pale|silent|quiet)|dead silence|turned (?:white|"
            r"pale)|"
            r"heart (?:stopped|dropped|sank)|blood ran cold|stared at (?:me|him|her|us|it)|"
            r"dropped (?:the|his|her) "
            r"(?:glass|phone|fork|plate)"
        ),
    ),
    (
        "smug",
        (
            r"smirk(?:s|ed|ing)?|secretly|revenge|(?:had|made|hatched) a plan|my plan|lied|lying to|"
            r"liars?|fake|"
            r"faked|suspicious(?:ly)?|wink(?:s|ed|ing)?|polite smile|calmly|smugly|gloat(?:ed|ing)?|karma"
        ),
    ),
    (
        "happy",
        (
            r"laugh(?:s|ed|ing)?|smil(?:e|es|ed|ing)(?! (?:went|faded|vanished|dropped|disappeared|"
            r"fell))|grinn?(?:s|ed|ing)?|hugg?(?:s|ed|ing)?|thank(?:s|"
            r"ed|ful)?|"
            r"proud(?:ly)?|applaud(?:ed)?|applause|cheer(?:ed|ing)?|celebrat(?:e|es|ed|ing)|overjoyed|"
            r"thrilled|"
            r"delighted|relieved|beam(?:ed|ing)|giggl(?:ed|ing)"
        ),
    ),
    (
        "worried",
        (
            r"nervous(?:ly)?|afraid|scared|worr(?:y|ied|ying)|anxious(?:ly)?|panic(?:ked|king)?|"
            r"awkward(?:ly)?|"
            r"guilt|guilty|terrified|uneasy|dread(?:ed|ing)?|stomach (?:dropped|turned|sank)|begg(?:ed|ing)|"
            r"trembling|shaking|hesitated"
        ),
    ),
)
_CUE_PATTERNS: Final = tuple(
    (name, re.compile(rf"\b(?:{pattern})\b", re.IGNORECASE)) for name, pattern in _CUES
)
_DENIED = re.compile(
    r"(?:\b(?:not|never|no|nobody|neither|nor|without|hardly|instead of|no longer|stopped|refused to)|n['’]t)"
    r"(?: (?:really|even|just|once|ever|exactly|at all|have|had|been|be|being|to|a|any|going|want|wanted|"
    r"like|feel|felt|meant?|mean|so|that|very|too|him|her|me|of)){0,4} $",
    re.IGNORECASE,
)
_NOT_SHOUTED: Final = {"AITA", "AITAH", "WIBTA", "TIFU", "MIL", "FIL", "SIL", "BIL", "WTF", "OMG", "LOL"}


@functools.lru_cache(maxsize=1)
def _analyser() -> Callable[[str], dict[str, float]]:
    from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

    scores: Callable[[str], dict[str, float]] = SentimentIntensityAnalyzer().polarity_scores
    return scores


def compound(text: str) -> float:
    """Return the sentiment of a text, from -1 (negative) to 1 (positive)."""
    return _analyser()(text[:MAX_JUDGED])["compound"]


def mood_of(text: str) -> str:
    """Return the mood of a sentence, one of the words for moods."""
    text = text[:MAX_JUDGED]
    loud = text.count("!") > 0
    capitals = [w for w in re.findall(r"\b[A-Z]{3,}\b", text) if w not in _NOT_SHOUTED]
    if capitals and loud:
        return "shout"
    cue = cue_of(text)
    if cue is not None:
        return cue[0]
    score = compound(text)
    if "?!" in text or "!?" in text:
        return "shock"
    if loud and score < 0.2:
        return "angry"
    if score <= -0.5:
        return "worried"
    if score < -0.2:
        return "serious"
    return "happy" if score >= _HAPPY else "neutral"


def cue_of(text: str) -> tuple[str, int] | None:
    """Return the mood of the first kind of cue that is not denied, and where it begins; None for none."""
    text = text[:MAX_JUDGED]
    for name, pattern in _CUE_PATTERNS:
        for match in pattern.finditer(text):
            if not _DENIED.search(text[: match.start()]):
                return name, match.start()
    return None
