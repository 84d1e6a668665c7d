"""Runs one story through GossipToon, or resumes it, in a folder of its own."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

from gt_common.errors import PermanentError, RateLimited
from gt_common.settings import load_settings
from gt_consumer.jobs import Job, job
from gt_consumer.orchestrator.gossiptoon.causes import PipelineFailedError, ProviderRefusedError, limit_of
from gt_consumer.orchestrator.gossiptoon.paid_calls import pay_once
from gt_consumer.orchestrator.gossiptoon.pipeline import Pipeline, Result, make_pipeline
from gt_consumer.orchestrator.gossiptoon.projects import (
    can_resume,
    find_video,
    hand_over,
    mark_begun,
    remove_old,
)
from gt_consumer.orchestrator.gossiptoon.run_log import RunLog, watch_log


@dataclass(frozen=True)
class Video:
    """The result of a successful run, in the form that the worker reads."""

    project_id: str
    output_path: Path
    duration: float | None
    success: bool = True


class GossipToon:
    """GossipToon's pipeline, for one attempt of one story."""

    async def run(
        self, story_url: str | None = None, project_id: str | None = None, resume: bool = False
    ) -> Video:
        """Make the video of the running job; start over if a project has no readable checkpoint.

        Raises:
            RateLimited: a provider refused a call for a while and said for how long
            PermanentError: the story is not a Reddit post
            PipelineFailedError: GossipToon failed; raised from what it logged as the cause
        """
        current = job()
        folder, keep = current.project_dir, load_settings().projects_keep
        if current.project_folder is None:
            keep = math.inf
        else:
            remove_old(folder, keep)
        known = project_id if resume and project_id and can_resume(folder, project_id) else None
        url = story_url or current.url
        if known is None and not url.startswith(("http://", "https://")):
            raise PermanentError(f"GossipToon takes Reddit posts only, not {url:.200}")
        mark_begun(folder)
        with watch_log(current, folder) as log:
            result = await _run(current, folder, url, known)
        if not result.success:
            raise _failure(result, log)
        video, duration = find_video(folder, result)
        return Video(result.project_id, hand_over(video, current.workdir, folder, keep), duration)


async def _run(current: Job, folder: Path, url: str, known: str | None) -> Result:
    pipeline: Pipeline = make_pipeline(folder, current.project)
    pay_once(pipeline, current)
    if known is None:
        return await pipeline.run(story_url=url)
    return await pipeline.run(project_id=known, resume=True)


def _failure(result: Result, log: RunLog) -> Exception:
    limit = limit_of(log.error, log.troubles, log.stage)
    if limit is not None and limit.retry_after is not None:
        return RateLimited(limit.provider, limit.retry_after, result.project_id)
    failed = PipelineFailedError.of(result.error, log.error)
    swallowed = limit is not None and isinstance(limit.cause, ProviderRefusedError)
    failed.__cause__ = limit.cause if limit is not None and swallowed else log.error
    return failed
