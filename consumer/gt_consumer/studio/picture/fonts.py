"""The three typefaces, each from a package that includes its licence."""

from __future__ import annotations

import functools
from importlib.resources import files
from typing import TYPE_CHECKING

from gt_consumer.studio.errors import StudioError

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
