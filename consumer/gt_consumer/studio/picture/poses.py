"""Where the people of a shot stand, and how large they are."""

from __future__ import annotations

from collections.abc import Mapping

from gt_consumer.studio.picture.cast import Look
from gt_consumer.studio.picture.figures import Pose
from gt_consumer.studio.picture.layout import CHIN_Y
from gt_consumer.studio.picture.shots import Shot

_SIZES = {"title": 0.66, "end": 0.62, "single": 0.9, "close": 1.3, "wide": 0.56, "two": 0.64, "over": 0.78}
_BESIDE_BUBBLE = {"single": 0.86, "close": 1.0, "two": 0.62, "over": 0.72, "wide": 0.56}
"""Smaller, to leave room for what is said."""
_BELOW_CARD, _CARD_MIDDLE = 1390, 513
_BACK = Pose(870, 1400, 1.28, mirrored=True)


def poses(shot: Shot, looks: Mapping[str, Look]) -> list[tuple[str, Pose]]:
    """Return the people of a shot whose faces are seen, with their poses; the first is its subject."""
    if shot.framing in {"insert", "hands"}:
        return []
    if shot.framing == "end":
        return _below_card(shot, looks)
    size = (_BESIDE_BUBBLE if shot.bubble else _SIZES).get(shot.framing, _SIZES["single"])

    def tall(who: str) -> float:
        return size * looks[who].height

    if shot.framing == "two" and shot.other:
        return [
            (shot.subject, Pose(290, CHIN_Y, tall(shot.subject))),
            (shot.other, Pose(770, CHIN_Y, tall(shot.other), mirrored=True)),
        ]
    mirrored = int(shot.start * 10) % 2 == 1
    if shot.framing == "over":
        return [(shot.subject, Pose(400 if not mirrored else 680, CHIN_Y - 30, tall(shot.subject), mirrored))]
    shift = {"wide": 170, "single": 40, "close": 20}.get(shot.framing, 0)
    x = 540 + (shift if mirrored else -shift)
    return [(shot.subject, Pose(x, CHIN_Y, tall(shot.subject), mirrored))]


def _below_card(shot: Shot, looks: Mapping[str, Look]) -> list[tuple[str, Pose]]:
    """Return two people, or the narrator alone, below the end card."""
    size = _SIZES["end"]
    if shot.other is None:
        return [(shot.subject, Pose(_CARD_MIDDLE, _BELOW_CARD, size * looks[shot.subject].height))]
    return [
        (shot.subject, Pose(280, _BELOW_CARD, size * looks[shot.subject].height)),
        (shot.other, Pose(760, _BELOW_CARD, size * looks[shot.other].height, mirrored=True)),
    ]


def back_of(shot: Shot, seen: Pose) -> Pose | None:
    """Return where the one stands over whose shoulder a shot looks; None in other shots."""
    if shot.framing != "over" or shot.other is None:
        return None
    return Pose(120, _BACK.chin_y, _BACK.size) if seen.mirrored else Pose(960, _BACK.chin_y, _BACK.size, True)
