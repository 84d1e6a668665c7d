"""Five numbered stages with a checkpoint after each."""

from __future__ import annotations

import json
import logging
import os
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

from ..core.config import ConfigManager  # noqa: TID252 - its name is another in tests that import it
from ..services import Images, Refused, Voices, call  # noqa: TID252

logger = logging.getLogger(__name__)
checkpoint_logger = logging.getLogger(__name__.replace("orchestrator", "checkpoint"))

STAGES = ("found", "written", "spoken", "drawn", "assembled")
PARTS = ("1", "2", "3")


@dataclass
class PipelineResult:
    """How a run ended."""

    project_id: str
    success: bool
    video_project: SimpleNamespace | None = None
    error: str | None = None


class PipelineOrchestrator:
    """Makes a video of a post."""

    def __init__(self, config: ConfigManager) -> None:
        self.config = config
        self.audio_generator = SimpleNamespace(tts_client=Voices())
        self.visual_director = SimpleNamespace(image_client=Images())

    async def validate_setup(self) -> dict[str, bool]:
        """Return what is there."""
        ffmpeg = not os.environ.get("LOOKALIKE_NO_FFMPEG")
        return {"openai_api_key": False, "gemini_api_key": True, "ffmpeg": ffmpeg, "ready": False}

    async def run(
        self, story_url: str | None = None, project_id: str | None = None, resume: bool = False
    ) -> PipelineResult:
        """Run the stages that are left."""
        project = project_id if resume and project_id else f"project_{time.time_ns()}"
        self.config.set_job_context(project)
        try:
            return await self._stages(project, resume)
        except Exception as error:
            logger.error("run of %s failed: %s", project, error, exc_info=True)
            return PipelineResult(project, success=False, error=str(error))

    async def _stages(self, project: str, resume: bool) -> PipelineResult:
        place = self.config.folder / "checkpoints" / f"checkpoint_{project}.json"
        state = json.loads(place.read_text()) if resume else {"current_stage": ""}
        done = STAGES.index(state["current_stage"]) + 1 if state["current_stage"] else 0
        steps: tuple[Callable[[], Awaitable[None]], ...] = (
            self._find,
            self._write,
            self._speak,
            self._draw,
            self._assemble,
        )
        made = None
        for number, (stage, step) in enumerate(zip(STAGES, steps, strict=True), start=1):
            if number <= done:
                continue
            logger.info("Stage %d: on it", number)
            await step()
            state["current_stage"] = stage
            if stage == "assembled":
                video = self.config.folder / "videos" / "film.mp4"
                made = SimpleNamespace(output_path=video, total_duration=61.0)
                state["video_data"] = {"video_project": {"output_path": str(video), "total_duration": 61.0}}
            place.write_text(json.dumps(state))
            checkpoint_logger.info("saved %s", stage)
        call("end")
        return PipelineResult(project, success=True, video_project=made)

    async def _find(self) -> None:
        call("story")

    async def _write(self) -> None:
        try:
            for part in PARTS:
                self._write_part(part)
        except RuntimeError as error:
            raise RuntimeError("no script after all tries") from error

    def _write_part(self, part: str) -> None:
        try:
            call(f"script:{part}")
        except Refused as error:
            logger.error("part %s failed: %s", part, error)  # noqa: TRY400 - as the real agents log it
            failed = True
        else:
            failed = False
        if failed:
            raise RuntimeError(f"nothing came for part {part}")

    async def _speak(self) -> None:
        for part in PARTS:
            place = self.config.folder / "audio" / f"{part}.mp3"
            await self.audio_generator.tts_client.generate_speech(
                text=part, voice_id="alto", output_path=place
            )

    async def _draw(self) -> None:
        for part in PARTS:
            place: Path = self.config.folder / "images" / f"{part}.png"
            await self.visual_director.image_client.generate_image(prompt=part, output_path=place)

    async def _assemble(self) -> None:
        call("metadata")
        (self.config.folder / "videos" / "film.mp4").write_text(self.config.folder.name)
        call("ffmpeg")
