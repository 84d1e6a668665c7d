"""What gt-batch adds to a story's time, compared with calling the orchestrator in a plain loop.

    python benchmarks/batch_overhead.py [--stories 200] [--most 50]

The orchestrator writes a small file. The plain loop calls it and copies the file to its place. gt-batch runs
it in a child process, commits each event to a ledger on the disk, and stores the video with its result file;
the first story, for which the child is started, is not counted. Ends with 1 when a story costs over `--most`.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import shutil
import statistics
import sys
import tempfile
import time
from contextlib import aclosing
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from gt_common.ledger import open_ledger
from gt_common.log import configure_logging
from gt_common.messages import Event, StorySucceeded
from gt_common.settings import Settings, load_settings
from gt_common.stories import Story
from gt_consumer import jobs
from gt_consumer.batch.engine import BatchEngine, RunEnd
from gt_consumer.batch.work import begin
from gt_consumer.limits.local import LocalLimiter
from gt_consumer.runner.executors import make_runner

HERE = Path(__file__).parent


@dataclass(frozen=True)
class Result:
    """The result of an orchestrator."""

    success: bool
    output_path: Path
    duration: float = 1.0


class Small:
    """Makes a "video" of a few bytes."""

    async def run(
        self, story_url: str | None = None, project_id: str | None = None, resume: bool = False
    ) -> Result:
        """Make it."""
        jobs.job().report("render", 0.5)
        video = jobs.job().workdir / "video.mp4"
        video.write_text(f"a video of {story_url}")
        return Result(success=True, output_path=video)


async def plain_loop(stories: list[Story], folder: Path) -> float:
    """Return the seconds per story in a plain loop."""
    begun = time.perf_counter()
    for number, story in enumerate(stories):
        workdir = Path(tempfile.mkdtemp(dir=folder))
        token = jobs.enter(jobs.Job(str(number), "plain", story.url, 1, workdir))
        result = await Small().run(story_url=story.url)
        jobs.leave(token)
        shutil.copyfile(result.output_path, folder / f"{number}.mp4")
        shutil.rmtree(workdir)
    return (time.perf_counter() - begun) / len(stories)


def measure_batch(stories: list[Story], folder: Path) -> list[float]:
    """Return the seconds between successes, one for each story but the first."""
    settings = load_settings(
        orchestrator="batch_overhead:Small",
        prefetch=1,
        output=folder / "outputs",
        state_dir=folder / "state",
        ledger_url=f"sqlite:///{folder / 'ledger.db'}",
    )
    with (folder / "batch.log").open("w") as log:
        configure_logging(settings, log)
        return asyncio.run(by_batch(stories, settings))


async def by_batch(stories: list[Story], settings: Settings) -> list[float]:
    """Run the stories. Return the seconds between successes."""
    ends: list[float] = []

    def listener(event: Event) -> None:
        if isinstance(event, StorySucceeded):
            ends.append(time.perf_counter())

    work = begin("overhead", stories, None, {})
    limiter = LocalLimiter()
    with open_ledger(settings.ledger) as ledger:
        async with aclosing(make_runner(settings, limiter)) as runner:
            ending = await BatchEngine(settings, runner, ledger, listener, limiter).run(
                work.events, work.stories
            )
    assert ending is RunEnd.FINISHED
    assert len(ends) == len(stories), "every story was made"
    return [after - before for before, after in pairwise(ends)]


def main() -> int:
    """Measure both and print the difference."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--stories", type=int, default=200)
    parser.add_argument("--most", type=float, default=50.0, help="milliseconds a story may cost")
    arguments = parser.parse_args()
    os.environ["PYTHONPATH"] = os.pathsep.join([str(HERE), *filter(None, [os.environ.get("PYTHONPATH")])])
    stories = [
        Story(f"https://redd.it/{n:x}a", f"https://www.reddit.com/comments/{n:x}a/", "benchmark")
        for n in range(arguments.stories)
    ]
    with tempfile.TemporaryDirectory() as folder:
        plain = asyncio.run(plain_loop(stories, Path(folder)))
        each = measure_batch(stories, Path(folder))
    cost_ms = 1000 * (statistics.mean(each) - plain)
    slow_ms = 1000 * statistics.quantiles(each, n=20)[-1]
    print(f"plain loop      {1000 * plain:8.2f} ms a story")
    print(f"gt-batch        {1000 * statistics.mean(each):8.2f} ms a story, 95 of 100 under {slow_ms:.2f} ms")
    print(f"cost of gt-batch {cost_ms:7.2f} ms a story, at most {arguments.most:g} ms are allowed")
    return 0 if cost_ms < arguments.most else 1


if __name__ == "__main__":
    sys.exit(main())
