"""Which part of a panel the camera sees, by the format of the video: upright, square or wide.

People, bubbles and captions have the same places in each; a wide video shows more of the place at both sides.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from gt_consumer.studio.picture.layout import SAFE_MIDDLE, WIDTH


@dataclass(frozen=True)
class View:
    """What a format shows, in units of the upright frame.

    Parameters:
        width, height: of the video in pixels
        left, top: of what is seen
        span: its width
        middle: of captions
    """

    width: int
    height: int
    left: float
    top: float
    span: float
    middle: float

    @property
    def side(self) -> float:
        """Return how far it reaches beyond the margin of an upright panel, at each side."""
        return max(0.0, -self.left - _MARGIN)

    @property
    def size(self) -> tuple[int, int]:
        """Return width and height in pixels."""
        return self.width, self.height

    @property
    def scale(self) -> float:
        """Return the pixels of a unit."""
        return self.width / self.span

    def small(self) -> View:
        """Return the view of a third of its size, for previews."""
        return View(self.width // 3, self.height // 3, self.left, self.top, self.span, self.middle)


_MARGIN: Final = 60
_BAND: Final = 1200  # units of height that hold bubbles, faces and captions
_BAND_TOP: Final = 225
_WIDE: Final = _BAND * 16 / 9
UPRIGHT: Final = View(1080, 1920, 0, 0, WIDTH, SAFE_MIDDLE)
VIEWS: Final = {
    "9:16": UPRIGHT,
    "1:1": View(1080, 1080, -_MARGIN, _BAND_TOP, _BAND, WIDTH / 2),
    "16:9": View(1920, 1080, (WIDTH - _WIDE) / 2, _BAND_TOP, _WIDE, WIDTH / 2),
}
