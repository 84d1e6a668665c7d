"""The title of a script: the story's own, shortened at a clause, or one that is made."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from gt_consumer.studio.script.model import count_words
from gt_consumer.studio.text.analysis import Analysis
from gt_consumer.studio.text.persons import ME

MAX_WORDS: Final = 24
_MADE_WORDS: Final = 14
_CLAUSES: Final = re.compile(
    r"[,;:…]\s+|\s+(?=\(|(?:and|but|so|because|when|after|before|while|until|which|who|then)\s)"
)
_ASKS: Final = re.compile(r"^(?:so,? )?(?:AITA|AITAH|WIBTA|TIFU|am I the asshole)\b", re.IGNORECASE)
_LABEL: Final = re.compile(
    r"^\W*[\[(]?(?:update|final update|oc|long|repost|serious|new update)\W*[\])]\s*:?\s*", re.IGNORECASE
)


def shortened(title: str) -> str:
    """Return a title in at most `MAX_WORDS` words, cut where a clause ends."""
    title = _LABEL.sub("", " ".join(title.split())) or title
    if count_words([title]) <= MAX_WORDS:
        return title
    ends = [m.start() for m in _CLAUSES.finditer(title)]
    fitting = [at for at in ends if 4 <= count_words([title[:at]]) <= MAX_WORDS]
    if fitting:
        return title[: fitting[-1]].rstrip(" ,;:")
    return " ".join(title.split()[:MAX_WORDS])


def made_title(analysis: Analysis, texts: Sequence[str]) -> tuple[str, int | None]:
    """Return a title for a story without one, and the sentence that it is, which is then not told again."""
    for i in (len(texts) - 1, *range(min(3, len(texts)))):
        if _ASKS.match(texts[i]) and 4 <= count_words([texts[i]]) <= MAX_WORDS:
            return re.sub(r"^so,? ", "", texts[i], flags=re.IGNORECASE), i
    first = texts[0]
    if '"' not in first and 3 <= count_words([first]) <= _MADE_WORDS and len(texts) > 1:
        return first.rstrip(".,;:"), 0
    people = [who for reading in analysis.readings for who in reading.people]
    if people:
        person = analysis.cast.persons[max(people, key=people.count)]
        who = (
            f"my {person.role}" if person.owner == ME and person.role else person.name or f"the {person.role}"
        )
        thing = _thing(texts, {person.role, (person.name or "").lower()})
        return _capital(f"{who} and the {thing}" if thing else f"what {who} did"), None
    thing = _thing(texts, set())
    return (f"The story of the {thing}" if thing else "What happened to me"), None


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _thing(texts: Sequence[str], without: set[str]) -> str | None:
    """Return the noun that the story speaks of most, after "the" and "my"."""
    counts: dict[str, int] = {}
    for text in texts:
        for noun in re.findall(r"\b(?:[Tt]he|[Aa]|[Aa]n|[Mm]y) ([a-z]{3,})(?=[ .,!?])(?! [a-z]+ing\b)", text):
            counts[noun] = counts.get(noun, 0) + 1
    telling = {n: c for n, c in counts.items() if c > 1 and n not in without and n not in _VAGUE}
    return max(telling, key=lambda n: (telling[n], -len(n))) if telling else None


_VAGUE: Final = frozenset(
    """
    time day way thing things same first last next other whole lot bit few one two little morning
    night week year month end rest only new old best good bad big back front house home man woman
    guy person people moment minute hour door long single couple point reason fact half""".split()
)
