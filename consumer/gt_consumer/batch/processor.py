"""Batches for programs: `await BatchProcessor(orchestrator).process_batch(urls)`, without a broker."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import ExitStack, asynccontextmanager
from pathlib import Path
from typing import Literal

from gt_common.batches import check_batch_id, check_messages, check_name, new_batch_id, parse_tags
from gt_common.errors import InvalidListError, UsageError
from gt_common.log import configure_quietly
from gt_common.messages import Event, StopRules, utc_now
from gt_common.report.model import BatchResult
from gt_common.settings import Settings, load_settings
from gt_common.stories import ListReading, read_list
from gt_common.stories.roots import roots_of_stories
from gt_common.stories.titles import with_titles
from gt_consumer.batch.engine import RunEnd
from gt_consumer.batch.given_orchestrator import maker_of
from gt_consumer.batch.prepare import Prepared, prepare
from gt_consumer.batch.request import Limits, Mode, Request

Isolation = Literal["caller", "process"]
MOST_PROBLEMS = 5


class BatchProcessor:
    """Makes the videos of lists of stories, one by one or several at once; a failed story stops no other.

    Every step is committed to the ledger as by `gt-batch`: `gt-report` shows it, and `resume_batch` continues
    a batch whose program was killed.

    Parameters:
        orchestrator: what makes a video. A factory (a class or function without arguments) is called for each
            attempt; an object with a `run` method as in docs/orchestrators.md is used as it is, for one story
            at a time; a string names one as `gt-batch --orchestrator` does
        max_parallel: stories at the same time, 1 to 256; more than one needs a factory or a name, because an
            orchestrator keeps the state of its story. For one without state write `lambda: orchestrator`
        isolation: "caller" runs the orchestrator in this event loop; "process", the default for names, runs
            each story in a child process, which contains crashes, leaks and blocking calls
        output: folder of finished videos; default GT_OUTPUT
        ledger_url: database of the batches; default GT_LEDGER_URL
        state_dir: folder for locks; default GT_STATE_DIR
        max_attempts: attempts before a story fails; default GT_MAX_ATTEMPTS
        time_limit: for one attempt, in seconds or as `30m`; default GT_TIME_LIMIT
        retry_delays: seconds before the 2nd, 3rd, … attempt; default GT_RETRY_DELAYS
        any_url: whether every http(s) link may be a story; default GT_URLS
        max_failures: how many stories, or which share of the batch (`"10%"`), may fail in one call before no
            new ones start; None for any number, or for the rule that an existing batch has
        max_cost: what a batch may cost in all its runs, in GT_CURRENCY, before no new stories start; None for
            any amount, or for the rule that an existing batch has
        on_event: called with each event after it is committed, and with finer progress, for a display

    Raises:
        UsageError, OrchestratorError: an argument is invalid, or they cannot be combined
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
        any_url: bool | None = None,
        max_failures: int | str | None = None,
        max_cost: float | str | None = None,
        on_event: Callable[[Event], None] | None = None,
    ) -> None:
        if not 1 <= max_parallel <= 256:
            raise UsageError(f"max_parallel must be between 1 and 256, not {max_parallel}")
        named = isinstance(orchestrator, str)
        self._settings = load_settings(
            orchestrator=orchestrator if named else None,
            urls=None if any_url is None else "any" if any_url else "reddit",
            prefetch=max_parallel,
            output=output,
            ledger_url=ledger_url,
            state_dir=state_dir,
            max_attempts=max_attempts,
            time_limit=time_limit,
            retry_delays=retry_delays,
        )
        in_process = (isolation or ("process" if named else "caller")) == "process"
        if in_process and not named:
            raise UsageError(
                'isolation="process" needs the name of an orchestrator, such as "package.module:factory": '
                "an object cannot be passed to another process"
            )
        self._make_one = None if in_process else maker_of(orchestrator, max_parallel)
        self._rules = _rules(max_failures, max_cost)
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
        """Make the videos of a new batch and return its report when every story has succeeded or failed.

        A story that is listed twice is made once. One that an earlier batch has made is made again. On
        cancellation running stories are released without using up an attempt; `resume_batch` continues.

        Parameters:
            story_urls: Reddit posts, or story files as `file:` URLs or paths
            batch_id: default: a new id
            force: make videos again that are already in the batch's output folder

        Raises:
            InvalidListError: some entries are not stories; nothing was made
            UsageError: the batch id is taken, or a name or tag is invalid
            OrchestratorError, OutputError: the orchestrator cannot be loaded, or the output not be written
            LedgerUnreachableError, CredentialsRefusedError: the ledger cannot be used
        """
        # A program that names a file may read it; folders limit only what others name.
        readable = self._settings.story_roots or (Path("/"),)
        listed = await asyncio.to_thread(with_titles, self._read(story_urls), readable)
        return await self._run(
            Request(
                new_batch_id(utc_now().astimezone()) if batch_id is None else check_batch_id(batch_id),
                listed=listed,
                story_roots=roots_of_stories(story.canonical for story in listed.stories),
                name=check_name(name),
                tags=parse_tags(f"{key}={value}" for key, value in (tags or {}).items()),
                force=force,
                rules=self._rules,
                schedule=Limits().schedule(listed.stories),
                make_one=self._make_one,
            )
        )

    async def resume_batch(self, batch_id: str) -> BatchResult:
        """Continue a batch that was cancelled or killed; finished stories are not run again.

        Raises:
            NoSuchBatchError: the ledger does not know the batch
            UsageError: gt-produce published it, or another process is running it
        """
        return await self._run(self._existing(batch_id, Mode.RESUME))

    async def retry_failed(self, batch_id: str) -> BatchResult:
        """Run the failed stories of a batch again as their next generation; the others stay as they are.

        Raises:
            NoSuchBatchError: the ledger does not know the batch
            UsageError: gt-produce published it, or another process is running it
        """
        return await self._run(self._existing(batch_id, Mode.RETRY_FAILED))

    def _existing(self, batch_id: str, mode: Mode) -> Request:
        return Request(batch_id, mode, rules=self._rules, make_one=self._make_one)

    def _read(self, story_urls: Iterable[str]) -> ListReading:
        if isinstance(story_urls, str):
            raise UsageError("process_batch takes a list of stories; for one story write [url]")
        any_link = self._settings.any_link
        listed = check_messages(read_list(story_urls, "story_urls", Path.cwd(), any_link=any_link))
        return _checked(listed)

    async def _run(self, request: Request) -> BatchResult:
        async with _prepared(request, self._settings) as batch:
            end = await batch.run(self._on_event)
            result = await asyncio.to_thread(batch.report)
            met = batch.rules.met if end is RunEnd.STOPPED_BY_RULE else None
            return result.model_copy(update={"stopped_by": met})


@asynccontextmanager
async def _prepared(request: Request, settings: Settings) -> AsyncIterator[Prepared]:
    """Prepare a batch in a thread, because that blocks; release it even if cancelled meanwhile."""
    with ExitStack() as stack:
        preparing = asyncio.create_task(asyncio.to_thread(stack.enter_context, prepare(request, settings)))
        try:
            yield await asyncio.shield(preparing)
        finally:
            await asyncio.wait({preparing})


def _rules(max_failures: int | str | None, max_cost: float | str | None) -> StopRules | None:
    """Return stop rules.

    Raises:
        UsageError: one is invalid
    """
    try:
        failures, cost = (None if given is None else str(given) for given in (max_failures, max_cost))
        return Limits(failures, cost).rules()
    except UsageError as error:
        raise UsageError(str(error).replace("--max-", "max_")) from None


def _checked(listed: ListReading) -> ListReading:
    if listed.problems:
        more = len(listed.problems) - MOST_PROBLEMS
        shown = "; ".join(listed.problems[:MOST_PROBLEMS]) + (f"; and {more} more" if more > 0 else "")
        raise InvalidListError(f"no videos made: {shown}")
    if not listed.stories:
        raise InvalidListError("no videos made: the list has no stories")
    return listed
