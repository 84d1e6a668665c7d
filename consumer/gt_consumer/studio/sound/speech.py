"""What a voice engine is: it turns words into samples and says when each word is spoken."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Samples = NDArray[np.float32]

RATE: Final = 24_000
MAX_CLIP_WORDS: Final = 36


@dataclass(frozen=True)
class SpokenWord:
    """A word as captions show it, with its times in seconds from the start of its clip."""

    text: str
    start: float
    end: float


@dataclass(frozen=True)
class Clip:
    """Speech of one voice without a pause: mono samples at `RATE` and the words in it."""

    samples: Samples
    words: tuple[SpokenWord, ...]

    @property
    def duration(self) -> float:
        """Return the length in seconds."""
        return len(self.samples) / RATE


@dataclass(frozen=True)
class Timbre:
    """How a person's voice differs from the engine's own: factors of the pitch and of the formants."""

    pitch: float = 1.0
    formant: float = 1.0


class Engine(Protocol):
    """A voice engine; another one needs these three methods and nothing else."""

    def voices(self) -> tuple[str, ...]:
        """Return the names of the voices that are on this machine."""

    def say(
        self, words: Sequence[str], voice: str, timbre: Timbre, speed: float, seed: Sequence[int]
    ) -> Clip | None:
        """Speak at most `MAX_CLIP_WORDS` words; return None if nothing of them can be spoken.

        Parameters:
            voice: one of `voices()`
            speed: 1 is the normal pace
            seed: of the noise in the voice; the same arguments give the same samples

        Raises:
            VoiceError: the voice gave no usable sound
        """

    def close(self) -> None:
        """Free the memory of the voices."""


def split_long(words: Sequence[str]) -> list[Sequence[str]]:
    """Split a long sentence, preferably at a comma: an engine reads a limited number of words at once."""
    if len(words) <= MAX_CLIP_WORDS:
        return [words] if words else []
    half = len(words) // 2
    breaks = [i + 1 for i, w in enumerate(words[:-1]) if w[-1] in ",;:…"] or [half]
    cut = min(breaks, key=lambda i: abs(i - half))
    if not len(words) // 4 <= cut <= 3 * len(words) // 4:
        cut = half
    return [*split_long(words[:cut]), *split_long(words[cut:])]


def weight_of(word: str) -> float:
    """Return about how long a word takes to say, in letters; a pause after it counts."""
    digits = sum(c.isdigit() for c in word)
    return 2 + sum(c.isalpha() for c in word) + 3 * digits + (4 if word[-1:] in ".,!?;:…" else 0)


def spread(words: Sequence[str], begin: float, end: float) -> tuple[SpokenWord, ...]:
    """Return when words are said that fill a time, by their lengths; for engines that do not tell."""
    total = sum(weight_of(word) for word in words) or 1.0
    spoken: list[SpokenWord] = []
    now = begin
    for word in words:
        after = now + (end - begin) * weight_of(word) / total
        pause = (end - begin) * (4 if word[-1:] in ".,!?;:…" else 0) / total
        spoken.append(SpokenWord(word, now, max(now + 0.02, after - pause)))
        now = after
    return tuple(spoken)


def faded(samples: Samples, seconds: float = 0.012) -> Samples:
    """Return samples that begin and end at silence, so that no clip clicks."""
    import numpy as np

    count = min(int(seconds * RATE), len(samples) // 4)
    soft = samples.astype(np.float32, copy=True)
    if count:
        soft[:count] *= np.linspace(0, 1, count, dtype=np.float32)
        soft[-2 * count :] *= np.linspace(1, 0, 2 * count, dtype=np.float32)
    return soft
