"""Options of one story, from its line in the list."""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path

from gt_common.errors import PermanentError

_LONGEST_NAME = 40


@dataclass(frozen=True)
class StudioOptions:
    """What can be chosen for each story.

    Parameters:
        speed: pace of the voice, 0.8 to 1.5; 1 is its normal pace
        max_words: words of the script, 30 to 1000; longer stories are shortened
        seed: chooses figures, places and tunes; the same seed makes the same video; 0 takes it from the title
        music: whether music and sound effects play quietly under the voice
        preview: whether to make a quick 360x640 video with the same contents
        voice: name of a voice that is installed on this machine
        voice_track: file with the script read aloud, title first, in place of the studio's voices
        music_file: file to play in place of the studio's music
        music_volume: of the music, 0 to 2; 1 is quiet enough for the voice
        format: "9:16", "1:1" or "16:9"
        captions: "pop", "box", "plain" or "off"
        caption_position: "bottom" or "top"
        source: what the end card calls the story's origin; empty for the subreddit of its URL
        handle: of the channel, for the end card, such as "@stories"; empty for none
    """

    speed: float = 1.15
    max_words: int = 260
    seed: int = 0
    music: bool = True
    preview: bool = False
    voice: str = "heart"
    voice_track: str = ""
    music_file: str = ""
    music_volume: float = 1.0
    format: str = "9:16"
    captions: str = "pop"
    caption_position: str = "bottom"
    source: str = ""
    handle: str = ""

    def __post_init__(self) -> None:
        _within("speed", self.speed, 0.8, 1.5)
        _within("max_words", self.max_words, 30, 1000)
        _within("seed", self.seed, 0, 2**31 - 1)
        _within("music_volume", self.music_volume, 0, 2)
        _one_of("format", self.format, ("9:16", "1:1", "16:9"))
        _one_of("captions", self.captions, ("pop", "box", "plain", "off"))
        _one_of("caption_position", self.caption_position, ("bottom", "top"))
        for name, value in (("source", self.source), ("handle", self.handle)):
            if len(value) > _LONGEST_NAME:
                raise PermanentError(f"option {name} has more than {_LONGEST_NAME} characters")

    def of_sound(self) -> tuple[object, ...]:
        """Return the options on which the sound depends."""
        files = (content_of(self.voice_track), content_of(self.music_file))
        return (self.speed, self.seed, self.music, self.voice, self.music_volume, *files)

    def of_pictures(self) -> tuple[object, ...]:
        """Return the options on which the plan of the pictures depends."""
        return self.seed, self.source, self.handle, self.preview, self.format, self.caption_position

    def for_text(self, text: str) -> StudioOptions:
        """Return the options with a seed derived from a text, such as the title, unless one is set."""
        return self if self.seed else replace(self, seed=1 + zlib.crc32(text.encode()) % 1_000_000)


def _within(name: str, value: float, low: float, high: float) -> None:
    if not low <= value <= high:
        raise PermanentError(f"option {name} is {value:g}; it must be between {low:g} and {high:g}")


def _one_of(name: str, value: str, known: Sequence[str]) -> None:
    if value not in known:
        raise PermanentError(f"option {name} is {value!r}; it must be one of {', '.join(known)}")


def content_of(path: str) -> str:
    """Return the checksum of a file's content; empty for no file or one that cannot be read."""
    try:
        with Path(path).open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return ""


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
