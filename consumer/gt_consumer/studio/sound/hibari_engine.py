"""The built-in voice: hibari on one thread, without the network."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from gt_common.errors import PermanentError
from gt_consumer.studio.errors import VoiceError
from gt_consumer.studio.sound.speech import RATE, Clip, SpokenWord, Timbre, faded
from gt_consumer.studio.sound.word_times import Times, group_times, phoneme_ids, with_durations, word_times
from gt_consumer.studio.text.normalise import spoken

if TYPE_CHECKING:
    import numpy as np
    from hibari import Hibari
    from numpy.typing import NDArray

    from gt_consumer.studio.sound.speech import Samples

_LEAD_S, _TRAIL_S, _FADE_S = 0.12, 0.05, 0.012
_LEAST_PITCH = 60.0  # Hz; what is lower is not voiced


class Session(Protocol):
    """The part of onnxruntime's session that is used."""

    def run(self, names: None, feeds: dict[str, NDArray[Any]]) -> list[NDArray[np.float32]]:
        """Return the model's outputs for its inputs."""


class HibariEngine:
    """Speaks with hibari's voices, and with models of the same form in a folder of the user's.

    Parameters:
        folder: has further voices as NAME.onnx; None for none
    """

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder
        self._loaded: dict[str, tuple[Hibari, Session]] = {}

    def voices(self) -> tuple[str, ...]:
        """Return the bundled voice, hibari's others that are on this machine, and those in the folder."""
        from hibari.voices import VOICES

        given = sorted(path.stem for path in self._folder.glob("*.onnx")) if self._folder else []
        return (*given, *(name for name in VOICES if _hibari_file(name) is not None and name not in given))

    def say(
        self, words: Sequence[str], voice: str, timbre: Timbre, speed: float, seed: Sequence[int]
    ) -> Clip | None:
        """Speak words; see `Engine.say`."""
        import numpy as np

        reader, session = self._load(voice)
        said = spoken(list(words))
        sizes = [len(s.split()) for s in said]
        tokens = reader.g2p.phonemize_tokens(reader.g2p.tokenize(" ".join(s for s in said if s)))
        ids, owners = phoneme_ids(tokens, reader.vocab)
        if all(owner < 0 for owner in owners):
            return None
        *outputs, durations = session.run(
            None, {"ids": np.asarray([ids], np.int64), "speed": np.asarray([speed], np.float32)}
        )
        times = group_times(word_times(np.ravel(durations).tolist(), owners, sum(sizes)), sizes)
        samples = _synthesize([o[0] for o in outputs], timbre, np.random.default_rng(list(seed)))
        return _trim(samples, list(words), times)

    def close(self) -> None:
        """Free the memory of the voices."""
        self._loaded.clear()

    def _load(self, name: str) -> tuple[Hibari, Session]:
        if name not in self._loaded:
            from hibari import Hibari

            path = self._file(name)
            session = _session(path.read_bytes())
            self._loaded[name] = Hibari(voice="heart", model=str(path), threads=1), session
        return self._loaded[name]

    def _file(self, name: str) -> Path:
        own = self._folder / f"{name}.onnx" if self._folder else None
        if own is not None and own.is_file():
            return own
        found = _hibari_file(name)
        if found is None:
            raise PermanentError(_missing(name, self.voices()))
        return found


def _hibari_file(name: str) -> Path | None:
    """Return the model of one of hibari's voices if it is on this machine; nothing is downloaded."""
    from hibari.voices import VOICES, voice_path

    if name not in VOICES:
        return None
    try:
        path = Path(voice_path(name, download_missing=False))
    except FileNotFoundError:
        return None
    return path if path.is_file() else None


def _missing(name: str, known: Sequence[str]) -> str:
    from hibari.voices import VOICES, cache_dir

    if name in VOICES:
        return (
            f"voice {name!r} is not installed on this machine, and the studio downloads nothing: "
            f"put its file {VOICES[name]['file']} into {cache_dir()}, or use the voice heart"
        )
    return f"unknown voice {name!r}; voices on this machine are {', '.join(known)}"


def _session(model: bytes) -> Session:
    # Unless told not to before its import, onnxruntime 1.32 notes an id in ~/.cache and reports its use
    # (findings/onnxruntime-notes-an-id.sh); the studio says nothing to anybody.
    os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
    import onnxruntime

    options = onnxruntime.SessionOptions()
    # Two threads made this small model slower, not faster.
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    session: Session = onnxruntime.InferenceSession(
        with_durations(model), options, providers=["CPUExecutionProvider"]
    )
    return session


def _synthesize(outputs: list[NDArray[np.float32]], timbre: Timbre, rng: np.random.Generator) -> Samples:
    """Make the sound of the model's outputs: the filter of the pulses, then noise, rest and pitch."""
    from hibari import dsp

    filters, others, f0 = outputs[:2], outputs[2:-1], outputs[-1]
    if timbre != Timbre():
        filters = [_between_harmonics(f, f0) for f in filters]
        f0 = f0 * timbre.pitch
        filters, others = ([_warp(s, timbre.formant) for s in some] for some in (filters, others))
    samples: Samples = dsp.synth(*filters, *others, f0, rng)
    return samples


def _between_harmonics(spectrum: NDArray[np.float32], f0: NDArray[np.float32]) -> NDArray[np.float32]:
    """Replace what a filter has between the harmonics of its pitch by a line from one to the next.

    Between them the model has learnt nothing, since no sound was there: a lower pitch puts its harmonics on
    values that are up to 10 dB off, and the ear hears the old pitch.

    Parameters:
        spectrum: of shape (bins, frames)
        f0: the pitch of each frame in Hz
    """
    import numpy as np

    bins = np.arange(len(spectrum), dtype=np.float32)
    width = RATE / 2 / (len(spectrum) - 1)  # of a bin, in Hz
    smooth = spectrum.copy()
    for frame in np.flatnonzero(f0 > _LEAST_PITCH):
        step = float(f0[frame]) / width
        harmonics = np.arange(step, len(spectrum), step)
        smooth[:, frame] = np.interp(bins, harmonics, np.interp(harmonics, bins, spectrum[:, frame]))
    return smooth


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
    cut = samples[int(begin * RATE) : int(end * RATE)]
    if len(cut) < 4 * int(_FADE_S * RATE) or not np.isfinite(cut).all():
        raise VoiceError(f"the voice gave no usable sound for {' '.join(words)!r}")
    spans = tuple(SpokenWord(w, t.start - begin, t.end - begin) for w, t in voiced)
    return Clip(faded(cut, _FADE_S), spans)
