"""Turns panels into frames: slow zooms and pans on the Y, U and V planes, captions blended in.

A panel is converted once to the encoder's BT.709 limited-range planes, and each frame moves the three planes,
less than half the work of moving RGB pictures. `resize` enlarges a plane in less than half the time of
`warpAffine` but begins at whole pixels; `find_cut` finds where to begin so that the picture still moves by
parts of a pixel.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gt_consumer.studio.picture.layout import MARGIN_X, MARGIN_Y, MAX_ZOOM, TREMBLE

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from gt_consumer.studio.picture.views import View

    Plane = NDArray[np.uint8]

# ITU-R BT.709: luma weights, and colour differences scaled to the limited range 16..235 and 16..240.
_KR, _KB = 0.2126, 0.0722
_KG = 1 - _KR - _KB
_Y_SCALE, _C_SCALE = 219 / 255, 224 / 255
Box = tuple[float, float, float, float]
EDGE = 300
"""Pixels left of and above a panel's planes which are never shown: `resize` may begin there and skip them."""
_LEAST_SHIFT = 1 / EDGE  # with less, more pixels would have to be skipped


@dataclass(frozen=True)
class Planes:
    """A picture in the encoder's format: luma at full size, colour differences at half size.

    Parameters:
        edged: planes of which the others are views, with `EDGE` more pixels left and above; may be none
    """

    y: Plane
    u: Plane
    v: Plane
    edged: tuple[Plane, ...] = ()


