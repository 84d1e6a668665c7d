"""The voice: hibari on one thread, without the network, with a different pitch for each person."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from gt_common.errors import PermanentError
from gt_consumer.studio.errors import VoiceError
from gt_consumer.studio.sound.word_times import Times, group_times, phoneme_ids, with_durations, word_times
from gt_consumer.studio.text.dialogue import NARRATOR, Person
from gt_consumer.studio.text.normalise import spoken

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Samples = NDArray[np.float32]

RATE = 24_000
MAX_CLIP_WORDS = 36
_LEAD_S, _TRAIL_S, _FADE_S = 0.12, 0.05, 0.012
# (factor of the pitch, factor of the formants) by sex and age; the narrator's voice is not changed.
_TINTS = {
    ("f", "adult"): (1.1, 1.04),
    ("f", "elder"): (0.9, 0.97),
    ("f", "old"): (0.84, 0.95),
    ("m", "adult"): (0.66, 0.88),
    ("m", "elder"): (0.6, 0.85),
    ("m", "old"): (0.57, 0.84),
}


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


class Session(Protocol):
    """The part of onnxruntime's session that is used."""

    def run(self, names: None, feeds: dict[str, NDArray[Any]]) -> list[NDArray[np.float32]]:
        """Return the model's outputs for its inputs."""


class Voice:
    """Speaks text; the same text, person and seed give the same samples on the same machine.

    Parameters:
        name: a voice that is installed on this machine; "heart" comes with the package

    Raises:
        PermanentError: the voice is unknown or not installed on this machine; it is never downloaded
    """

    def __init__(self, name: str = "heart") -> None:
        from hibari import Hibari

        path = _voice_file(name)
        self._hibari = Hibari(voice=name, model=str(path), threads=1)
        self._session = _session(path.read_bytes())

    def say(self, text: str, person: Person, speed: float, seed: Sequence[int]) -> list[Clip]:
        """Speak a text; a long one in several clips.

        Parameters:
            speed: 1 is the normal pace
            seed: of the noise in the voice

        Raises:
            VoiceError: the voice gave no usable sound
        """
        words = text.split()
        return [
            clip
            for part, chunk in enumerate(_chunks(words))
            if (clip := self._clip(chunk, person, speed, [*seed, part])) is not None
        ]

    def _clip(self, words: list[str], person: Person, speed: float, seed: list[int]) -> Clip | None:
        import numpy as np

        said = spoken(words)
        sizes = [len(s.split()) for s in said]
        g2p = self._hibari.g2p
        tokens = g2p.phonemize_tokens(g2p.tokenize(" ".join(s for s in said if s)))
        ids, owners = phoneme_ids(tokens, self._hibari.vocab)
        if all(owner < 0 for owner in owners):
            return None
        *outputs, durations = self._session.run(
            None, {"ids": np.asarray([ids], np.int64), "speed": np.asarray([speed], np.float32)}
        )
        times = group_times(word_times(np.ravel(durations).tolist(), owners, sum(sizes)), sizes)
        samples = _synthesize([o[0] for o in outputs], person, np.random.default_rng(seed))
        return _trim(samples, words, times)


def _voice_file(name: str) -> Path:
    from hibari.voices import VOICES, voice_path

    if name not in VOICES:
        raise PermanentError(f"unknown voice {name!r}; known voices are {', '.join(sorted(VOICES))}")
    try:
        return Path(voice_path(name, download_missing=False))
    except FileNotFoundError as error:
        raise PermanentError(
            f"voice {name!r} is not installed on this machine, and the studio downloads nothing: "
            f"put its file at {error}, or use the voice heart"
        ) from None


def _session(model: bytes) -> Session:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    # Two threads made this small model slower, not faster.
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    session: Session = onnxruntime.InferenceSession(
        with_durations(model), options, providers=["CPUExecutionProvider"]
    )
    return session


def _chunks(words: list[str]) -> list[list[str]]:
    """Split a long sentence, preferably at a comma: the model reads a limited number of phonemes at once."""
    if len(words) <= MAX_CLIP_WORDS:
        return [words] if words else []
    half = len(words) // 2
    breaks = [i + 1 for i, w in enumerate(words[:-1]) if w[-1] in ",;:…"] or [half]
    cut = min(breaks, key=lambda i: abs(i - half))
    if not len(words) // 4 <= cut <= 3 * len(words) // 4:
        cut = half
    return _chunks(words[:cut]) + _chunks(words[cut:])


def _synthesize(outputs: list[NDArray[np.float32]], person: Person, rng: np.random.Generator) -> Samples:
    from hibari import dsp

    *spectra, f0 = outputs
    if person.key != NARRATOR:
        pitch, formant = _TINTS[person.sex, person.age]
        f0 = f0 * pitch
        spectra = [_warp(s, formant) if s.shape == spectra[0].shape else s for s in spectra]
    samples: Samples = dsp.synth(*spectra, f0, rng)
    return samples


def _warp(spectrum: NDArray[np.float32], factor: float) -> NDArray[np.float32]:
    """Stretch a spectrum along frequency: a factor below 1 moves the formants down."""
    import numpy as np

    bins = len(spectrum)
    at = np.minimum(np.arange(bins, dtype=np.float32) / factor, bins - 1)
    low = np.minimum(at.astype(int), bins - 2)
    part = (at - low)[:, None].astype(np.float32)
    warped: NDArray[np.float32] = spectrum[low] * (1 - part) + spectrum[low + 1] * part
    return warped


def _trim(samples: Samples, words: list[str], times: list[Times | None]) -> Clip:
    """Cut off the silence that the model adds, so that the script alone decides on pauses."""
    import numpy as np

    voiced = [(w, t) for w, t in zip(words, times, strict=True) if t]
    begin = max(0.0, voiced[0][1].start - _LEAD_S / 2)
    end = min(len(samples) / RATE, voiced[-1][1].end + _TRAIL_S)
    cut = samples[int(begin * RATE) : int(end * RATE)].copy()
    fade = int(_FADE_S * RATE)
    if len(cut) < 4 * fade or not np.isfinite(cut).all():
        raise VoiceError(f"the voice gave no usable sound for {' '.join(words)!r}")
    ramp = np.linspace(0, 1, fade, dtype=np.float32)
    cut[:fade] *= ramp
    cut[-2 * fade :] *= np.linspace(1, 0, 2 * fade, dtype=np.float32)
    spans = tuple(SpokenWord(w, t.start - begin, t.end - begin) for w, t in voiced)
    return Clip(cut, spans)


@functools.lru_cache(maxsize=2)
def voice(name: str) -> Voice:
    """Return a voice; a process that makes several videos loads it once.

    Raises:
        PermanentError: the voice is unknown or not installed on this machine
    """
    return Voice(name)
