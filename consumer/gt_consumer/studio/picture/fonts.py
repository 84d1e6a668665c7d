"""The three typefaces, each from a package that includes its licence."""

from __future__ import annotations

import functools
import unicodedata
from importlib.resources import files
from typing import TYPE_CHECKING

from gt_consumer.studio.errors import StudioError
from gt_consumer.studio.text.letters import in_latin

if TYPE_CHECKING:
    import skia


def _load(package: str, name: str) -> skia.Typeface:
    import skia

    typeface = skia.Typeface.MakeFromFile(str(files(package).joinpath("files", name)))
    if typeface is None:
        raise StudioError(
            f"the font {name} of the package {package} cannot be read; install gt-consumer[studio] again"
        )
    return typeface


@functools.lru_cache(maxsize=1)
def caption_typeface() -> skia.Typeface:
    """Return Lilita One, for captions."""
    return _load("fontpkg_lilita_one", "LilitaOne-Regular.ttf")


@functools.lru_cache(maxsize=1)
def bubble_typeface() -> skia.Typeface:
    """Return Kalam Bold, for speech bubbles."""
    return _load("fontpkg_kalam", "Kalam-Bold.ttf")


@functools.lru_cache(maxsize=1)
def title_typeface() -> skia.Typeface:
    """Return Luckiest Guy, for the title card and effects."""
    return _load("fontpkg_luckiest_guy", "LuckiestGuy-Regular.ttf")


def in_font(text: str, face: skia.Typeface) -> str:
    """Return a text in the letters of a font: a word that it lacks as it sounds in Latin letters."""
    return " ".join(shown for word in text.split() if (shown := _word_in_font(word, face)))


def _word_in_font(word: str, face: skia.Typeface) -> str:
    def lacks(text: str) -> bool:
        return any(c.isalnum() and not face.unicharToGlyph(ord(c)) for c in text)

    if lacks(word):
        plain = unicodedata.normalize("NFKD", word)
        word = in_latin(word) if lacks("".join(c for c in plain if not unicodedata.combining(c))) else plain
    return "".join(c for c in word if face.unicharToGlyph(ord(c)))
