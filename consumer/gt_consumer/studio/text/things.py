"""The thing that a sentence is about, of those that can be shown large: a phone, a letter, a ring …"""

from __future__ import annotations

import re
from typing import Final

_HAD = (
    r"(?:the|a|an|my|his|her|our|their|this|that|some|every|another|one|two|\w+['’]s|(?:the|a|an|my|his|her) "
    r"\w+)"
)
_THINGS: Final = (
    (
        "phone",
        (
            r"text(?:ed|s|ing)?(?= (?:me|him|her|us|them|my|the|back|from|saying|that))|text messages?|"
            r"(?:his|her|my|the|their) (?:cell ?)?phone|voicemail|group chat|screenshots?|DMs?|"
            r"messaged|(?:got|sent|read|received|saw|showed me) (?:me |him |her )?(?:a|the|his|her|this|\w+) "
            r"(?:text|message|texts|messages)|facebook|instagram|tiktok|missed calls?|hung up|"
            r"posted (?:it|on|about|a|the|about)"
        ),
    ),
    (
        "laptop",
        (
            r"laptops?|computer|e-?mail(?:s|ed)?|spreadsheet|google doc|browser history|camera footage|"
            r"security (?:camera|footage)|inbox|the slides|powerpoint"
        ),
    ),
    (
        "letter",
        (
            r"letters?|envelopes?|contract|(?:the|a|his|her|my) will(?= (?:said|left|was|stated))|"
            r"divorce papers|"
            r"invoice|receipts?|(?:birthday|wedding|greeting) card|notes? (?:on|from|said|that|saying)|"
            r"(?:left|wrote|found|handed|read) (?:me |him |her )?(?:a|the|his|her|this) note|documents?|"
            r"paperwork|(?:DNA|paternity) (?:test|results)|invitations?|the deed|eviction notice|diary|lease"
        ),
    ),
    (
        "ring",
        rf"{_HAD} (?:\w+ )?ring(?!ing|s? the)|engagement ring|wedding ring|proposed|got down on one knee",
    ),
    (
        "money",
        (
            r"\$\d[\d,.]*k?|\d[\d,]* (?:dollars|bucks|grand|euros|pounds)|cash|checks? for|wallet|"
            r"(?:the|all|my|his|her|our|their) (?:money|savings)|college fund|down payment|bank account"
        ),
    ),
    ("key", rf"{_HAD} (?:\w+ )?keys?(?! (?:to success|point|part|fact|detail))|changed the locks|locked out"),
    ("clock", r"\d{1,2}:\d\d(?: ?[ap]\.?m)?|at \d{1,2} ?(?:am|pm|a\.m|p\.m)|(?:the|an|my) (?:clock|alarm)"),
    (
        "hands",
        (
            r"handed (?:me|him|her|us|them|over|it|the|my|his)|hand(?:s|ing)? (?:me|him|her|us|"
            r"them) (?:the|a|my|"
            r"his|her|an)|held (?:my|his|her) hand|shook (?:my|his|her) hand|grabbed (?:my|his|"
            r"her) (?:arm|hand|"
            r"wrist)|gave (?:me|him|her|us) (?:the|a|an|my|his|her|back)|slid (?:it|the|a) \w+ across|"
            r"holding (?:the|a|my|his|her|our)|took (?:my|his|her) (?:arm|hand)"
        ),
    ),
)
_PATTERNS: Final = tuple(
    (name, re.compile(rf"(?<!\w)(?:{words})\b", re.IGNORECASE)) for name, words in _THINGS
)
_MESSAGE = re.compile(r'"([^"]+)"')


def things_in(text: str) -> list[tuple[int, str]]:
    """Return where in a sentence which things can be seen, words of `INSERTS` or "hands", in their order."""
    return sorted((match.start(), name) for name, pattern in _PATTERNS if (match := pattern.search(text)))


def thing_in(text: str) -> tuple[str, int] | None:
    """Return what a sentence lets one see first, and where in it; None for nothing."""
    found = things_in(text)
    return (found[0][1], found[0][0]) if found else None


def message_in(text: str) -> str:
    """Return what is quoted in a sentence, such as a text message; empty if nothing is."""
    match = _MESSAGE.search(text)
    return match.group(1) if match else ""
