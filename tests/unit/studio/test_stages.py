"""A retry continues at the stage that failed: what is done and undamaged is not made again."""

from __future__ import annotations

from pathlib import Path

import pytest

from gt_consumer.studio import film
from gt_consumer.studio.errors import EncoderError
from gt_consumer.studio.pipeline import MadeVideo, make_video
from gt_consumer.studio.workspace import Workspace

STORY = Path(__file__).parents[3] / "examples" / "the-last-cupcake.md"


class Runs:
    """Makes the same video in several runs and notes the stages of each."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.stages, self.projects = folder, [], []  # type: ignore[var-annotated]

    def run(self, **given: object) -> MadeVideo:
        stages: list[str] = []
        self.stages.append(stages)
        options = {"preview": True, "max_words": 30, "music": False, **given}
        return make_video(
            STORY.as_uri(),
            self.folder / f"run{len(self.stages)}",
            options,
            lambda stage, _: stages.append(stage),
            roots=[STORY.parent],
            project_dir=self.folder / "project",
            begun=self.projects.append,
        )

    def last(self) -> list[str]:
        """Return the stages of the last run, each once."""
        return list(dict.fromkeys(self.stages[-1]))


def test_a_run_continues_at_the_stage_that_failed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise EncoderError("the disk is full")

    runs = Runs(tmp_path)
    with monkeypatch.context() as patch:
        patch.setattr(film, "render", broken)
        with pytest.raises(EncoderError, match="disk is full"):
            runs.run()
        assert runs.last() == ["story", "script", "voice", "panels", "render"]
        with pytest.raises(EncoderError):
            runs.run()
        assert runs.last() == ["story", "render"]
        (tmp_path / "project" / "stages" / film.SOUND).write_bytes(b"damaged")
        with pytest.raises(EncoderError):
            runs.run()
        assert runs.last() == ["story", "voice", "panels", "render"]
    made = runs.run()
    assert runs.last() == ["story", "render"]
    assert made.path.stat().st_size > 20_000
    assert len(set(runs.projects)) == 1
    assert not (tmp_path / "project").exists()


def test_a_film_that_ffmpeg_could_not_finish_replaces_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_video: Path, _sound: Path, target: Path, *_: object) -> None:
        target.write_bytes(b"half a film")
        raise EncoderError("no space left on device")

    runs = Runs(tmp_path)
    monkeypatch.setattr(film, "render", lambda *_: None)
    monkeypatch.setattr(film, "mux", full)
    with pytest.raises(EncoderError, match="no space left"):
        runs.run()
    assert not list(tmp_path.rglob("*.mp4"))


def test_a_forgotten_stage_takes_those_after_it_along(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path / "w")
    for stage in ("script", "voice", "panels"):
        workspace.path(stage).write_text(stage)
        workspace.keep(stage, "key", stage)
    workspace.forget("voice")
    assert [workspace.has(stage, "key") for stage in ("script", "voice", "panels")] == [True, False, False]
    assert not workspace.has("script", "another key")
