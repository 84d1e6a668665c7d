"""Batches for programs: `await BatchProcessor(orchestrator).process_batch(urls)`, without a broker."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from contextlib import aclosing
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from gt_common.batches import check_batch_id, check_messages, check_name, new_batch_id, parse_tags
from gt_common.errors import InvalidListError, UsageError
from gt_common.ledger import open_ledger
from gt_common.log import configure_quietly
from gt_common.messages import Event, utc_now
from gt_common.operator import operator
from gt_common.report.model import BatchResult, build_report
from gt_common.settings import load_settings
from gt_common.stories import Story, read_list
from gt_consumer.batch import work as batch_work
from gt_consumer.batch.earlier import check_new, work_left
from gt_consumer.batch.engine import BatchEngine
from gt_consumer.batch.given_orchestrator import maker_of
from gt_consumer.batch.lock import lock_batch
from gt_consumer.batch.work import BatchWork
from gt_consumer.limits.local import open_local_limiter
from gt_consumer.orchestrator.check import check_orchestrator
from gt_consumer.runner.executors import make_runner
from gt_consumer.runner.inline import InlineExecutor
from gt_consumer.storage.finished_videos import check_output

if TYPE_CHECKING:
    from gt_common.ledger.ledger import Ledger

Isolation = Literal["caller", "process"]
MOST_SAID = 5


class BatchProcessor:
    """Makes videos of lists of stories, one by one or several at once; a failed story stops no other.

    What happens is committed to the ledger step by step, as by `gt-batch`: `gt-report` shows it, and a batch
    whose program was killed can be gone on with by `resume_batch`.

    Parameters:
        orchestrator: what makes a video. A factory (a class or function without arguments) gives a new one
            for each attempt; an object with a `run` as in docs/orchestrators.md is used as it is, for one
            story at a time; a text names one as `gt-batch --orchestrator` does
        max_parallel: stories at once; more than one needs a factory or a name, as an orchestrator keeps
            state. For an object that keeps none write `lambda: orchestrator`
        isolation: "caller" runs it in this event loop; "process" runs each story in a child process, which a
            crash, a leak or a blocked loop does not leave, and needs a name. By default "process" for names
        output: folder of finished videos; by default GT_OUTPUT
        ledger_url: where batches are kept; by default GT_LEDGER_URL
        state_dir: where projects of failed attempts are noted; by default GT_STATE_DIR
        max_attempts: attempts before a story has failed; by default GT_MAX_ATTEMPTS
        time_limit: for one attempt, in seconds or as `30m`; by default GT_TIME_LIMIT
        retry_delays: seconds before the 2nd, 3rd, … attempt; by default GT_RETRY_DELAYS
        max_failures: stories that may fail in one call before no other is started; None for no limit
        on_event: told each event after it is committed, and finer progress, for a display

    Raises:
        UsageError, OrchestratorError: the arguments cannot be used so
    """

    def __init__(
        self,
        orchestrator: object,
        max_parallel: int = 1,
        *,
        isolation: Isolation | None = None,
        output: Path | str | None = None,
        ledger_url: str | None = None,
        state_dir: Path | str | None = None,
        max_attempts: int | None = None,
        time_limit: float | str | None = None,
        retry_delays: tuple[float, ...] | None = None,
        max_failures: int | None = None,
        on_event: Callable[[Event], None] | None = None,
    ) -> None:
        if not 1 <= max_parallel <= 256:
            raise UsageError(f"max_parallel must lie between 1 and 256, not {max_parallel}")
        named = isinstance(orchestrator, str)
        self._settings = load_settings(
            orchestrator=orchestrator if named else None,
            prefetch=max_parallel,
            output=output,
            ledger_url=ledger_url,
            state_dir=state_dir,
            max_attempts=max_attempts,
            time_limit=time_limit,
            retry_delays=retry_delays,
        )
        self._in_process = (isolation or ("process" if named else "caller")) == "process"
        if self._in_process and not named:
            raise UsageError(
                'isolation="process" needs the name of an orchestrator, such as "package.module:factory": '
                "an object cannot be handed to another process"
            )
        self._make_one = None if self._in_process else maker_of(orchestrator, max_parallel)
        self._max_failures = max_failures
        self._on_event: Callable[[Event], None] = on_event or (lambda _event: None)
        configure_quietly()

    async def process_batch(
        self,
        story_urls: Iterable[str],
        *,
        batch_id: str | None = None,
        name: str | None = None,
        tags: Mapping[str, str] | None = None,
        force: bool = False,
    ) -> BatchResult:
        """Make the videos of a new batch; give its report when every story has succeeded or failed.

        A story that comes twice is made once. One that an earlier batch has made is made again: the caller
        asks for it. Cancelled, it gives the running stories back unspent; `resume_batch` goes on.

        Parameters:
            story_urls: Reddit posts, or story files by `file:` URL or path
            batch_id: by default a new one
            force: make videos again that lie in the batch's output folder already

        Raises:
            InvalidListError: some are no stories; nothing was made
            UsageError: the batch id is taken, or a name or tag cannot be used
            OrchestratorError, OutputError: it cannot be loaded, or videos cannot be written
            LedgerUnreachableError, CredentialsRefusedError: the ledger cannot be used
        """
        stories = _read(story_urls)
        new_id = check_batch_id(batch_id) if batch_id is not None else new_batch_id(utc_now().astimezone())
        marks = parse_tags(f"{key}={value}" for key, value in (tags or {}).items())
        work = batch_work.begin(new_id, stories, check_name(name), marks)

        def plan(ledger: Ledger) -> BatchWork:
            check_new(ledger, new_id)
            return work

        return await self._run(new_id, plan, force=force)

    async def resume_batch(self, batch_id: str) -> BatchResult:
        """Go on with a batch that was cancelled or killed; finished stories are not run again.

        Raises:
            NoSuchBatchError: the ledger knows no such batch
            UsageError: it was published to workers, or another process makes it now
        """
        return await self._run(batch_id, lambda ledger: work_left(ledger, batch_id))

    async def retry_failed(self, batch_id: str) -> BatchResult:
        """Run the failed stories of a batch again, as their next generation; others are left as they are.

        Raises:
            NoSuchBatchError: the ledger knows no such batch
            UsageError: it was published to workers, or another process makes it now
        """
        return await self._run(batch_id, lambda ledger: work_left(ledger, batch_id, retry_by=operator()))

    async def _run(
        self, batch_id: str, plan: Callable[[Ledger], BatchWork], *, force: bool = False
    ) -> BatchResult:
        settings = self._settings
        await asyncio.to_thread(check_output, settings.output)
        if self._in_process:
            await asyncio.to_thread(check_orchestrator, settings.orchestrator)
        ledger = await asyncio.to_thread(open_ledger, settings.ledger, timeout=settings.connect_timeout)
        with ledger, lock_batch(settings.state_dir, check_batch_id(batch_id)) as hold:
            work = await asyncio.to_thread(plan, ledger)
            if self._in_process:
                hold.keep(settings)
            limiter = open_local_limiter(settings)
            executor = InlineExecutor(self._make_one) if self._make_one else None
            async with aclosing(make_runner(settings, limiter, executor=executor, force=force)) as runner:
                engine = BatchEngine(
                    settings, runner, ledger, self._on_event, limiter, max_failures=self._max_failures
                )
                await engine.run(work.events, work.stories)
            return build_report(await asyncio.to_thread(ledger.batch, batch_id), utc_now())


def _read(story_urls: Iterable[str]) -> tuple[Story, ...]:
    if isinstance(story_urls, str):
        raise UsageError("process_batch takes a list of stories; for one story write [url]")
    reading = check_messages(read_list(story_urls, "story_urls", Path.cwd()))
    if reading.problems:
        more = len(reading.problems) - MOST_SAID
        said = "; ".join(reading.problems[:MOST_SAID]) + (f"; and {more} more" if more > 0 else "")
        raise InvalidListError(f"nothing was made: {said}")
    if not reading.stories:
        raise InvalidListError("nothing was made: the list has no stories")
    return reading.stories
