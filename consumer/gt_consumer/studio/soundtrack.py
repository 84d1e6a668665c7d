"""Makes the sound in a process of its own, whose memory is free again before the encoder needs as much.

Voice model, libraries and mix take 350 MB, the encoder takes 300 MB; one process would keep the first until
its end. Run as `python -m gt_consumer.studio.soundtrack`, it reads a pickled `Order` from standard input and
writes pickled `Step`s to standard output, of which the last says that it is done, or the error.
"""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Final

from gt_common.errors import GossipToonError, PermanentError
from gt_consumer.studio.audio import read_sound, write_sound
from gt_consumer.studio.encode import FPS
from gt_consumer.studio.errors import EncoderError, StudioError, VoiceError
from gt_consumer.studio.options import StudioOptions
from gt_consumer.studio.picture.render import frame_count
from gt_consumer.studio.picture.shots import Shot, plan_shots
from gt_consumer.studio.script.model import Script
from gt_consumer.studio.script.words import ACTS
from gt_consumer.studio.sound import mix, music
from gt_consumer.studio.sound.narration import Narration, narrate
from gt_consumer.studio.sound.own_voice import MOST_SECONDS, read_aloud
from gt_consumer.studio.sound.speech import RATE
from gt_consumer.studio.sound.timings import write_timings
from gt_consumer.studio.text.mood import compound

if TYPE_CHECKING:
    from gt_consumer.studio.sound.mix import Stereo
    from gt_consumer.studio.sound.speech import Samples

Progress = Callable[[str, float], None]
_SPOKEN_SHARE: Final = 0.8  # of the stage; the rest is mix and encoding
_DARK: Final = 0.0  # sentiment of an act below which its music is in a minor key


@dataclass(frozen=True)
class Order:
    """What to speak, how, and the files to write: the sound, and when each word is said."""

    script: Script
    options: StudioOptions
    sound: Path
    timings: Path


@dataclass(frozen=True)
class Step:
    """A message of the process: how far the stage is (0 to 1), or its end, maybe with an error."""

    part: float = 0.0
    done: bool = False
    error: GossipToonError | None = None


def make_sound(order: Order, progress: Callable[[float], None]) -> None:
    """Speak a script, mix it, and write the sound and its times.

    Parameters:
        progress: called with the share that is done, 0 to 1

    Raises:
        PermanentError: the voice is not installed, or cannot read any of the script
        VoiceError: the voice gave no usable sound
        EncoderError: ffmpeg failed
    """
    from gt_consumer.studio.sound.engines import Voices, voice_folder

    script, options = order.script, order.options
    progress(0.0)
    if options.voice_track:
        narration = read_aloud(script, _own(options.voice_track, 1, RATE, MOST_SECONDS))
    else:
        voices = Voices(script.cast, options.voice, voice_folder())
        narration = narrate(
            script, voices, options.speed, options.seed, lambda part: progress(part * _SPOKEN_SHARE)
        )
        voices.close()  # 60 MB that the mix can use
    write_sound(_mixed(order, narration), order.sound)
    write_timings(narration, script, order.timings)
    progress(1.0)


def _mixed(order: Order, narration: Narration) -> Stereo:
    shots = plan_shots(narration, order.script, order.options.seed)
    cues = [mix.Cue(s.start, "impact") for s in shots if s.loud]
    acts = [(a, b) for a, b in pairwise(shots) if a.act != b.act and not b.loud]
    cues += [mix.Cue(b.start, "whoosh") for _, b in acts]
    options, seconds = order.options, frame_count(narration.seconds) / FPS
    if not options.music:
        bed = None
    elif options.music_file:
        bed = music.own(
            read_sound(Path(options.music_file), 2, music.RATE, seconds).reshape(-1, 2).T, seconds
        )
    else:
        bed = music.bed(seconds, options.seed, _sections(order.script, shots))
    return mix.mix(list(narration.placed), seconds, bed, cues, options.music_volume)


def _own(path: str, channels: int, rate: int, seconds: float) -> Samples:
    """Read a sound file of the user's; another attempt would not read it better."""
    try:
        return read_sound(Path(path), channels, rate, seconds)
    except EncoderError as error:
        raise PermanentError(str(error)) from None


def _sections(script: Script, shots: Sequence[Shot]) -> list[music.Section]:
    """Return which piece plays from when: tense ones in crisis and climax, else by the mood of the act."""
    texts = {act: " ".join(line.text for line in script.lines if line.act == act) for act in ACTS}
    sections: list[music.Section] = []
    for shot in shots:
        dark = compound(texts.get(shot.act, "")) < _DARK
        piece = "tense" if shot.act in {"crisis", "climax"} else "dark" if dark else "bright"
        if not sections or sections[-1].piece != piece:
            sections.append(music.Section(shot.start, piece))
    return sections


def make_sound_apart(order: Order, progress: Progress) -> None:
    """Make the sound in a process of its own, which ends with it.

    Raises:
        GossipToonError: as `make_sound`; a StudioError for any other error
        VoiceError: the process died
    """
    command = [sys.executable, "-m", __name__]
    # No large matrices are multiplied, and starting a thread for them takes 0.2 s of processor time.
    alone = {**os.environ, "OPENBLAS_NUM_THREADS": "1"}
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=alone) as process:
        try:
            _follow(process, order, progress)
        finally:
            process.kill()  # one that has ended is left alone; else the caller has stopped


def _follow(process: subprocess.Popen[bytes], order: Order, progress: Progress) -> None:
    assert process.stdin is not None and process.stdout is not None  # noqa: S101, PT018 - pipes
    try:
        with process.stdin as given:
            pickle.dump(order, given)
        while True:
            step: Step = pickle.load(process.stdout)  # noqa: S301 - from our own process
            if step.error is not None:
                raise step.error
            if step.done:
                return
            progress("voice", step.part)
    except (EOFError, BrokenPipeError, pickle.UnpicklingError):
        code = process.wait()
        how = f"was killed by signal {-code}" if code < 0 else f"ended with code {code}"
        raise VoiceError(f"the process that makes the sound {how}; is there enough memory?") from None


def main() -> None:
    """Serve one order. What libraries print goes to standard error and does not mix with the steps."""
    with os.fdopen(os.dup(1), "wb") as out:
        os.dup2(2, 1)
        try:
            order: Order = pickle.load(sys.stdin.buffer)  # noqa: S301 - from our own process
            make_sound(order, lambda part: _tell(out, Step(part)))
            _tell(out, Step(1.0, done=True))
        except GossipToonError as error:
            _tell(out, Step(error=error))
        except Exception as error:  # noqa: BLE001 - its traceback would be lost with this process
            import traceback

            traceback.print_exc()
            _tell(out, Step(error=StudioError(f"{type(error).__name__}: {error}")))


def _tell(out: BinaryIO, step: Step) -> None:
    pickle.dump(step, out)
    out.flush()


if __name__ == "__main__":
    # By its public name, so that what is pickled is found under that name by both processes.
    from importlib import import_module

    import_module("gt_consumer.studio.soundtrack").main()
