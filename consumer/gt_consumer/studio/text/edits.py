"""What was added to a post later: kept when it tells how the story ended, dropped if it is about the post."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from gt_consumer.studio.script.model import count_words

_LABEL: Final = re.compile(
    r"^\W*(?P<kind>edit(?:ed)?|eta|(?:final |small |mini |quick |big |new |first |second |last )?update|"
    r"tl;?\s?dr)\b\s*#?\d*"
    r"\s*(?:\([^)]{0,60}\)|\d{1,2}/\d{1,2}(?:/\d{2,4})?)?\s*(?P<end>[:\-—,.!]|(?=\s))\s*",
    re.IGNORECASE,
)
_WITHIN: Final = re.compile(
    r"(?<=[.!?…\"')])\s+(?=(?:EDIT|Edit|ETA|UPDATE|Update|TL;?DR|Tl;?dr|tl;?dr)\b\s*\d*\s*:)"
)
_ABOUT_THE_POST: Final = re.compile(
    r"\b(?:thanks?|thank you|gold|silver|awards?|upvotes?|downvotes?|blew up|blown up|front page|inbox|"
    r"comments?|commenters?|"
    r"repl(?:y|ies|ying)|dms?|messages? (?:me|from)|clarif\w+|typos?|spelling|grammar|formatting|to "
    r"(?:everybody|everyone|those|"
    r"all|answer|the people)|a lot of (?:you|people)|people (?:are )?(?:asking|keep)|many of you|some "
    r"of you|you (?:guys|all)|"
    r"for those (?:asking|who)|reddit|this post|my post|the post|autocorrect|wording|reworded|asked "
    r"(?:a lot|often)|since many|"
    r"kind stranger|wow|wrote this|paragraphs|not (?:fake|a troll)|bots?|tiktok|youtube)\b",
    re.IGNORECASE,
)
_HAPPENS: Final = re.compile(
    r"\b(?:I|he|she|we|they|[Mm]y \w+|[A-Z]\w+)\s+(?:\w+ly\s+|just\s+|finally\s+|then\s+)?(?:[a-z]+ed|"
    r"left|told|said|went|came|got|"
    r"met|found|took|gave|sent|quit|moved|broke|made|saw|had|was|were|is|has|won|lost|paid|sold|bought|"
    r"cried|chose)\b"
)
_SHORT: Final = 60  # words below which a story is kept with everything
_STEM: Final = re.compile(r"[^\W\d_]{4,}")


def without_edits(paragraphs: Sequence[str]) -> list[str]:
    """Return the paragraphs of a post without those that only speak about it."""
    parts = [(n, part) for n, p in enumerate(paragraphs) for part in _WITHIN.split(p)]
    body = " ".join(part for _, part in parts if not _LABEL.match(part))
    kept = [(n, told) for i, (n, part) in enumerate(parts) if (told := _told(part, body, i / len(parts)))]
    if not kept:
        return list(paragraphs)
    joined: dict[int, str] = {}
    for n, part in kept:
        joined[n] = (
            f"{joined[n]} {part}"
            if n in joined and not _LABEL.match(part)
            else joined.get(n, "") + ("\n\n" if n in joined else "") + part
        )
    return list(joined.values())


def _told(part: str, body: str, place: float) -> str | None:
    """Return a paragraph as it is told; None if it is not."""
    match = _LABEL.match(part)
    if not match or (match.group("end") == "" and not match.group("kind").isupper()):
        return part
    rest = part[match.end() :].strip()
    kind = match.group("kind").lower()
    if not count_words([rest]):
        return None if "update" not in kind else "Update:"
    if kind.startswith("tl"):
        return f"TL;DR: {rest}" if not body or (place > 0.5 and not _repeats(rest, body)) else None
    about = len(_ABOUT_THE_POST.findall(rest))
    happens = len(_HAPPENS.findall(rest))
    if kind.startswith(("edit", "eta")):
        told = about == 0 and happens > 0 and count_words([rest]) >= _FEWEST
        return f"Update: {rest}" if told or not body else None
    if about and (happens <= about or count_words([rest]) < 12):
        return rest if not body else None
    return f"Update: {rest}"


_FEWEST: Final = 4


def _repeats(text: str, body: str) -> bool:
    """Whether a summary says nothing that the story does not say."""
    if count_words([body]) < _SHORT:
        return True
    said = {word[:5] for word in _STEM.findall(body.lower())}
    words = {word[:5] for word in _STEM.findall(text.lower())}
    return bool(words) and sum(word in said for word in words) / len(words) > 0.6
