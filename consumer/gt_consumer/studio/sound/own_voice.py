"""A voice track of the user's in place of the studio's voices: finds out when each line is read in it.

Words take about as long as they have letters; lines end at pauses. So the lines are laid over the time in
which somebody speaks, and each end is moved to the nearest pause.
"""

from __future__ import annotations

from itertools import accumulate, pairwise
from typing import TYPE_CHECKING, Final

from gt_common.errors import PermanentError
from gt_consumer.studio.script.model import Script
from gt_consumer.studio.sound.narration import LEAD_S, TAIL_S, Narration, TimedWord, Utterance
from gt_consumer.studio.sound.speech import RATE, spread, weight_of

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from gt_consumer.studio.sound.speech import Samples

MOST_SECONDS: Final = 900.0
_STEP_S: Final = 0.01
_PAUSE_S: Final = 0.18
_QUIET_DB: Final = -40.0  # below the loudest parts
_NEAR_S: Final = 1.5
_LEAST_S_PER_WORD: Final = 0.12


def read_aloud(script: Script, samples: Samples) -> Narration:
    """Return the narration of a script that somebody has read aloud: the title, then every line.

    Parameters:
        samples: mono, at `RATE`

    Raises:
        PermanentError: nobody speaks in it, or much too fast for the script
    """
    speaks = _speaks(samples)
    texts = [script.title.split(), *(line.text.split() for line in script.lines)]
    spoken = float(speaks.sum()) * _STEP_S
    if spoken < _LEAST_S_PER_WORD * sum(map(len, texts)):
        raise PermanentError(
            f"the voice track has {spoken:.0f} s of speech, too little for a script of "
            f"{sum(map(len, texts))} words; it must read the title and every line"
        )
    ends = _ends(speaks, [sum(map(weight_of, words)) for words in texts])
    first = float(speaks.argmax()) * _STEP_S
    said = []
    for line, words, (begin, end) in zip((None, *script.lines), texts, pairwise([first, *ends]), strict=True):
        loud = line is not None and line.is_speech and line.mood == "shout"
        start, stop = _trimmed(speaks, begin, end)
        timed = tuple(
            TimedWord(w.text, LEAD_S + w.start, LEAD_S + w.end, loud) for w in spread(words, start, stop)
        )
        said.append(Utterance(line, timed, LEAD_S + start, LEAD_S + stop))
    return Narration(tuple(said), ((LEAD_S, samples),), said[-1].end + TAIL_S)


def _speaks(samples: Samples) -> NDArray[np.bool_]:
    """Return for every hundredth of a second whether somebody speaks; short gaps count as speech."""
    import numpy as np
    from scipy.ndimage import binary_closing

    step = int(_STEP_S * RATE)
    blocks = samples[: len(samples) // step * step].reshape(-1, step)
    level = 20 * np.log10(np.sqrt((blocks**2).mean(axis=1)) + 1e-9)
    loud = level > np.percentile(level, 95) + _QUIET_DB if len(level) else level > 0
    speaks: NDArray[np.bool_] = binary_closing(loud, np.ones(int(_PAUSE_S / _STEP_S)))
    return speaks


def _ends(speaks: NDArray[np.bool_], weights: list[float]) -> list[float]:
    """Return when each line ends, in seconds: by its share of the speech, moved to a pause nearby."""
    import numpy as np

    voiced = np.flatnonzero(speaks)
    total = sum(weights)
    pauses = np.flatnonzero(speaks[:-1] & ~speaks[1:]) + 1
    ends: list[float] = []
    for share in accumulate(weights):
        place = voiced[min(len(voiced) - 1, int(len(voiced) * share / total))]
        near = pauses[np.abs(pauses - place) * _STEP_S <= _NEAR_S]
        after = ends[-1] / _STEP_S if ends else 0.0
        near = near[near > after + 10]
        best = near[np.abs(near - place).argmin()] if len(near) else max(place, after + 10)
        ends.append(float(best) * _STEP_S)
    ends[-1] = float(voiced[-1] + 1) * _STEP_S
    return [max(end, begin + 0.1) for begin, end in pairwise([0.0, *ends])]


def _trimmed(speaks: NDArray[np.bool_], begin: float, end: float) -> tuple[float, float]:
    """Return when somebody begins and stops to speak within a time."""
    import numpy as np

    low, high = int(begin / _STEP_S), max(int(begin / _STEP_S) + 1, int(end / _STEP_S))
    inside = np.flatnonzero(speaks[low:high])
    if not len(inside):
        return begin, end
    return (low + int(inside[0])) * _STEP_S, (low + int(inside[-1]) + 1) * _STEP_S
