"""All text stays where no platform covers it: 200 random panels, with the camera at its limits."""

from __future__ import annotations

import random

from gt_consumer.studio.picture.cast import cast_looks
from gt_consumer.studio.picture.layout import (
    SAFE_BOTTOM,
    SAFE_LEFT,
    SAFE_RIGHT,
    SAFE_TOP,
)
from gt_consumer.studio.picture.panels import Card, Painter
from gt_consumer.studio.picture.shots import Shot, camera_move
from gt_consumer.studio.script.model import Member
from gt_consumer.studio.script.words import FRAMINGS, INSERTS, MOODS, NARRATOR, PLACES

CAST = (
    Member(id=NARRATOR, role=NARRATOR, sex="male", age=34),
    Member(id="sister", name="Wilhelmina-Alexandra", role="sister", sex="female", age=27),
    Member(id="son", role="son", sex="male", age=6),
)
WORDS = ("no", "I", "never said", "that", "you owe", "me", "$40,000", "incomprehensibilities")


def _text(rng: random.Random, most: int) -> str:
    return " ".join(rng.choice(WORDS) for _ in range(rng.randint(1, most))).capitalize() + rng.choice(".!?…")


def _shot(rng: random.Random, number: int) -> Shot:
    framing = rng.choice((*FRAMINGS, *FRAMINGS, "insert", "title", "end"))
    who = rng.sample([m.id for m in CAST], 2)
    kind = rng.choice(("bubble", "bubble", "effect"))
    said = framing in FRAMINGS and framing != "hands"
    return Shot(
        rng.uniform(0, 60),
        99,
        framing,
        who[0],
        rng.choice(MOODS),
        rng.choice(("hook", "crisis")),
        PLACES[0],
        other=who[1] if framing in {"two", "over", "hands", "end"} else None,
        bubble=_text(rng, 15) if said and kind == "bubble" else None,
        title=_text(rng, 24) if framing == "title" else None,
        thing=rng.choice(INSERTS) if framing in {"insert", "hands"} else None,
        note=rng.choice(("", "$40,000", "3:15 am", _text(rng, 18))),
        effect=rng.choice(("?!", "!!")) if said and kind == "effect" else None,
        loud=said and kind == "bubble" and number % 3 == 0,
    )


def test_text_of_200_random_panels_is_inside_the_safe_area() -> None:
    rng = random.Random(14)  # noqa: S311 - draws pictures, guards nothing
    painter = Painter(cast_looks(CAST, 3), 0.1, 3, Card("r/AmItheAsshole", "@a-long-name-of-a-channel-here"))
    lines = 0
    for number in range(200):
        shot = _shot(rng, number)
        panel = painter.paint(shot)
        for box in panel.texts:
            lines += 1
            left, top, right, bottom = camera_move(shot, number).reach(box)
            assert left >= SAFE_LEFT, shot
            assert top >= SAFE_TOP, shot
            assert right <= SAFE_RIGHT, shot
            assert bottom <= SAFE_BOTTOM, shot
        assert bool(panel.texts) >= bool(shot.bubble or shot.title or shot.effect)
    assert lines > 250
