"""The studio's interface: imports lazily, checks options, and works only within a job."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from gt_common.errors import PermanentError, UsageError
from gt_consumer import jobs
from gt_consumer.studio import create
from gt_consumer.studio.errors import EncoderError
from gt_consumer.studio.options import StudioOptions, read_options


def test_importing_the_studio_loads_nothing_heavy() -> None:
    code = (
        "import sys, gt_consumer.studio as s; s.create(); "
        "print([m for m in ('numpy', 'onnxruntime', 'cv2', 'skia', 'scipy', 'hibari') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_options_have_defaults_and_take_whole_numbers_for_speed() -> None:
    assert read_options({}) == StudioOptions()
    assert read_options({"speed": 1, "music": False}) == StudioOptions(speed=1.0, music=False)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (
            {"sped": 1.0},
            "unknown studio option sped; known options are caption_position, captions, ",
        ),
        ({"speed": 2.0}, "between 0.8 and 1.5"),
        ({"speed": float("nan")}, "between 0.8 and 1.5"),
        ({"max_words": 12}, "between 30 and 1000"),
        ({"music": "no"}, "must be of type bool"),
        ({"seed": True}, "must be of type int"),
        ({"seed": -1}, "between 0"),
    ],
)
def test_bad_options_can_never_work(given: dict[str, object], message: str) -> None:
    with pytest.raises(PermanentError, match=message):
        read_options(given)


async def test_a_story_that_is_gone_is_a_permanent_error(tmp_path: Path) -> None:
    url = (tmp_path / "gone.md").as_uri()
    jobs.enter(jobs.Job("s", "b", url, 1, tmp_path, story_roots=(tmp_path,)))
    with pytest.raises(PermanentError, match="story file not found"):
        await create().run()


async def test_outside_a_job_the_studio_says_so() -> None:
    with pytest.raises(UsageError, match="outside a running orchestrator"):
        await create().run("file:///x.md")


def test_a_failing_encoder_is_no_permanent_error(tmp_path: Path) -> None:
    from gt_consumer.studio.encode import mux

    (tmp_path / "v.mp4").write_bytes(b"not a video")
    with pytest.raises(EncoderError, match="could not join") as caught:
        mux(tmp_path / "v.mp4", tmp_path / "none.wav", tmp_path / "out.mp4")
    assert not isinstance(caught.value, PermanentError)


def test_frames_into_a_dead_encoder_end_with_its_words(tmp_path: Path) -> None:
    from gt_consumer.studio.encode import FrameWriter

    def feed() -> None:
        with FrameWriter(tmp_path / "v.unknown", 64, 64) as writer:
            for _ in range(500):
                writer.write(writer.blank())

    with pytest.raises(EncoderError, match="ffmpeg ended"):
        feed()


def test_each_story_has_a_seed_of_its_own_and_a_given_one_stands() -> None:
    first, second = (StudioOptions().for_text(text).seed for text in ("My sister.", "My boss."))
    assert first != second
    assert first == StudioOptions().for_text("My sister.").seed > 0
    assert StudioOptions(seed=7).for_text("My sister.").seed == 7
