"""Batches for programs: what may be given, how it is run, what comes back."""

from __future__ import annotations

import asyncio
import os
import runpy
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import ClassVar

import pytest

from gt_common.errors import InvalidListError, NoSuchBatchError, OrchestratorError, PermanentError, UsageError
from gt_common.ledger import open_ledger
from gt_common.messages import Event
from gt_consumer import BatchProcessor, BatchResult, RateLimited, VideoResult, job
from gt_consumer.batch.processor import Isolation
from support.orchestrators.pipeline import ConfigManager, PipelineOrchestrator
from support.orchestrators.results import Result, made
from support.runner import python_path
from support.samples.batches import cancels
from support.waiting import until

URLS = [f"https://redd.it/s{n}" for n in range(1, 5)]
EXAMPLE = Path(__file__).parents[3] / "examples" / "batch_api.py"


class Fake:
    """Does what the story's address says; each object notes how often it was used."""

    runs: ClassVar[Counter[str]] = Counter()

    def __init__(self) -> None:
        self.used = 0

    async def run(
        self, story_url: str | None = None, project_id: str | None = None, resume: bool = False
    ) -> Result:
        self.used += 1
        assert story_url == job().url
        Fake.runs[story_url] += 1
        job().report("render", 0.5)
        match story_url[-2:]:
            case "s2" if Fake.runs[story_url] == 1:
                raise ConnectionError("connection reset")
            case "s3":
                raise PermanentError("the post is gone")
            case "s4" if Fake.runs[story_url] == 1:
                raise RateLimited("gemini", 0.05)
            case "s9":
                await asyncio.Event().wait()
        return made("video", project_id=f"p-{self.used}", duration=61.0)


@pytest.fixture(autouse=True)
def _fresh() -> None:
    Fake.runs.clear()


def processor(
    folder: Path,
    orchestrator: object = Fake,
    max_parallel: int = 1,
    *,
    isolation: Isolation | None = None,
    time_limit: float | None = None,
    heard: list[Event] | None = None,
    max_failures: int | str | None = None,
) -> BatchProcessor:
    return BatchProcessor(
        orchestrator,
        max_parallel,
        isolation=isolation,
        output=folder / "out",
        ledger_url=f"sqlite:///{folder / 'ledger.db'}",
        state_dir=folder / "state",
        retry_delays=(0.01,),
        time_limit=time_limit,
        on_event=heard.append if heard is not None else None,
        max_failures=max_failures,
    )


def content(row: VideoResult) -> str:
    assert isinstance(row.output_path, Path)
    return row.output_path.read_text()


def ended(result: BatchResult) -> list[tuple[str, int]]:
    return [(row.status.value, row.attempts) for row in result.results]


@pytest.mark.parametrize("max_parallel", [1, 3])
async def test_a_factory_gives_each_attempt_a_new_object(tmp_path: Path, max_parallel: int) -> None:
    heard: list[Event] = []
    result = await processor(tmp_path, Fake, max_parallel, heard=heard).process_batch(URLS, name="n")
    assert ended(result) == [("success", 1), ("success", 2), ("failed", 1), ("success", 1)]
    assert (result.total, result.successful, result.failed, result.name) == (4, 3, 1, "n")
    first, _, third, _ = result.results
    assert (first.url, first.project_id, first.error, first.failure) == (URLS[0], "p-1", None, None)
    assert content(first) == "video"
    assert third.failure is not None
    assert third.error == third.failure.message
    assert (third.failure.type, third.failure.message, third.failure.stage) == (
        "PermanentError",
        "the post is gone",
        "render",
    )
    # A stage that a short run had no time to tell of is passed over: its outcome says more.
    assert {event.type for event in heard} >= {"batch.opened", "story.retrying", "story.succeeded"}
    with open_ledger(f"sqlite:///{tmp_path / 'ledger.db'}") as ledger:
        assert ledger.batch(result.batch_id).total == 4


async def test_an_object_is_used_as_it_is_for_one_story_at_a_time(tmp_path: Path) -> None:
    given = Fake()
    result = await processor(tmp_path, given).process_batch([URLS[0], URLS[0], "https://redd.it/s5"])
    assert (result.total, given.used) == (2, 2)
    assert [row.project_id for row in result.results] == ["p-1", "p-2"]
    with pytest.raises(UsageError, match="lambda: orchestrator"):
        processor(tmp_path, given, 2)
    shared = await processor(tmp_path, lambda: given, 2).process_batch([URLS[0]])
    assert (shared.successful, given.used) == (1, 3)


