"""A whole video by the studio, read back: size, streams, sound, captions in step; and without a network."""

from __future__ import annotations

import functools
import itertools
import json
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from gt_common.errors import PermanentError
from gt_consumer import jobs
from gt_consumer.storage.sidecars import SIDECARS
from gt_consumer.studio import create
from gt_consumer.studio.audio import MAX_PEAK_DB, read_sound
from gt_consumer.studio.encode import FPS, ffmpeg_program
from gt_consumer.studio.options import read_options
from gt_consumer.studio.picture.captions import Phrase, group
from gt_consumer.studio.picture.layout import CAPTION_BOTTOM, CAPTION_TOP, WIDTH
from gt_consumer.studio.picture.shots import plan_shots
from gt_consumer.studio.sound.engines import Voices
from gt_consumer.studio.sound.loudness import loudness
from gt_consumer.studio.sound.mix import true_peak
from gt_consumer.studio.sound.narration import Narration, narrate
from gt_consumer.studio.text.script import write_script
from gt_consumer.studio.text.story import load_story

pytestmark = [pytest.mark.end_to_end, pytest.mark.timeout(300)]

STORY = Path(__file__).parents[2] / "examples" / "the-last-cupcake.md"
OPTIONS: dict[str, object] = {"preview": True, "max_words": 60, "seed": 2}
STAGES = ["story", "script", "voice", "panels", "render"]


@dataclass(frozen=True)
class Film:
    """A finished preview and what was reported on the way."""

    path: Path
    duration: float
    reports: list[tuple[str, float | None]]
    narration: Narration
    phrases: list[Phrase]

    @functools.cached_property
    def frames(self) -> NDArray[np.uint8]:
        """All frames as RGB."""
        command = [
            ffmpeg_program(),
            "-v",
            "error",
            "-i",
            str(self.path),
            "-f",
            "rawvideo",
            "-pix_fmt",
            "rgb24",
            "-",
        ]
        raw = subprocess.run(command, capture_output=True, check=True).stdout
        return np.frombuffer(raw, np.uint8).reshape(-1, 640, 360, 3)

    @functools.cached_property
    def sound(self) -> NDArray[np.float32]:
        """The sound as one channel at 48 kHz."""
        command = [
            ffmpeg_program(),
            "-v",
            "error",
            "-i",
            str(self.path),
            "-f",
            "f32le",
            "-ac",
            "1",
            "-ar",
            "48000",
            "-",
        ]
        return np.frombuffer(subprocess.run(command, capture_output=True, check=True).stdout, np.float32)

    def active_colour(self, at: float) -> NDArray[np.bool_]:
        """Return which pixels of the caption band have the colour of the spoken word at a time (seconds)."""
        scale = 360 / WIDTH
        band = self.frames[round(at * FPS), int(CAPTION_TOP * scale) : int(CAPTION_BOTTOM * scale)].astype(
            int
        )
        red, green, blue = band[..., 0], band[..., 1], band[..., 2]
        yellow = (red > 215) & (green > 185) & (blue < 110)
        loud = (red > 215) & (green > 50) & (green < 130) & (blue < 120)
        return yellow | loud


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Film:
    """Make one preview for all tests of this file."""
    import asyncio

    reports: list[tuple[str, float | None]] = []
    workdir = tmp_path_factory.mktemp("studio")

    async def make() -> tuple[Path, float]:
        current = jobs.Job("s1", "b1", STORY.as_uri(), 1, workdir, OPTIONS, lambda *r: reports.append(r))
        jobs.enter(replace(current, story_roots=(STORY.parent,)))
        result = await create().run(story_url=STORY.as_uri())
        assert result.success
        assert result.output_path is not None
        assert result.duration is not None
        return result.output_path, result.duration

    path, duration = asyncio.run(make())
    options = read_options(OPTIONS)
    script = write_script(load_story(STORY.as_uri(), [STORY.parent]), options.max_words)
    narration = narrate(script, Voices(script.cast, "heart"), options.speed, options.seed, lambda _: None)
    shots = plan_shots(narration, script, options.seed)
    phrases = group([w for u in narration.utterances for w in u.words], [s.start for s in shots])
    return Film(path, duration, reports, narration, phrases)


def test_the_file_is_what_players_want(film: Film) -> None:
    told = subprocess.run(
        [ffmpeg_program(), "-hide_banner", "-i", str(film.path)], capture_output=True, text=True
    ).stderr
    assert re.search(r"Video: h264 .*yuv420p\(tv, bt709.*360x640.*30 fps", told)
    assert re.search(r"Audio: aac \(LC\).*48000 Hz, stereo", told)
    data = film.path.read_bytes()
    assert data.index(b"moov") < data.index(b"mdat")


def test_the_files_beside_it_are_there_and_nothing_else(film: Film) -> None:
    stem = film.path.stem
    names = {path.name.removeprefix(stem) for path in film.path.parent.iterdir()}
    assert names == {".mp4", *SIDECARS}
    upload = json.loads(film.path.with_suffix(".upload.json").read_text())
    assert set(upload) == {"title", "description", "hashtags", "ai_disclosure"}
    subtitles = film.path.with_suffix(".srt").read_text()
    said = re.sub(r"\d+\n[\d:,]+ --> [\d:,]+\n", "", subtitles).split()
    assert said == [w.text for u in film.narration.utterances for w in u.words]
    assert film.path.with_suffix(".thumbnail.jpg").read_bytes()[:2] == b"\xff\xd8"
    assert "hibari" in film.path.with_suffix(".credits.txt").read_text()


