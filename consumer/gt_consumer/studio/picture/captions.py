"""The captions burned into the picture: at most three words at a time, the spoken one in colour."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gt_consumer.studio.picture.fonts import caption_typeface, in_font
from gt_consumer.studio.picture.layout import SAFE_LEFT, SAFE_RIGHT
from gt_consumer.studio.sound.narration import TimedWord

if TYPE_CHECKING:
    import numpy as np
    import skia
    from numpy.typing import NDArray

MAX_WORDS = 3
MAX_CHARS = 19
ACTIVE = (0xFF, 0xE1, 0x2E)
ACTIVE_LOUD = (0xFF, 0x5A, 0x4A)
_PAUSE_S = 0.3
_SIZE, _PLAIN_SIZE = 92, 68
_BOX = (0x7A, 0x3F, 0xE0)
STYLES = ("pop", "box", "plain", "off")
_PAD = 26


@dataclass(frozen=True)
class Phrase:
    """Words that are shown together, from `start` to `end` in seconds."""

    words: tuple[TimedWord, ...]
    start: float
    end: float

    def active(self, at: float) -> int:
        """Return the index of the word that is spoken at a time, or was spoken last."""
        return max((i for i, w in enumerate(self.words) if w.start <= at), default=0)


def plain(word: str) -> str:
    """Format a word for a plain caption: as it is written, in the letters of the font."""
    return _known(word)


def display(word: str) -> str:
    """Format a word for a caption: in capitals, of punctuation only ! and ?, in letters of the font."""
    bare = word.strip("\"'()[]*.,;:…-!?")
    tail = word[word.rfind(bare) + len(bare) :] if bare else ""
    return _known(bare.upper() + ("?" if "?" in tail else "!" if "!" in tail else "")).upper()


def _known(word: str) -> str:
    return in_font(word, caption_typeface())


def group(words: Sequence[TimedWord], breaks: Sequence[float] = ()) -> list[Phrase]:
    """Group words into phrases that end at punctuation, at pauses and at `breaks` (cuts, in seconds)."""
    groups: list[list[TimedWord]] = []
    for word in words:
        last = groups[-1] if groups else None
        if last and not _begins_phrase(last, word, breaks):
            last.append(word)
        else:
            groups.append([word])
    phrases = []
    for i, members in enumerate(groups):
        after = groups[i + 1][0].start if i + 1 < len(groups) else members[-1].end + 0.6
        end = after if after - members[-1].end < 0.5 else members[-1].end + 0.25
        phrases.append(Phrase(tuple(members), members[0].start, end))
    return phrases


def _begins_phrase(last: list[TimedWord], word: TimedWord, breaks: Sequence[float]) -> bool:
    length = sum(len(w.text) + 1 for w in last) + len(word.text)
    return (
        len(last) >= MAX_WORDS
        or length > MAX_CHARS
        or last[-1].text[-1:] in ".,!?;:…"
        or last[-1].text.endswith(('."', ',"', '!"', '?"', ")"))
        or word.start - last[-1].end > _PAUSE_S
        or any(last[-1].start < b <= word.start for b in breaks)
    )


def draw(phrase: Phrase, active: int, scale: float, style: str = "pop") -> NDArray[np.uint8]:
    """Draw a phrase; returns premultiplied RGBA of even width and height.

    Parameters:
        active: index of the word that is spoken
        scale: pixels per unit of a frame that is 1080 units wide
        style: one of `STYLES`: the spoken word in colour, on a coloured box, or like the others
    """
    import skia

    texts = [plain(w.text) if style == "plain" else display(w.text) for w in phrase.words]
    font, widths, space = _set(texts, (_PLAIN_SIZE if style == "plain" else _SIZE) * scale, scale)
    size, total = font.getSize(), sum(widths) + space * (len(texts) - 1)
    width = int(total + 2 * _PAD * scale) // 2 * 2 + 2
    height = int(size * 0.95 + 2 * _PAD * scale) // 2 * 2 + 2
    surface = skia.Surface.MakeRaster(
        skia.ImageInfo.Make(width, height, skia.kRGBA_8888_ColorType, skia.kPremul_AlphaType)
    )
    canvas = surface.getCanvas()
    canvas.clear(0)
    base = height / 2 + size * 0.36
    blobs = [skia.TextBlob.MakeFromString(t or " ", font) for t in texts]
    lefts = [_PAD * scale + sum(widths[:i]) + space * i for i in range(len(texts))]
    strokes = ((3.0, 10.0), (0.0, 8.0)) if style == "plain" else ((7.0, 24.0), (0.0, 20.0))
    for dy, stroke in strokes:
        for blob, x in zip(blobs, lefts, strict=True):
            canvas.drawTextBlob(blob, x, base + dy * scale, _outline(stroke * scale))
    loud = phrase.words[active].loud
    if style == "box":
        box = skia.Rect.MakeXYWH(
            lefts[active] - 12 * scale, height / 2 - size * 0.5, widths[active] + 24 * scale, size
        )
        fill = skia.Paint(AntiAlias=True, Color=skia.ColorSetRGB(*(ACTIVE_LOUD if loud else _BOX)))
        canvas.drawRoundRect(box, 16 * scale, 16 * scale, fill)
    for i, (blob, x) in enumerate(zip(blobs, lefts, strict=True)):
        coloured = i == active and style == "pop"
        colour = (ACTIVE_LOUD if loud else ACTIVE) if coloured else (255, 255, 255)
        canvas.drawTextBlob(blob, x, base, skia.Paint(AntiAlias=True, Color=skia.ColorSetRGB(*colour)))
    pixels: NDArray[np.uint8] = surface.toarray(
        colorType=skia.kRGBA_8888_ColorType, alphaType=skia.kPremul_AlphaType
    )
    return pixels


def _set(texts: Sequence[str], size: float, scale: float) -> tuple[skia.Font, list[float], float]:
    """Return a font in which a line fits, the widths of its words, and the space between them."""
    import skia

    room = (SAFE_RIGHT - SAFE_LEFT - 2 * _PAD) * scale
    for _ in range(2):
        font = skia.Font(caption_typeface(), size)
        widths, space = [font.measureText(t) for t in texts], size * 0.26
        total = sum(widths) + space * (len(texts) - 1)
        if total <= room:
            break
        size *= room / total
    return font, widths, space


def _outline(width: float) -> skia.Paint:
    import skia

    return skia.Paint(
        AntiAlias=True,
        Color=0xFF120B22,
        Style=skia.Paint.kStrokeAndFill_Style,
        StrokeWidth=width,
        StrokeJoin=skia.Paint.kRound_Join,
    )
