"""Which function draws which place of a script."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from gt_consumer.studio.picture import backgrounds, public_places
from gt_consumer.studio.picture.brush import Brush

BURST: Final = "burst"
"""Rays behind a shout or a shock; not a place, and the scene stays where it is."""

DRAWN: Final[Mapping[str, Callable[[Brush], None]]] = {
    "room": backgrounds.room,
    "kitchen": backgrounds.kitchen,
    "bedroom": backgrounds.bedroom,
    "office": backgrounds.office,
    "meeting": public_places.meeting,
    "restaurant": backgrounds.restaurant,
    "street": backgrounds.street,
    "car": public_places.car,
    "park": backgrounds.park,
    "shop": public_places.shop,
    "school": public_places.school,
    "hospital": public_places.hospital,
    "court": public_places.court,
    "church": public_places.church,
    "gym": public_places.gym,
    BURST: backgrounds.burst,
}
"""Every place of a script, and what is behind a shout."""


def draw_place(name: str, brush: Brush) -> None:
    """Draw a place of `PLACES`, or the rays of `BURST`."""
    DRAWN[name](brush)
