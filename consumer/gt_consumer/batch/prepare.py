"""From a request to a batch that is checked, locked and planned, and its run."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterator, Mapping
from contextlib import ExitStack, aclosing, contextmanager, nullcontext
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from gt_common.cli.planning import lock_planning
from gt_common.errors import CredentialsRefusedError, NoSuchBatchError, UsageError
from gt_common.ledger import ledger_is_there, open_ledger, read_ledger
from gt_common.ledger.earlier import OnCompared
from gt_common.ledger.find_batch import check_known, check_not_pruned
from gt_common.lifecycle import BatchState
from gt_common.messages import BatchHold, is_local, utc_now
from gt_common.notify.sender import sending
from gt_common.notify.targets import Target, digests, open_targets
from gt_common.report.building import build_report
from gt_common.report.model import BatchResult
from gt_common.settings import Settings, load_settings
from gt_consumer.batch.engine import BatchEngine, RunEnd
from gt_consumer.batch.lock import kept_settings, lock_batch
from gt_consumer.batch.order_watch import OrderWatch
from gt_consumer.batch.plan import Plan, make_plan, why_not_fetched, why_not_made, with_finished
from gt_consumer.batch.publisher import Listener
from gt_consumer.batch.request import Mode, Request
from gt_consumer.batch.rule_notices import tell_stopped
from gt_consumer.batch.stop_rules import RunRules, stop_text
from gt_consumer.batch.story_roots import continued_roots
from gt_consumer.batch.work import start_over
from gt_consumer.limits.local import open_local_limiter
from gt_consumer.orchestrator.check import check_orchestrator
from gt_consumer.runner.executors import make_runner
from gt_consumer.runner.inline import InlineExecutor
from gt_consumer.runner.prices import read_prices
from gt_consumer.storage.finished_videos import check_output
from gt_consumer.worker.retry_rules import make_policy
from gt_consumer.worker.watching import Watching

if TYPE_CHECKING:
    from gt_common.ledger.ledger import Ledger
    from gt_common.ledger.reader import LedgerReader


Companion = Callable[[BatchEngine], Coroutine[None, None, None]]


@dataclass(frozen=True)
class Prepared:
    """A batch that is ready to run.

    Parameters:
        settings: those that it runs with; an existing batch keeps most of its own
        targets: who is told when it ends or many of its stories fail
    """

    request: Request
    settings: Settings
    ledger: Ledger
    plan: Plan
    targets: tuple[Target, ...] = ()

    @cached_property
    def rules(self) -> RunRules:
        """The stop rules of this run."""
        work = self.plan.work
        return RunRules(work.rules, work.total, work.before)

    @property
    def hold(self) -> BatchHold | None:
        """What paused the batch, or resumed it, before this run; None if it was never paused."""
        before = self.plan.work.before
        return before.hold if before else None

    async def run(
        self, listener: Listener, companion: Companion | None = None, watching: Watching | None = None
    ) -> RunEnd:
        """Run the stories of the batch; if cancelled, release the running ones first.

        Parameters:
            listener: called with each event after it is committed
            companion: runs beside the engine until that has ended, for signals and displays
            watching: what watches the stories, for metrics and traces

        Raises:
            LedgerUnreachableError, CredentialsRefusedError: the ledger cannot be written; what was
                committed is kept
            OutputError: the note of a project that is not to be resumed cannot be removed
        """
        request, settings, work = self.request, self.settings, self.plan.work
        watched = watching or Watching()
        limiter = watched.timed(open_local_limiter(settings))
        executor = InlineExecutor(request.make_one) if request.make_one else None
        if request.fresh:
            work = await asyncio.to_thread(start_over, work, settings.output)
        async with aclosing(make_runner(settings, limiter, executor=executor, force=request.force)) as runner:
            engine = BatchEngine(
                settings,
                runner,
                self.ledger,
                listener,
                limiter,
                rules=self.rules,
                hold=self.hold,
                watch=watched.watch,
            )
            watch = OrderWatch(self.ledger, request.batch_id, engine.obey, known=work.before)
            async with sending(self.ledger, self.targets, settings.currency):
                beside = [asyncio.create_task(watch.run())]
                if companion:
                    beside.append(asyncio.create_task(companion(engine)))
                try:
                    end = await engine.run(work.events, work.stories)
                    if end is RunEnd.STOPPED_BY_RULE:
                        why = stop_text(self.rules, settings.currency)
                        await tell_stopped(self.ledger, request.batch_id, why)
                    return end
                finally:
                    for task in beside:
                        task.cancel()
                    await asyncio.gather(*beside, return_exceptions=True)

    def count_unsent(self) -> int:
        """Return how many notifications about the batch could not be sent yet."""
        digests = [target.digest for target in self.targets]
        return self.ledger.outbox().count_waiting(digests, self.request.batch_id) if digests else 0

    def report(self) -> BatchResult:
        """Return the batch's report as of now."""
        batch = self.ledger.batch(self.request.batch_id)
        return build_report(batch, utc_now(), self.settings.currency)


