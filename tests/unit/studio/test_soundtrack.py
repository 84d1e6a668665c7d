"""The sound is made in a process of its own: its errors, its death and its stop."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from gt_common.errors import PermanentError
from gt_consumer.studio import soundtrack
from gt_consumer.studio.audio import read_sound
from gt_consumer.studio.errors import VoiceError
from gt_consumer.studio.options import read_options
from gt_consumer.studio.sound.timings import read_timings
from gt_consumer.studio.soundtrack import Order, make_sound_apart
from gt_consumer.studio.text.script import write_script
from gt_consumer.studio.text.story import load_story

STORY = Path(__file__).parents[3] / "examples" / "the-last-cupcake.md"


def order(folder: Path, **given: object) -> Order:
    options = read_options({"max_words": 30, "seed": 2, "music": False, **given})
    script = write_script(load_story(STORY.as_uri(), [STORY.parent]), options.max_words)
    return Order(script, options, folder / "sound.m4a", folder / "timings.json")


def test_sound_and_times_are_written_and_the_stage_is_told(tmp_path: Path) -> None:
    stages: list[tuple[str, float]] = []
    wanted = order(tmp_path)
    make_sound_apart(wanted, lambda stage, part: stages.append((stage, part)))
    assert {stage for stage, _ in stages} == {"voice"}
    assert [part for _, part in stages] == sorted(part for _, part in stages)
    narration = read_timings(wanted.script, wanted.timings)
    words = [w.text for u in narration.utterances for w in u.words]
    assert words[:2] == wanted.script.title.split()[:2]
    assert narration.utterances[-1].end < narration.seconds
    seconds = len(read_sound(wanted.sound, 1, 8000)) / 8000
    assert seconds == pytest.approx(narration.seconds, abs=0.1)


def test_its_errors_are_raised_here_as_they_are(tmp_path: Path) -> None:
    with pytest.raises(PermanentError, match="unknown voice 'nobody'"):
        make_sound_apart(order(tmp_path, voice="nobody"), lambda *_: None)


def test_its_death_is_an_error_that_another_attempt_may_mend(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "python"
    program.write_text("#!/bin/sh\nkill -9 $$\n")
    program.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(program))
    with pytest.raises(VoiceError, match="killed by signal 9"):
        make_sound_apart(order(tmp_path), lambda *_: None)


def test_it_is_gone_when_the_caller_stops(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    begun: list[subprocess.Popen[bytes]] = []
    follow = soundtrack._follow

    def watched(process: subprocess.Popen[bytes], *rest: object) -> object:
        begun.append(process)
        return follow(process, *rest)  # type: ignore[arg-type]

    def stop(stage: str, part: float) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(soundtrack, "_follow", watched)
    with pytest.raises(KeyboardInterrupt):
        make_sound_apart(order(tmp_path), stop)
    assert begun[0].returncode is not None
