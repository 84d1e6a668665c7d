"""The adapter to GossipToon, with a pipeline that has its public interface, its checkpoints and its log."""

from __future__ import annotations

import asyncio
import logging
import os
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from gt_common.errors import (
    CredentialsRefusedError,
    MachineUnfitError,
    OrchestratorError,
    PermanentError,
    RateLimited,
)
from gt_consumer import jobs
from gt_consumer.orchestrator.gossiptoon import check, create, projects
from gt_consumer.orchestrator.gossiptoon.adapter import Video
from gt_consumer.orchestrator.gossiptoon.causes import PipelineFailedError
from gt_consumer.orchestrator.results import read_exception
from gt_consumer.processes.protocol import Failed

LOOKALIKE = Path(__file__).parents[2] / "support/lookalike"
URL = "https://www.reddit.com/r/tifu/comments/abc123/"
STAGES = ["story", "script", "voice", "panels", "render"]
PARTS = "123"
EVERY_CALL = {
    "story": 1,
    **{f"{kind}:{part}": 1 for kind in ("script", "voice", "image") for part in PARTS},
    "metadata": 1,
    "ffmpeg": 1,
    "end": 1,
}


class Place:
    """A story with its folder, and what its runs report."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.told: list[str] = []
        self.acquired: list[str] = []
        workdir = folder / "work"
        workdir.mkdir()
        self.job = jobs.Job(
            "s1",
            "b1",
            URL,
            1,
            workdir,
            reporter=lambda stage, _: self.told.append(stage),
            acquirer=self._acquire,
            projector=self._project,
            project_folder=folder / "projects/b1/s1",
        )

    @property
    def project(self) -> str:
        """The last project that was named."""
        return [name for name in self.told if name.startswith("project_")][-1]

    def plan(self, *troubles: str) -> None:
        (self.folder / "trouble").write_text("\n".join(troubles))

    def paid(self) -> Counter[str]:
        return Counter((self.folder / "paid").read_text().split())

    async def run(self, project: str | None = None) -> Video:
        self.told.clear()
        token = jobs.enter(self.job)
        try:
            if project is None:
                return await create().run(story_url=URL)
            return await create().run(project_id=project, resume=True)
        finally:
            jobs.leave(token)

    async def _acquire(self, provider: str) -> None:
        self.acquired.append(provider)

    def _project(self, name: str) -> None:
        assert not (self.folder / "paid").exists() or name in self.told or not self.told, "named too late"
        self.told.append(name)


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    """Let the adapter find the lookalike instead of GossipToon."""
    monkeypatch.syspath_prepend(str(LOOKALIKE))
    monkeypatch.setenv("LOOKALIKE", str(tmp_path))
    for name in ("GOOGLE_API_KEY", "REDDIT_CLIENT_ID", "REDDIT_CLIENT_SECRET"):
        monkeypatch.setenv(name, "x")
    monkeypatch.setattr(projects, "_last_tidied", {})
    yield Place(tmp_path)
    for name in [name for name in sys.modules if name.partition(".")[0] == "gossiptoon"]:
        del sys.modules[name]


async def test_a_story_has_a_folder_stages_and_a_project_before_anything_is_paid(place: Place) -> None:
    video = await place.run()
    assert place.told == [video.project_id, *STAGES]
    assert place.paid() == EVERY_CALL
    assert place.acquired == ["gemini"] * 6
    assert (video.success, video.duration) == (True, 61.0)
    assert video.output_path.parent == place.job.workdir
    assert video.output_path.read_text() == video.project_id
    assert (place.job.project_dir / video.project_id / "videos/film.mp4").is_file()
    assert "OUTPUT_DIR" not in os.environ


@pytest.mark.parametrize("call", EVERY_CALL)
async def test_cut_off_at_any_call_and_resumed_a_story_pays_that_call_alone_once_more(
    place: Place, call: str
) -> None:
    place.plan(f"{call} cancel")
    with pytest.raises(asyncio.CancelledError):
        await place.run()
    project = place.project
    video = await place.run(project)
    # Scripts are written again from their beginning, and so is what goes into a video; all else is kept.
    again = {"script:1": ["script:1"], "script:2": ["script:1", "script:2"]}.get(call)
    again = again or {"script:3": ["script:1", "script:2", "script:3"]}.get(call)
    again = again or {"ffmpeg": ["metadata", "ffmpeg"]}.get(call) or [call]
    assert place.paid() == Counter(EVERY_CALL) + Counter(again)
    assert video.output_path.read_text() == video.project_id
    assert (video.project_id == project) is (call != "story"), "before its first checkpoint it has nothing"


async def test_a_checkpoint_that_a_kill_has_cut_off_is_restored(place: Place) -> None:
    place.plan("image:2 cancel")
    with pytest.raises(asyncio.CancelledError):
        await place.run()
    project = place.project
    checkpoint = place.job.project_dir / project / f"checkpoints/checkpoint_{project}.json"
    checkpoint.write_text(checkpoint.read_text()[:9])
    await place.run(project)
    assert place.told == [project, "panels", "render"]
    assert place.paid()["voice:1"] == 1


async def test_a_project_is_not_looked_for_outside_the_storys_folder(place: Place) -> None:
    video = await place.run("../../../b2/s2/project_1")
    assert place.told[0] == video.project_id


@pytest.mark.parametrize(
    ("call", "provider"), [("story", "reddit"), ("voice:2", "gemini"), ("image:3", "gemini")]
)
async def test_a_429_becomes_a_wait_of_the_asked_length(place: Place, call: str, provider: str) -> None:
    place.plan(f"{call} 429:36.5")
    with pytest.raises(RateLimited) as caught:
        await place.run()
    limit = caught.value
    assert (limit.provider, limit.retry_after, limit.project_id) == (provider, 36.5, place.project)
    await place.run(place.project)
    assert place.paid() == EVERY_CALL, "what was paid before the limit is not paid again"


async def test_a_429_that_an_agent_logs_and_swallows_is_a_wait_too(place: Place) -> None:
    place.plan("script:2 429:12")
    with pytest.raises(RateLimited) as caught:
        await place.run()
    assert (caught.value.provider, caught.value.retry_after) == ("gemini", 12.0)


@pytest.mark.parametrize(
    ("call", "cause"), [("image:1", "ExhaustedError"), ("script:2", "ProviderRefusedError")]
)
async def test_a_429_without_a_time_is_left_to_the_retry_rules_with_its_cause(
    place: Place, call: str, cause: str
) -> None:
    place.plan(f"{call} 429:soon")
    with pytest.raises(PipelineFailedError) as caught:
        await place.run()
    assert type(caught.value.__cause__).__name__ == cause
    failed = read_exception(caught.value)
    assert isinstance(failed, Failed)
    assert any("429" in told for told in (failed.message, *failed.causes))


async def test_a_quota_that_is_used_up_is_no_wait(place: Place) -> None:
    place.plan("image:1 spent")
    with pytest.raises(PipelineFailedError, match="limit: 0"):
        await place.run()


async def test_a_failure_says_what_lies_beneath_it(place: Place) -> None:
    place.plan("voice:3 error", "voice:3 error")
    for project in (None, "again"):
        with pytest.raises(PipelineFailedError) as caught:
            await place.run(project and place.project)
        assert str(caught.value).startswith("generate_speech gave up; cause: Refused: 500 ")
    assert place.told == [place.project, "voice"]


async def test_other_runs_in_the_same_process_are_not_mixed_up(place: Place, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    other = Place(tmp_path / "other")
    other.job = replace(other.job, project_folder=tmp_path / "projects/b1/s2")
    place.plan("image:2 error")
    outcomes = await asyncio.gather(place.run(), other.run(), return_exceptions=True)
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["PipelineFailedError", "Video"]
    assert place.told[1:] + other.told[1:] in ([*STAGES[:4], *STAGES], [*STAGES, *STAGES[:4]])


async def test_the_log_is_as_before_after_a_run(place: Place) -> None:
    logger = logging.getLogger("gossiptoon")
    before = (logger.level, list(logger.handlers))
    await place.run()
    assert (logger.level, logger.handlers) == before


async def test_finished_projects_are_kept_for_as_long_as_is_set(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = place.folder / "projects"
    old, recent, unfinished = (root / "b0" / name for name in ("old", "recent", "unfinished"))
    for folder, age in ((old, 3 * 86400), (recent, 86400), (unfinished, None)):
        folder.mkdir(parents=True)
        if age is not None:
            (folder / projects.FINISHED).touch()
            os.utime(folder / projects.FINISHED, times=(time.time() - age,) * 2)
    monkeypatch.setenv("GT_PROJECTS_KEEP", "2d")
    await place.run()
    assert sorted(path.name for path in root.glob("*/*")) == ["recent", "s1", "unfinished"]
    monkeypatch.setenv("GT_PROJECTS_KEEP", "0")
    video = await place.run()
    assert video.output_path.read_text() == video.project_id
    assert not (root / "b1").exists()
    assert recent.exists(), "looked at once an hour"


async def test_outside_a_worker_nothing_is_tidied(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GT_PROJECTS_KEEP", "0")
    place.job = replace(place.job, project_folder=None)
    video = await place.run()
    assert video.output_path.is_file()
    assert projects._last_tidied == {}


async def test_a_story_file_is_refused_before_anything_is_paid(place: Place) -> None:
    token = jobs.enter(place.job)
    with pytest.raises(PermanentError, match="Reddit posts only"):
        await create().run(story_url="file:///stories/fence.md")
    jobs.leave(token)
    assert place.told == []


async def test_the_check_says_what_gossiptoon_has(place: Place) -> None:
    assert await check() == ["GossipToon's own check: ffmpeg, gemini_api_key"]


@pytest.mark.parametrize(
    ("variable", "says"),
    [
        ("GOOGLE_API_KEY", "settings incomplete: GOOGLE_API_KEY is required"),
        ("REDDIT_CLIENT_SECRET", "GossipToon has no reddit_client_secret"),
    ],
)
async def test_a_missing_key_fails_the_check(
    place: Place, monkeypatch: pytest.MonkeyPatch, variable: str, says: str
) -> None:
    monkeypatch.delenv(variable)
    with pytest.raises(CredentialsRefusedError, match=says):
        await check()


async def test_a_missing_program_fails_the_check(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOOKALIKE_NO_FFMPEG", "1")
    with pytest.raises(MachineUnfitError, match="cannot run here: ffmpeg"):
        await check()


async def test_without_gossiptoon_the_check_says_where_to_read_how_to_install_it() -> None:
    with pytest.raises(OrchestratorError, match="not installed in this environment; see docs/integrations"):
        await check()


async def test_a_version_that_cannot_be_imported_is_named(place: Place) -> None:
    sys.modules["gossiptoon.pipeline.orchestrator"] = logging
    with pytest.raises(OrchestratorError, match=r"cannot be imported: .*PipelineOrchestrator"):
        await check()
