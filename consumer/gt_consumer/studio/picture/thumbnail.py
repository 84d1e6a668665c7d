"""The picture that stands for a film in lists."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from gt_consumer.studio.picture.layout import MARGIN_X, MARGIN_Y
from gt_consumer.studio.picture.panels import Painter
from gt_consumer.studio.picture.shots import Shot
from gt_consumer.studio.picture.views import View

if TYPE_CHECKING:
    import skia

_QUALITY = 88


def save_thumbnail(painter: Painter, view: View, shot: Shot, path: Path) -> None:
    """Save what the camera sees of a shot when it begins, as a JPEG."""
    import skia

    k = painter.scale
    left, top = round((MARGIN_X + view.side + view.left) * k), round((MARGIN_Y + view.top) * k)
    box = skia.IRect.MakeXYWH(left, top, *view.size)
    picture: skia.Image = painter.picture(shot).makeSubset(box)
    picture.save(str(path), skia.kJPEG, _QUALITY)
