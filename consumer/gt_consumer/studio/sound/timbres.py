"""Who sounds how: a voice by sex and age for each member of the cast, the same in the whole film.

The engine's own voice is a woman's of about 190 Hz. Speaking men lie near 110 Hz with formants a sixth
lower, children above 250 Hz with formants a sixth higher (Peterson and Barney 1952; Hillenbrand 1995).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

from gt_consumer.studio.script.model import Member
from gt_consumer.studio.sound.speech import Timbre

_TIMBRES: Final = {
    ("female", "child"): Timbre(1.38, 1.16),
    ("female", "teen"): Timbre(1.12, 1.06),
    ("female", "young"): Timbre(1.0, 1.0),
    ("female", "adult"): Timbre(0.92, 0.97),
    ("female", "old"): Timbre(0.82, 0.94),
    ("male", "child"): Timbre(1.27, 1.12),
    ("male", "teen"): Timbre(0.78, 0.94),
    ("male", "young"): Timbre(0.63, 0.87),
    ("male", "adult"): Timbre(0.56, 0.84),
    ("male", "old"): Timbre(0.7, 0.85),
    ("unknown", "child"): Timbre(1.32, 1.14),
}
_UNKNOWN: Final = Timbre(0.84, 0.95)
# Tried in turn until a voice is far enough from those of the same sex that the story has already.
_STEPS: Final = (1.0, 1.12, 0.89, 1.2, 0.83, 1.06, 0.94)
_APART: Final = math.log(1.07)
_FORMANT_SHARE: Final = 0.35


def cast_timbres(cast: Sequence[Member]) -> dict[str, Timbre]:
    """Return the timbre of each member by id; the narrator gets the plain voice of sex and age."""
    chosen: dict[str, Timbre] = {}
    sexes: dict[str, str] = {}
    for member in sorted(cast, key=lambda m: not m.narrates):
        near = [chosen[name] for name, sex in sexes.items() if sex == member.sex]
        tried = [_stepped(_base(member), step) for step in _STEPS]
        chosen[member.id] = next(
            (t for t in tried if _distance(t, near) >= _APART), max(tried, key=lambda t: _distance(t, near))
        )
        sexes[member.id] = member.sex
    return chosen


def _base(member: Member) -> Timbre:
    found = _TIMBRES.get((member.sex, member.age_group))
    if found is None:
        return Timbre() if member.narrates else _UNKNOWN
    return found


def _stepped(base: Timbre, step: float) -> Timbre:
    return Timbre(base.pitch * step, base.formant * step**_FORMANT_SHARE)


def _distance(timbre: Timbre, others: Sequence[Timbre]) -> float:
    """Return how far the pitch is from the nearest other one, as the logarithm of their ratio."""
    return min((abs(math.log(timbre.pitch / other.pitch)) for other in others), default=math.inf)
