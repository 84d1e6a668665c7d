"""A mention with the person it means, and the ages in brackets that belong to one."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from gt_consumer.studio.text.ages import tag_of
from gt_consumer.studio.text.mentions import Mention
from gt_consumer.studio.text.people import Sex

_BRACKETS: Final = re.compile(r"[\[(]([^\])]{2,20})[\])]")


@dataclass(frozen=True)
class Found:
    """A mention with the person it means; `acts` if it is the subject of its clause."""

    mention: Mention
    who: int | None
    acts: bool


def loose_tags(text: str, found: Sequence[Found]) -> Iterator[tuple[int, int, Sex | None]]:
    """Yield person, age and sex of each "(55F)" that follows other words: "a woman with short hair (55F)"."""
    for match in _BRACKETS.finditer(text):
        years, sex = tag_of(match.group(1))
        if years is None or any(f.mention.start <= match.start() < f.mention.end for f in found):
            continue
        near = [f.who for f in found if f.who is not None and f.mention.end <= match.start()]
        if near:
            yield near[-1], years, sex