@contextmanager
def prepare(
    request: Request, settings: Settings, on_compared: OnCompared = lambda _count: None
) -> Iterator[Prepared]:
    """Check, lock and plan a batch; it stays locked and its ledger open for the duration of the block.

    A refused request leaves no batch and no ledger behind.

    Parameters:
        on_compared: see `OnCompared`; a new list is compared twice

    Raises:
        NoSuchBatchError: the ledger does not know the batch that is to be continued
        UsageError: it belongs to gt-produce, another process runs it, it exists although it must be new, or
            its settings are not known; or another process does not end its planning; or GT_NOTIFY is invalid
        OrchestratorError, OutputError: its stories could not run
        LedgerUnreachableError, CredentialsRefusedError: the ledger cannot be used
        CredentialsRefusedError: also if posts have to be fetched and the Reddit credentials are missing
    """
    targets = open_targets(settings)
    with ExitStack() as stack:
        ledger = stack.enter_context(_existing_ledger(settings))
        _check_exists(request, ledger)
        lock = stack.enter_context(lock_batch(settings.state_dir, request.batch_id))
        settings, plan = _plan(request, settings, ledger, lock.settings(), on_compared)
        if plan.to_run:
            _check(request, settings, plan)
        # A new ledger is created only now, when nothing can be refused any more.
        if ledger is None:
            ledger = stack.enter_context(_open_ledger(settings))
        if plan.work.exists and request.make_one is None:
            lock.keep(settings)
        if plan.work.exists and request.only_new:
            plan = _commit(request, settings, ledger, on_compared)
            if not plan.work.exists:
                lock.forget()
        yield Prepared(request, settings, ledger, plan, targets)


def preview(request: Request, settings: Settings, on_compared: OnCompared = lambda _count: None) -> Plan:
    """Return what a run would do; nothing is checked, locked or changed.

    Parameters:
        on_compared: see `OnCompared`

    Raises:
        NoSuchBatchError, UsageError, LedgerUnreachableError, CredentialsRefusedError: as `prepare`
    """
    with _readable_ledger(settings) as ledger:
        _check_exists(request, ledger)
        kept = kept_settings(settings.state_dir, request.batch_id)
        settings, plan = _plan(request, settings, ledger, kept, on_compared)
    new = plan.work.before is None and not request.force
    return with_finished(plan, settings.output) if new else plan


def _commit(request: Request, settings: Settings, ledger: Ledger, on_compared: OnCompared) -> Plan:
    """Plan again and commit the batch, so that another gt-batch that plans after this one sees its stories.

    The run commits the same events once more, which changes nothing.
    """
    with lock_planning(settings.state_dir / "batches", "gt-batch"):
        plan = make_plan(request, settings, ledger, _find(ledger, request.batch_id), on_compared)
        ledger.apply(plan.work.events)
    return plan


