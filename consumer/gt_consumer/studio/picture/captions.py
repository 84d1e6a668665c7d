"""The captions burned into the picture: at most three words at a time, the spoken one in colour."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gt_consumer.studio.picture.fonts import caption_typeface
from gt_consumer.studio.picture.layout import TEXT_LEFT, TEXT_RIGHT
from gt_consumer.studio.sound.narration import TimedWord

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

MAX_WORDS = 3
MAX_CHARS = 19
ACTIVE = (0xFF, 0xE1, 0x2E)
ACTIVE_LOUD = (0xFF, 0x5A, 0x4A)
_PAUSE_S = 0.3
_SIZE = 92
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


@dataclass(frozen=True)
class Sprite:
    """A picture with transparency: premultiplied RGB and alpha, 0 to 255."""

    rgb: NDArray[np.uint8]
    alpha: NDArray[np.uint8]


def display(word: str) -> str:
    """Format a word for a caption: in capitals, of punctuation only ! and ?, without what the font lacks."""
    face = caption_typeface()
    bare = word.strip("\"'()[]*.,;:…-!?")
    tail = word[word.rfind(bare) + len(bare) :] if bare else ""
    word = bare.upper() + ("?" if "?" in tail else "!" if "!" in tail else "")
    letters: list[str] = []
    for c in word:
        plain = c if face.unicharToGlyph(ord(c)) else unicodedata.normalize("NFKD", c)
        letters += [p for p in plain if face.unicharToGlyph(ord(p))]
    return "".join(letters)


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


def draw(phrase: Phrase, active: int, scale: float) -> Sprite:
    """Draw a phrase with one word in colour.

    Parameters:
        active: index of the coloured word
        scale: pixels per unit of a frame that is 1080 units wide
    """
    import skia

    texts = [display(w.text) for w in phrase.words]
    size = _SIZE * scale
    font = skia.Font(caption_typeface(), size)
    space = size * 0.26
    widths = [font.measureText(t) for t in texts]
    room = (TEXT_RIGHT - TEXT_LEFT - 2 * _PAD) * scale
    total = sum(widths) + space * (len(texts) - 1)
    if total > room:
        size *= room / total
        font = skia.Font(caption_typeface(), size)
        space = size * 0.26
        widths = [font.measureText(t) for t in texts]
        total = sum(widths) + space * (len(texts) - 1)
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
    for dy, stroke in ((7 * scale, 24 * scale), (0.0, 20 * scale)):
        ink = skia.Paint(
            AntiAlias=True,
            Color=0xFF120B22,
            Style=skia.Paint.kStrokeAndFill_Style,
            StrokeWidth=stroke,
            StrokeJoin=skia.Paint.kRound_Join,
        )
        for blob, x in zip(blobs, lefts, strict=True):
            canvas.drawTextBlob(blob, x, base + dy, ink)
    for i, (blob, x) in enumerate(zip(blobs, lefts, strict=True)):
        colour = (ACTIVE_LOUD if phrase.words[i].loud else ACTIVE) if i == active else (255, 255, 255)
        canvas.drawTextBlob(blob, x, base, skia.Paint(AntiAlias=True, Color=skia.ColorSetRGB(*colour)))
    pixels = surface.toarray(colorType=skia.kRGBA_8888_ColorType)
    alpha = pixels[..., 3]
    import numpy as np

    premultiplied = (pixels[..., :3].astype(np.uint16) * alpha[..., None] // 255).astype(np.uint8)
    return Sprite(premultiplied, alpha.copy())
