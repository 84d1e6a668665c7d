"""Square and wide videos show what upright ones show; files of one's own are read where that is allowed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from gt_common.errors import PermanentError
from gt_consumer.studio.options import read_options
from gt_consumer.studio.picture.camera import Camera, Move, planes_of
from gt_consumer.studio.picture.cast import cast_looks
from gt_consumer.studio.picture.layout import CAPTION_BOTTOM, CAPTION_TOP, FOCUS_X, FOCUS_Y, TEXT_TOP
from gt_consumer.studio.picture.panels import Card, Painter
from gt_consumer.studio.picture.shots import Shot
from gt_consumer.studio.picture.views import VIEWS
from gt_consumer.studio.pipeline import check_own_files
from gt_consumer.studio.script.model import Line, Member, Script
from gt_consumer.studio.sound.engines import Voices
from gt_consumer.studio.sound.narration import LEAD_S, narrate
from gt_consumer.studio.sound.own_voice import read_aloud
from gt_consumer.studio.sound.speech import RATE

NARRATOR = Member(id="narrator", role="narrator")


@pytest.mark.parametrize("name", list(VIEWS))
def test_a_format_shows_people_bubbles_and_captions(name: str) -> None:
    view = VIEWS[name].small()
    painter = Painter(cast_looks([NARRATOR], 1), view.scale, 1, Card(), {}, TEXT_TOP, view.side)
    shot = Shot(0, 3, "single", "narrator", "happy", "hook", "kitchen", bubble="No, never.")
    panel = painter.paint(shot)
    frame = planes_of(np.zeros(view.width * view.height * 3 // 2, np.uint8), *view.size)
    still = Move((1.0, 1.0), ((0, 0), (0, 0)), (FOCUS_X, FOCUS_Y))
    Camera(view, view.scale).shoot(panel.planes, still, 0, 0, frame)
    assert (frame.y > 0).all()
    assert frame.y.shape == (view.height, view.width)

    def row(y: float) -> float:
        return (y - view.top) * view.scale

    (box,) = panel.texts
    assert 0 < row(box[1]) < row(box[3]) < view.height
    assert row(CAPTION_TOP) < row(CAPTION_BOTTOM) < view.height
    middle = int((540 - view.left) * view.scale)
    inside = frame.y[int(row(box[1])) : int(row(box[3])), middle - 60 : middle + 60]
    assert inside.max() > 225
    assert inside.min() < 90


def test_a_voice_track_is_laid_over_the_lines_by_its_pauses() -> None:
    texts = ("I went home that night.", "Nobody was there.", "Then the phone rang, and I did not answer it.")
    lines = tuple(Line(speaker="narrator", text=text) for text in texts)
    script = Script(title="The night nobody came home", cast=(NARRATOR,), lines=lines)
    told = narrate(script, Voices(script.cast, "heart"), 1.0, 1, lambda _: None)
    track = np.zeros(int(told.seconds * RATE), np.float32)
    for start, samples in told.placed:
        track[int(start * RATE) : int(start * RATE) + len(samples)] += samples
    found = read_aloud(script, track)
    for read, spoken in zip(found.utterances, told.utterances, strict=True):
        assert read.start - LEAD_S == pytest.approx(spoken.start, abs=0.2)
        assert read.end - LEAD_S == pytest.approx(spoken.end, abs=0.45)
    with pytest.raises(PermanentError, match="must read the title and every line"):
        read_aloud(script, track[: RATE // 2])


def test_files_of_ones_own_are_read_below_the_roots_only(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    own = tmp_path / "in" / "song.mp3"
    own.write_bytes(b"x")
    check_own_files(read_options({"music_file": str(own)}), [tmp_path / "in"])
    (tmp_path / "in" / "link.mp3").symlink_to("/etc/hostname")
    (tmp_path / "out.mp3").write_bytes(b"x")
    for path in (tmp_path / "out.mp3", tmp_path / "in" / "link.mp3"):
        with pytest.raises(PermanentError, match=r"not below|cannot be read"):
            check_own_files(read_options({"voice_track": str(path)}), [tmp_path / "in"])
    with pytest.raises(PermanentError, match="cannot be read"):
        check_own_files(read_options({"music_file": str(tmp_path / "none.wav")}), None)
