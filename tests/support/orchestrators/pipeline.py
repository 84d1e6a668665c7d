"""An orchestrator like GossipToon's PipelineOrchestrator: state per job, results, checkpoints, prints."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path

from gt_consumer import job


@dataclass(frozen=True)
class ConfigManager:
    """Configuration for the pipeline's constructor; `folder` has its checkpoints."""

    folder: Path


@dataclass
class VideoProject:
    """The finished video."""

    output_path: Path
    total_duration: float


@dataclass
class PipelineResult:
    """The result of `run`."""

    success: bool
    project_id: str
    error: str | None = None
    video_project: VideoProject | None = None


@dataclass
class PipelineOrchestrator:
    """Runs a job's stages; it keeps the job's state in itself, so that it can run only one job."""

    config: ConfigManager
    done: list[str] = field(default_factory=list)
    project_id: str | None = None

    async def run(
        self, story_url: str | None = None, project_id: str | None = None, resume: bool = False
    ) -> PipelineResult:
        """Run the stages; a resumed project continues after its checkpoint."""
        if self.project_id is not None:
            return PipelineResult(False, self.project_id, error="this orchestrator has already run a job")
        self.project_id = project_id or f"project_{job().story_id}"
        if resume and not self._checkpoint.exists():
            raise FileNotFoundError(f"no checkpoint found for project {project_id}")
        if resume:
            self.done = json.loads(self._checkpoint.read_text())
        elif story_url is None:
            return PipelineResult(False, self.project_id, error="neither a story nor a project was given")
        for stage in ("story", "script", "voice", "render"):
            if stage in self.done:
                continue
            print(f"=== Stage: {stage} ===")
            if stage == "story" and job().options.get("unreachable") and job().attempt == 1:
                return PipelineResult(False, self.project_id, error="reddit answered 503")
            if stage == "voice" and not resume:
                self._checkpoint.write_text(json.dumps(self.done))
                return PipelineResult(False, self.project_id, error="voice service answered 503")
            self.done.append(stage)
        if job().options.get("complete") and resume:
            return PipelineResult(True, self.project_id)
        video = job().workdir / f"{self.project_id}.mp4"
        video.write_text(f"resumed={resume} stages={','.join(self.done)}")
        return PipelineResult(True, self.project_id, video_project=VideoProject(video, 61.5))

    @property
    def _checkpoint(self) -> Path:
        return self.config.folder / f"{self.project_id}.json"


def create() -> PipelineOrchestrator:
    """Make a pipeline with its configuration: `support.orchestrators.pipeline:create`."""
    return PipelineOrchestrator(ConfigManager(Path(str(job().options["checkpoints"]))))