def _existing_ledger(settings: Settings) -> Ledger | nullcontext[None]:
    if not ledger_is_there(settings.ledger):
        return nullcontext()
    return _open_ledger(settings)


def _open_ledger(settings: Settings) -> Ledger:
    return open_ledger(settings.ledger, timeout=settings.connect_timeout, notify=digests(settings))


def _readable_ledger(settings: Settings) -> LedgerReader | nullcontext[None]:
    if not ledger_is_there(settings.ledger):
        return nullcontext()
    return read_ledger(settings.ledger, timeout=settings.connect_timeout)


def _check_exists(request: Request, ledger: LedgerReader | None) -> None:
    if request.mode is Mode.LIST:
        return
    if ledger is None:
        raise NoSuchBatchError(f"no batch {request.batch_id!r}: there is no ledger yet")
    check_known(ledger, request.batch_id)


def _plan(
    request: Request,
    settings: Settings,
    ledger: LedgerReader | None,
    kept: Mapping[str, object],
    on_compared: OnCompared,
) -> tuple[Settings, Plan]:
    """Return the settings that the run uses, and its plan.

    Parameters:
        kept: the settings with which the batch was last run
    """
    before = _find(ledger, request.batch_id) if ledger else None
    if before is None and ledger is not None:
        check_not_pruned(ledger, request.batch_id)
    given_roots = settings.story_roots
    roots = given_roots or request.story_roots
    if before is not None:
        if request.mode is Mode.LIST and not request.only_new:
            forced = "; forcing needs a new batch" if request.force else ""
            raise UsageError(
                f"batch {request.batch_id} already exists; resume it, or choose another batch id{forced}"
            )
        if request.flags is not None:
            settings = _continued(request.batch_id, kept, request.flags)
        urls = [story.url for story in before.stories.values()]
        roots = given_roots or continued_roots(request.story_roots, kept, urls)
    settings = settings.model_copy(update={"story_roots": roots})
    return settings, make_plan(request, settings, ledger, before, on_compared)


def _find(ledger: LedgerReader, batch_id: str) -> BatchState | None:
    """Return a batch that was begun on one machine, or None if there is none with this id.

    Raises:
        UsageError: it was published by gt-produce
    """
    try:
        state = ledger.batch(batch_id)
    except NoSuchBatchError:
        return None
    if not is_local(state.opened):
        raise UsageError(
            f"batch {batch_id} was published by gt-produce, and its stories may still be queued: gt-consume "
            f"processes them, gt-dlq replay --batch {batch_id} retries the failed ones"
        )
    return state


def _continued(batch_id: str, kept: Mapping[str, object], flags: Mapping[str, object]) -> Settings:
    """Return the settings with which an existing batch continues: flags first, then those it was begun with.

    Raises:
        UsageError: neither names the orchestrator and the output folder; those of the environment may be
            others than before, which would be noticed too late
    """
    missing = [flag for flag in ("orchestrator", "output") if flag not in kept and flag not in flags]
    if missing:
        names = " and ".join(f"--{flag}" for flag in missing)
        raise UsageError(f"the settings of batch {batch_id} are not in this GT_STATE_DIR; give {names}")
    settings = {"prefetch": 1} | dict(kept)
    if "orchestrator" in flags:
        settings.pop("cwd", None)  # it belongs to the program that ran in it
    elif settings.get("cwd") is None:
        settings["cwd"] = ""  # none, whatever the environment says
    return load_settings(**settings | dict(flags))


def _check(request: Request, settings: Settings, plan: Plan) -> None:
    make_policy(settings)
    read_prices(settings.prices)
    check_output(settings.output)
    if request.make_one is None:
        if problem := why_not_made(plan, settings):
            raise UsageError(f"no videos made: {problem}")
        if missing := why_not_fetched(plan, settings):
            raise CredentialsRefusedError(f"no videos made: {missing}")
        check_orchestrator(settings.orchestrator_to_run, settings.check_timeout, settings.cwd)
