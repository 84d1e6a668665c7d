"""Options of one story, from its line in the list."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace

from gt_common.errors import PermanentError


@dataclass(frozen=True)
class StudioOptions:
    """What can be chosen for each story.

    Parameters:
        speed: pace of the voice, 0.8 to 1.5; 1 is its normal pace
        max_words: words of the script, 30 to 1000; longer stories are shortened
        seed: chooses figures, places and tunes; the same seed makes the same video; 0 takes it from the text
        music: whether music and sound effects play quietly under the voice
        preview: whether to make a quick 360x640 video with the same contents
        voice: name of a voice that is installed on this machine
    """

    speed: float = 1.15
    max_words: int = 220
    seed: int = 0
    music: bool = True
    preview: bool = False
    voice: str = "heart"

    def __post_init__(self) -> None:
        _within("speed", self.speed, 0.8, 1.5)
        _within("max_words", self.max_words, 30, 1000)
        _within("seed", self.seed, 0, 2**31 - 1)

    def for_text(self, text: str) -> StudioOptions:
        """Return the options with a seed derived from the text, unless one is set."""
        return self if self.seed else replace(self, seed=1 + zlib.crc32(text.encode()) % 1_000_000)


def _within(name: str, value: float, low: float, high: float) -> None:
    if not low <= value <= high:
        raise PermanentError(f"option {name} is {value:g}; it must be between {low:g} and {high:g}")


def read_options(given: Mapping[str, object]) -> StudioOptions:
    """Read and check the options of a story.

    Raises:
        PermanentError: an option is unknown, of a wrong type or out of range
    """
    defaults = {f.name: f.default for f in fields(StudioOptions)}
    unknown = sorted(set(given) - set(defaults))
    if unknown:
        raise PermanentError(
            f"unknown studio option {', '.join(unknown)}; known options are {', '.join(sorted(defaults))}"
        )
    values: dict[str, object] = {}
    for name, raw in given.items():
        kind = type(defaults[name])
        whole = isinstance(raw, int) and not isinstance(raw, bool)
        value = float(raw) if kind is float and whole else raw  # type: ignore[arg-type]  # an int if whole
        if type(value) is not kind:
            raise PermanentError(f"option {name} must be of type {kind.__name__}, not {value!r}")
        values[name] = value
    return StudioOptions(**values)  # type: ignore[arg-type] # checked one by one above
