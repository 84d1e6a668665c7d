"""Turns panels into frames: slow zooms and pans on the Y, U and V planes, captions blended in.

A panel is converted once to the encoder's BT.709 limited-range planes; each frame then takes three small
`warpAffine` calls, less than half the work of moving RGB pictures (11 against 26 ms a frame).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from gt_consumer.studio.picture.layout import MARGIN_X, MARGIN_Y, MAX_ZOOM, WIDTH

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Plane = NDArray[np.uint8]

# ITU-R BT.709: luma weights, and colour differences scaled to the limited range 16..235 and 16..240.
_KR, _KB = 0.2126, 0.0722
_KG = 1 - _KR - _KB
_Y_SCALE, _C_SCALE = 219 / 255, 224 / 255


@dataclass(frozen=True)
class Planes:
    """A picture in the encoder's format: luma at full size, colour differences at half size."""

    y: Plane
    u: Plane
    v: Plane


def empty_frame(width: int, height: int) -> tuple[NDArray[np.uint8], Planes]:
    """Return a new yuv420p buffer, flat, and its planes as views into it."""
    import numpy as np

    data = np.empty(width * height * 3 // 2, np.uint8)
    y, u, v = np.split(data, [width * height, width * height * 5 // 4])
    half = (height // 2, width // 2)
    return data, Planes(y.reshape(height, width), u.reshape(half), v.reshape(half))


@dataclass(frozen=True)
class Move:
    """A camera move over a panel.

    Parameters:
        zoom: factor at the start and at the end, 1 to `MAX_ZOOM`
        pan: shift at the start and at the end, in units of the frame
        focus: the point of the frame that does not move
        shake: whether the camera trembles at first, as for a shout
    """

    zoom: tuple[float, float]
    pan: tuple[tuple[float, float], tuple[float, float]]
    focus: tuple[float, float]
    shake: bool = False

    def __post_init__(self) -> None:
        if not all(1 <= z <= MAX_ZOOM for z in self.zoom):
            raise ValueError(f"zoom {self.zoom} is not between 1 and {MAX_ZOOM}")


def matrix_709() -> NDArray[np.float32]:
    """Return the 3x4 matrix that converts RGB (0 to 255) to limited-range YUV."""
    import numpy as np

    y = np.array([_KR, _KG, _KB])
    u = (np.array([0, 0, 1]) - y) / (2 * (1 - _KB))
    v = (np.array([1, 0, 0]) - y) / (2 * (1 - _KR))
    rows = np.stack([y * _Y_SCALE, u * _C_SCALE, v * _C_SCALE])
    return np.hstack([rows, [[16], [128], [128]]]).astype(np.float32)


def to_planes(rgb: NDArray[np.uint8]) -> Planes:
    """Convert a picture of even width and height."""
    import cv2

    yuv = cv2.transform(rgb, matrix_709())
    height, width = yuv.shape[:2]
    half = cv2.resize(yuv, (width // 2, height // 2), interpolation=cv2.INTER_AREA)
    y, u, v = yuv[..., 0].copy(), half[..., 1].copy(), half[..., 2].copy()
    return Planes(y.astype("uint8", copy=False), u.astype("uint8", copy=False), v.astype("uint8", copy=False))


class Camera:
    """Makes frames of one size.

    Parameters:
        width, height: of the video in pixels
        panel_scale: pixels of a panel per unit of the frame
    """

    def __init__(self, width: int, height: int, panel_scale: float) -> None:
        self.width, self.height, self._panel_scale = width, height, panel_scale

    def shoot(self, panel: Planes, move: Move, part: float, seconds: float, into: Planes) -> None:
        """Render the frame at `part` (0 to 1) of a move, `seconds` after its start."""
        ease = part * part * (3 - 2 * part) * 0.35 + part * 0.65
        zoom = move.zoom[0] + (move.zoom[1] - move.zoom[0]) * ease
        pan = [a + (b - a) * ease for a, b in zip(*move.pan, strict=True)]
        if move.shake:
            pan = [p + s for p, s in zip(pan, _tremble(seconds), strict=True)]
        for plane, target, step in ((panel.y, into.y, 1), (panel.u, into.u, 2), (panel.v, into.v, 2)):
            self._warp(plane, target, step, zoom, (pan[0], pan[1]), move.focus)

    def _warp(
        self,
        plane: Plane,
        target: Plane,
        step: int,
        zoom: float,
        pan: tuple[float, float],
        focus: tuple[float, float],
    ) -> None:
        import cv2
        import numpy as np

        per_pixel = WIDTH * step / self.width / zoom  # units of the panel
        k = self._panel_scale / step  # pixels of the plane for a unit
        slope = per_pixel * k
        shift = [
            (focus[axis] + margin - (focus[axis] + pan[axis]) / zoom + 0.5 * per_pixel) * k - 0.5
            for axis, margin in ((0, MARGIN_X), (1, MARGIN_Y))
        ]
        cv2.warpAffine(
            plane,
            np.array([[slope, 0, shift[0]], [0, slope, shift[1]]]),
            (target.shape[1], target.shape[0]),
            dst=target,
            flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
            borderMode=cv2.BORDER_REPLICATE,
        )


def _tremble(seconds: float) -> tuple[float, float]:
    import math

    strength = 22 * max(0.0, 1 - seconds / 0.45)
    return strength * math.sin(seconds * 71), strength * math.cos(seconds * 53) * 0.8


def brighten(frame: Planes, amount: float) -> None:
    """Lighten a frame towards white, as a flash does; `amount` is 0 to 1."""
    import cv2

    cv2.addWeighted(frame.y, 1 - amount, frame.y, 0, 235 * amount, dst=frame.y)


@dataclass(frozen=True)
class Overlay:
    """A sprite prepared for blending: its planes times alpha, and how much of the picture shows through."""

    planes: tuple[Plane, Plane, Plane]
    rest: tuple[Plane, Plane]


def overlay(rgb: NDArray[np.uint8], alpha: Plane) -> Overlay:
    """Prepare a sprite of premultiplied RGB for `blend`; its width and height must be even."""
    import cv2
    import numpy as np

    matrix = matrix_709()
    offsets = alpha[..., None].astype(np.float32) / 255 * matrix[:, 3]
    yuv = np.clip(rgb.astype(np.float32) @ matrix[:, :3].T + offsets + 0.5, 0, 255)
    half = cv2.resize(yuv, (alpha.shape[1] // 2, alpha.shape[0] // 2), interpolation=cv2.INTER_AREA).astype(
        np.uint8
    )
    rest = 255 - alpha
    half_rest = cv2.resize(rest, (alpha.shape[1] // 2, alpha.shape[0] // 2), interpolation=cv2.INTER_AREA)
    return Overlay(
        (yuv[..., 0].astype(np.uint8), half[..., 1].copy(), half[..., 2].copy()),
        (rest, half_rest.astype(np.uint8, copy=False)),
    )


def blend(frame: Planes, sprite: Overlay, left: int, top: int) -> None:
    """Blend a sprite into a frame, its upper left corner at even pixels; it must lie inside the frame."""
    import cv2

    for plane, mine, rest, step in (
        (frame.y, sprite.planes[0], sprite.rest[0], 1),
        (frame.u, sprite.planes[1], sprite.rest[1], 2),
        (frame.v, sprite.planes[2], sprite.rest[1], 2),
    ):
        height, width = mine.shape
        box = plane[top // step : top // step + height, left // step : left // step + width]
        box[:] = cv2.add(cv2.multiply(box, rest, scale=1 / 255), mine)