@pytest.mark.parametrize("isolation", ["caller", "process", None])
async def test_a_name_is_run_in_a_process_unless_the_caller_wants_it_here(
    tmp_path: Path, isolation: Isolation | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", python_path())
    named = processor(tmp_path, "support.orchestrators.fakes:success", isolation=isolation)
    result = await named.process_batch([URLS[0]])
    assert ended(result) == [("success", 1)]
    here = content(result.results[0]) == str(os.getpid())
    assert here is (isolation == "caller")


@pytest.mark.parametrize(
    ("orchestrator", "isolation", "error"),
    [
        (object(), None, UsageError),
        (Fake, "process", UsageError),
        ("no such thing", None, OrchestratorError),
        ("no.such:thing", "caller", OrchestratorError),
        ("command:true", "caller", UsageError),
    ],
)
async def test_what_is_no_orchestrator_is_refused(
    tmp_path: Path, orchestrator: object, isolation: Isolation | None, error: type[Exception]
) -> None:
    with pytest.raises(error):
        await processor(tmp_path, orchestrator, isolation=isolation).process_batch(URLS)
    assert not (tmp_path / "ledger.db").exists()


async def test_lists_that_cannot_be_made_are_refused_whole(tmp_path: Path) -> None:
    made_of = processor(tmp_path)
    with pytest.raises(InvalidListError, match=r"story_urls:2: .*nonsense"):
        await made_of.process_batch([URLS[0], "nonsense"])
    with pytest.raises(InvalidListError, match="no stories"):
        await made_of.process_batch([])
    with pytest.raises(UsageError, match=r"write \[url\]"):
        await made_of.process_batch(URLS[0])
    with pytest.raises(NoSuchBatchError):
        await made_of.resume_batch("nope")
    assert not Fake.runs


async def test_time_limit_ends_an_attempt_in_the_callers_loop(tmp_path: Path) -> None:
    limited = BatchProcessor(
        Fake,
        output=tmp_path / "out",
        ledger_url=f"sqlite:///{tmp_path / 'l.db'}",
        state_dir=tmp_path / "state",
        time_limit=0.05,
        max_attempts=1,
    )
    result = await limited.process_batch(["https://redd.it/s9"])
    (row,) = result.results
    assert row.failure is not None
    assert (row.failure.type, row.failure.stage) == ("TimeLimitExceeded", "render")


async def test_cancelled_it_can_be_resumed_and_no_attempt_is_spent(tmp_path: Path) -> None:
    held = asyncio.Event()

    class Held(Fake):
        async def run(
            self, story_url: str | None = None, project_id: str | None = None, resume: bool = False
        ) -> Result:
            if str(story_url).endswith("s8") and not held.is_set():
                held.set()
                await asyncio.Event().wait()
            return await super().run(story_url, project_id, resume)

    made_of = processor(tmp_path, Held)
    urls = [URLS[0], "https://redd.it/s8", "https://redd.it/s7"]
    task = asyncio.create_task(made_of.process_batch(urls, batch_id="b1"))
    async with asyncio.timeout(20):
        await held.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        with pytest.raises(UsageError, match="already exists"):
            await made_of.process_batch(urls, batch_id="b1")
        result = await made_of.resume_batch("b1")
    assert ended(result) == [("success", 1)] * 3
    assert set(Fake.runs.values()) == {1}


async def test_a_rule_that_stops_a_batch_is_named_and_stays_with_it(tmp_path: Path) -> None:
    urls = [URLS[2], URLS[0], *(f"https://redd.it/{name}s3" for name in "ab")]
    first = await processor(tmp_path, max_failures="25%").process_batch(urls, batch_id="b1")
    assert (first.stopped_by, first.failed, first.queued) == ("max_failures", 1, 3)
    assert "stopped_by" not in first.to_json()
    second = await processor(tmp_path).resume_batch("b1")
    assert (second.stopped_by, second.failed, second.queued) == ("max_failures", 2, 1)
    third = await processor(tmp_path).resume_batch("b1")
    assert (third.stopped_by, third.failed, third.queued) == (None, 3, 0)
    for wrong in (0, "1.5", "101%"):
        with pytest.raises(UsageError, match="invalid max_failures"):
            processor(tmp_path, max_failures=wrong)


async def test_a_line_with_a_start_time_waits_and_an_urgent_one_comes_first(tmp_path: Path) -> None:
    late = '{"url": "https://redd.it/as1", "start_after": "700ms"}'
    urgent = '{"url": "https://redd.it/bs1", "priority": "high"}'
    begun = time.monotonic()
    result = await processor(tmp_path).process_batch([late, "https://redd.it/cs1", urgent])
    assert time.monotonic() - begun > 0.6
    assert result.successful == 3
    assert [url[-3:] for url in Fake.runs] == ["bs1", "cs1", "as1"]


async def test_what_an_operator_cancels_is_stopped_here_too(tmp_path: Path) -> None:
    heard: list[Event] = []
    task = asyncio.create_task(
        processor(tmp_path, heard=heard).process_batch(["https://redd.it/s9", URLS[0]], batch_id="b1")
    )
    async with asyncio.timeout(20):
        await until(lambda: any(event.type == "story.started" for event in heard))
        with open_ledger(f"sqlite:///{tmp_path / 'ledger.db'}") as ledger:
            cancels(ledger, "b1", 1, 2)
        result = await task
    assert [row.status.value for row in result.results] == ["cancelled", "cancelled"]
    assert list(Fake.runs) == ["https://redd.it/s9"]


async def test_failed_stories_are_retried_and_others_left(tmp_path: Path) -> None:
    made_of = processor(tmp_path)
    first = await made_of.process_batch(URLS[:3], batch_id="b1")
    again = await made_of.retry_failed("b1")
    assert [row.generation for row in again.results] == [1, 1, 2]
    assert again.results[:2] == first.results[:2]
    assert Fake.runs[URLS[2]] == 2


async def test_a_pipeline_of_gossiptoons_form_resumes_its_project_here_too(tmp_path: Path) -> None:
    result = await processor(tmp_path, lambda: PipelineOrchestrator(ConfigManager(tmp_path))).process_batch(
        URLS[:1]
    )
    (row,) = result.results
    assert (row.status.value, row.attempts, row.video_s) == ("success", 2, 61.5)
    assert content(row).startswith("resumed=True")


async def test_the_example_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GT_STATE_DIR", str(tmp_path / "state"))
    example = runpy.run_path(str(EXAMPLE))
    result = await example["make"](tmp_path / "out", f"sqlite:///{tmp_path / 'ledger.db'}")
    assert (result.total, result.successful) == (2, 2)
    assert all("a video of file://" in content(row) for row in result.results)


def test_importing_job_loads_nothing_of_it() -> None:
    code = "import sys, gt_consumer; gt_consumer.job; print('pydantic' in sys.modules, dir(gt_consumer))"
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert shown.stdout.startswith("False")