def test_no_true_peak_of_the_decoded_sound_is_too_high(film: Film) -> None:
    decoded = read_sound(film.path, 2, 48_000).reshape(-1, 2).T
    assert true_peak(decoded) <= MAX_PEAK_DB
    assert loudness(decoded) == pytest.approx(-14, abs=0.6)


def test_picture_and_sound_are_as_long_as_reported(film: Film) -> None:
    assert 12 < film.duration < 40
    assert len(film.frames) == round(film.duration * FPS)
    assert len(film.sound) / 48_000 == pytest.approx(film.duration, abs=0.05)


def test_stages_come_in_order_and_fractions_grow(film: Film) -> None:
    assert list(dict.fromkeys(stage for stage, _ in film.reports)) == STAGES
    for stage in ("voice", "render"):
        fractions = [f for s, f in film.reports if s == stage and f is not None]
        assert len(fractions) > 3
        assert fractions == sorted(fractions)
        assert fractions[-1] == 1.0


def test_the_voice_is_heard_where_words_are(film: Film) -> None:
    words = [w for u in film.narration.utterances for w in u.words]
    talk = np.concatenate([film.sound[int(w.start * 48_000) : int(w.end * 48_000)] for w in words])
    silence = film.sound[int((words[-1].end + 0.4) * 48_000) :]
    assert float(np.sqrt((talk**2).mean())) > 0.08
    assert float(np.sqrt((silence**2).mean())) < 0.05
    for second in range(int(words[-1].end)):
        part = film.sound[second * 48_000 : (second + 1) * 48_000]
        assert float(np.sqrt((part**2).mean())) > 0.01, f"second {second} is silent"


def test_captions_are_there_while_words_are_spoken(film: Film) -> None:
    words = [w for p in film.phrases for w in p.words]
    shown = [film.active_colour((w.start + w.end) / 2).sum() for w in words]
    assert min(shown) > 15
    last = words[-1].end
    assert film.active_colour(last + 0.7).sum() < min(shown)


def test_the_coloured_word_moves_with_the_voice(film: Film) -> None:
    compared = 0
    for phrase in film.phrases:
        if len(phrase.words) < 2:
            continue
        first, last = phrase.words[0], phrase.words[-1]
        places = [
            float(np.nonzero(film.active_colour((w.start + w.end) / 2))[1].mean()) for w in (first, last)
        ]
        assert places[0] < places[1] - 8, [w.text for w in phrase.words]
        compared += 1
    assert compared > 8


def test_the_picture_moves_and_changes(film: Film) -> None:
    top = film.frames[:, 60:380].astype(np.int16)
    steps = np.array([np.abs(a - b).mean() for a, b in itertools.pairwise(top)])
    cuts = int((steps > 12).sum())
    assert cuts >= film.duration / 6
    assert float((steps > 0.05).mean()) > 0.9


def listing(folder: Path) -> list[str]:
    """Return the names of what is in a folder."""
    return [p.name for p in folder.iterdir()]


_OFFLINE = """
import asyncio, json, socket, sys
from pathlib import Path
from gt_common.errors import PermanentError
from gt_consumer import jobs
from gt_consumer.storage.sidecars import SIDECARS
from gt_consumer.studio import create
reached = True
try:
    socket.create_connection(("127.0.0.1", int(sys.argv[3])), timeout=5).close()
except OSError:
    reached = False
roots = (Path(sys.argv[5]),)
job = jobs.Job("s", "b", sys.argv[1], 1, Path(sys.argv[2]), json.loads(sys.argv[4]), story_roots=roots)
jobs.enter(job)
result = asyncio.run(create().run())
print(json.dumps({"reached": reached, "path": str(result.output_path), "duration": result.duration}))
"""


def _without_network() -> list[str] | None:
    for prefix in (["unshare", "-n"], ["unshare", "-rn"]):
        if shutil.which(prefix[0]) and subprocess.run([*prefix, "true"], capture_output=True).returncode == 0:
            return prefix
    return None


def test_a_video_is_made_without_a_network(tmp_path: Path) -> None:
    import socket

    prefix = _without_network()
    if prefix is None:
        pytest.skip("this system does not let us cut off the network")
    options = json.dumps({"preview": True, "max_words": 30})
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = str(server.getsockname()[1])
        socket.create_connection(("127.0.0.1", int(port)), timeout=5).close()
        command = [*prefix, sys.executable, "-c", _OFFLINE, STORY.as_uri(), str(tmp_path), port, options]
        command.append(str(STORY.parent))
        done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]
    result = json.loads(done.stdout.splitlines()[-1])
    assert result["reached"] is False
    assert Path(result["path"]).stat().st_size > 50_000
    assert result["duration"] > 5


async def test_an_unknown_option_never_makes_a_video(tmp_path: Path) -> None:
    jobs.enter(jobs.Job("s", "b", STORY.as_uri(), 1, tmp_path, {"resolution": "4k"}))
    with pytest.raises(PermanentError, match="known options are"):
        await create().run()
    assert listing(tmp_path) == []
