"""The fallback voice: Pico by py-nanotts, 8 MB, plainly synthetic; its word times are estimated."""

from __future__ import annotations

import re
from collections.abc import Sequence
from fractions import Fraction
from typing import Final

from gt_common.errors import PermanentError
from gt_consumer.studio.errors import VoiceError
from gt_consumer.studio.sound.speech import RATE, Clip, Timbre, faded, spread
from gt_consumer.studio.text.normalise import spoken

_RATE: Final = 16_000
_VOICES: Final = {"nano": "en-US", "nano-gb": "en-GB"}
_VOLUME: Final = 0.5  # louder, Pico clips
_LOUD: Final = 0.02
_MOST_STEPS: Final = 120
"""Of the ratio of rates: with larger numbers the filter between them gets long and slow."""


class NanoEngine:
    """Speaks with Pico's two English voices."""

    def voices(self) -> tuple[str, ...]:
        """Return the names of the voices."""
        return tuple(_VOICES)

    def say(
        self, words: Sequence[str], voice: str, timbre: Timbre, speed: float, seed: Sequence[int]
    ) -> Clip | None:
        """Speak words; see `Engine.say`. The seed changes nothing: Pico has no noise of its own."""
        import numpy as np
        from py_nanotts import NanoTTS
        from scipy.signal import resample_poly

        del seed
        if voice not in _VOICES:
            raise PermanentError(f"unknown voice {voice!r}; voices are {', '.join(_VOICES)}")
        shown = [word for word, said in zip(words, spoken(list(words)), strict=True) if said]
        text = " ".join(_plain(said) for said in spoken(list(words)) if said)
        if not any(c.isalnum() for c in text):
            return None
        # Played faster, a voice has higher formants and a higher pitch; the rest of both is asked of Pico.
        pcm = NanoTTS().speak(
            text, _VOICES[voice], speed / timbre.formant, timbre.pitch / timbre.formant, _VOLUME
        )
        raw = np.frombuffer(pcm, "<i2").astype(np.float32) / 32768
        loud = np.flatnonzero(np.abs(raw) > _LOUD)
        if not len(loud):
            raise VoiceError(f"the voice gave no usable sound for {' '.join(words)!r}")
        part = raw[max(0, loud[0] - _RATE // 25) : loud[-1] + _RATE // 16]
        ratio = Fraction(RATE / (_RATE * timbre.formant)).limit_denominator(_MOST_STEPS)
        samples = resample_poly(part, ratio.numerator, ratio.denominator)
        seconds = len(samples) / RATE
        return Clip(faded(samples), spread(shown, 0.03, max(0.06, seconds - 0.05)))

    def close(self) -> None:
        """Do nothing: Pico keeps nothing between two sentences."""


def _plain(said: str) -> str:
    """Return words without the phonemes that hibari's reader takes, such as `[A](/ˈA/)`."""
    return re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", said)