def planes_of(data: NDArray[np.uint8], width: int, height: int) -> Planes:
    """Return the planes of a flat yuv420p buffer as views into it."""
    import numpy as np

    y, u, v = np.split(data, [width * height, width * height * 5 // 4])
    half = (height // 2, width // 2)
    return Planes(y.reshape(height, width), u.reshape(half), v.reshape(half))


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

    def reach(self, box: Box) -> Box:
        """Return the least box that contains a box of the panel wherever the camera is within the move."""
        tremble = TREMBLE if self.shake else 0
        fx, fy = self.focus
        ends = [
            (fx + (x - fx) * zoom + pan[0], fy + (y - fy) * zoom + pan[1])
            for zoom, pan in zip(self.zoom, self.pan, strict=True)
            for x, y in (box[:2], box[2:])
        ]
        xs, ys = zip(*ends, strict=True)
        return min(xs) - tremble, min(ys) - tremble, max(xs) + tremble, max(ys) + tremble


def matrix_709() -> NDArray[np.float32]:
    """Return the 3x4 matrix that converts RGB (0 to 255) to limited-range YUV."""
    import numpy as np

    y = np.array([_KR, _KG, _KB])
    u = (np.array([0, 0, 1]) - y) / (2 * (1 - _KB))
    v = (np.array([1, 0, 0]) - y) / (2 * (1 - _KR))
    rows = np.stack([y * _Y_SCALE, u * _C_SCALE, v * _C_SCALE])
    return np.hstack([rows, [[16], [128], [128]]]).astype(np.float32)


def to_planes(rgb: NDArray[np.uint8], *, edged: bool = False) -> Planes:
    """Convert a picture of even width and height.

    Parameters:
        edged: whether it gets room for the camera
    """
    import cv2
    import numpy as np

    yuv = cv2.transform(rgb, matrix_709())
    height, width = yuv.shape[:2]
    half = cv2.resize(yuv, (width // 2, height // 2), interpolation=cv2.INTER_AREA)
    parts = cv2.extractChannel(yuv, 0), cv2.extractChannel(half, 1), cv2.extractChannel(half, 2)
    y, u, v = (part.astype("uint8", copy=False) for part in parts)
    if not edged:
        return Planes(y, u, v)
    wide = [np.zeros([n + EDGE for n in plane.shape], np.uint8) for plane in (y, u, v)]
    inner = [plane[EDGE:, EDGE:] for plane in wide]
    for plane, part in zip(inner, (y, u, v), strict=True):
        plane[:] = part
    return Planes(inner[0], inner[1], inner[2], tuple(wide))


class Camera:
    """Makes frames of one size.

    Parameters:
        view: what it sees, and the size of the video
        panel_scale: pixels of a panel per unit of the frame
    """

    def __init__(self, view: View, panel_scale: float) -> None:
        self._view, self._panel_scale = view, panel_scale

    def shoot(self, panel: Planes, move: Move, part: float, seconds: float, into: Planes) -> None:
        """Render the frame at `part` (0 to 1) of a move, `seconds` after its start."""
        ease = part * part * (3 - 2 * part) * 0.35 + part * 0.65
        zoom = move.zoom[0] + (move.zoom[1] - move.zoom[0]) * ease
        pan = [a + (b - a) * ease for a, b in zip(*move.pan, strict=True)]
        if move.shake:
            pan = [p + s for p, s in zip(pan, _tremble(seconds), strict=True)]
        planes, edge = (panel.edged, EDGE) if panel.edged else ((panel.y, panel.u, panel.v), 0)
        for plane, target, step in zip(planes, (into.y, into.u, into.v), (1, 2, 2), strict=True):
            self._warp(plane, edge, target, step, zoom, (pan[0], pan[1]), move.focus)

    def _warp(
        self,
        plane: Plane,
        edge: int,
        target: Plane,
        step: int,
        zoom: float,
        pan: tuple[float, float],
        focus: tuple[float, float],
    ) -> None:
        view = self._view
        per_pixel = step / view.scale / zoom  # units of the panel
        k = self._panel_scale / step  # pixels of the plane for a unit
        slope = per_pixel * k
        left, top = (
            edge - 0.5 + k * (focus[n] + margin - (focus[n] + pan[n] - first) / zoom + 0.5 * per_pixel)
            for n, margin, first in ((0, MARGIN_X + view.side, view.left), (1, MARGIN_Y, view.top))
        )
        height, width = target.shape
        across = find_cut(slope, left, width, plane.shape[1])
        down = find_cut(slope, top, height, plane.shape[0])
        if across and down:
            _enlarge(plane, target, slope, across, down)
        else:
            _move(plane, target, slope, left, top)


@dataclass(frozen=True)
class Cut:
    """Where `resize` reads a row of pixels and which of the enlarged ones are kept.

    Parameters:
        begin, end: the pixels that are enlarged
        skip: how many enlarged pixels come before the first that is kept
    """

    begin: int
    end: int
    skip: int


def find_cut(slope: float, offset: float, length: int, available: int) -> Cut | None:
    """Find the cut whose enlarged pixels lie where they are wanted, within `(1 - slope) / 2` of a pixel.

    An enlarged pixel n of a cut shows the place begin + (n + 0.5) * slope - 0.5. Only whole numbers can be
    chosen for `begin`, but each skipped pixel shifts the rest by 1 - slope of a pixel.

    Parameters:
        slope: pixels of the panel for one of the frame, less than 1
        offset: the panel's pixel that the frame's first one shows
        length: pixels of the frame
        available: pixels of the panel

    Returns:
        None where no cut does it: too little zoom, or the panel ends before
    """
    shift = 1 - slope
    if shift < _LEAST_SHIFT:
        return None
    place = offset + 0.5 - 0.5 * slope
    skip = round((math.ceil(place) - place) / shift)
    begin = round(place - skip * slope)
    end = begin + math.ceil((skip + length) * slope) + 1
    return Cut(begin, end, skip) if begin >= 0 and end <= available else None


def _enlarge(plane: Plane, target: Plane, slope: float, across: Cut, down: Cut) -> None:
    import cv2

    part = plane[down.begin : down.end, across.begin : across.end]
    large = cv2.resize(part, None, fx=1 / slope, fy=1 / slope, interpolation=cv2.INTER_LINEAR)
    height, width = target.shape
    target[:] = large[down.skip : down.skip + height, across.skip : across.skip + width]


def _move(plane: Plane, target: Plane, slope: float, left: float, top: float) -> None:
    import cv2
    import numpy as np

    cv2.warpAffine(
        plane,
        np.array([[slope, 0, left], [0, slope, top]]),
        (target.shape[1], target.shape[0]),
        dst=target,
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REPLICATE,
    )


def _tremble(seconds: float) -> tuple[float, float]:
    strength = TREMBLE * max(0.0, 1 - seconds / 0.45)
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


def overlay(rgba: NDArray[np.uint8]) -> Overlay:
    """Prepare a sprite of premultiplied RGBA for `blend`; its width and height must be even."""
    import cv2

    matrix = matrix_709()
    matrix[:, 3] /= 255  # the offsets count as much as the sprite covers
    yuv = cv2.transform(rgba, matrix)
    rest = cv2.bitwise_not(cv2.extractChannel(rgba, 3))
    size = (rest.shape[1] // 2, rest.shape[0] // 2)
    half, half_rest = (cv2.resize(p, size, interpolation=cv2.INTER_AREA) for p in (yuv, rest))
    planes = cv2.extractChannel(yuv, 0), cv2.extractChannel(half, 1), cv2.extractChannel(half, 2)
    y, u, v, whole, quarter = (p.astype("uint8", copy=False) for p in (*planes, rest, half_rest))
    return Overlay((y, u, v), (whole, quarter))


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
