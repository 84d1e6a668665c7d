"""A contact sheet: every picture of a film, small, with its number and time."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from gt_common.errors import UsageError
from gt_common.files import write_atomically
from gt_consumer.studio.picture.fonts import caption_typeface
from gt_consumer.studio.picture.layout import MARGIN_X, MARGIN_Y
from gt_consumer.studio.picture.panels import Painter
from gt_consumer.studio.picture.shots import Shot
from gt_consumer.studio.picture.views import View

if TYPE_CHECKING:
    import skia

SCALE = 0.22
_COLUMNS, _GAP, _FOOT = 8, 8, 44


def draw_sheet(painter: Painter, view: View, shots: Sequence[Shot], path: Path) -> None:
    """Draw the contact sheet of a film; the painter's scale is that of the sheet.

    Parameters:
        path: PNG or JPEG file, by its suffix

    Raises:
        UsageError: there are more pictures than the format has room for
        OutputError: the file cannot be written
    """
    import skia

    width, height = (round(n * painter.scale / view.scale) for n in view.size)
    left = (MARGIN_X + view.side + view.left) * painter.scale
    top = (MARGIN_Y + view.top) * painter.scale
    rows = -(-len(shots) // _COLUMNS)
    size = (_COLUMNS * (width + _GAP) + _GAP, rows * (height + _FOOT + _GAP) + _GAP)
    surface = skia.Surface.MakeRaster(
        skia.ImageInfo.Make(*size, skia.kRGBA_8888_ColorType, skia.kPremul_AlphaType)
    )
    canvas = surface.getCanvas()
    canvas.clear(0xFF202028)
    font = skia.Font(caption_typeface(), 15)
    for n, shot in enumerate(shots):
        x = _GAP + n % _COLUMNS * (width + _GAP)
        y = _GAP + n // _COLUMNS * (height + _FOOT + _GAP)
        canvas.save()
        canvas.clipRect(skia.Rect.MakeXYWH(x, y, width, height))
        canvas.drawImage(painter.picture(shot), x - left, y - top)
        canvas.restore()
        seen = shot.thing or shot.mood
        for row, text in enumerate((f"{n + 1}  {shot.start:.1f} s  {shot.framing}", f"{shot.place}, {seen}")):
            base = y + height + 17 + row * 18
            canvas.drawString(text, x, base, font, skia.Paint(AntiAlias=True, Color=0xFFF2F2F5))
    save(surface.makeImageSnapshot(), path)


def save(image: skia.Image, path: Path) -> None:
    """Save a picture as PNG or JPEG, by the suffix of its name; its folder is made if it is missing.

    Raises:
        UsageError: it is larger than its format can be
        OutputError: it cannot be written
    """
    import skia

    kind = skia.kJPEG if path.suffix.lower() in {".jpg", ".jpeg"} else skia.kPNG
    data = image.encodeToData(kind, 90)
    if data is None:
        # A JPEG has at most 65,535 lines, which is about 1,000 pictures.
        raise UsageError(
            f"{path}: there are too many pictures for one file; give it a name that ends in .png"
        )
    # Skia's own `save` says nothing of a folder that is missing or of a full disk.
    write_atomically(path, bytes(data))
