"""gt-batch: check everything, plan a new batch or what is left of one, then run it."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import nullcontext
from typing import TYPE_CHECKING

from gt_common.batches import check_batch_id, check_name, new_batch_id, parse_tags
from gt_common.cli.app import print_lenient
from gt_common.cli.listing import refusal, say
from gt_common.errors import ExitCode, InvalidListError, NoSuchBatchError, UsageError
from gt_common.ledger import ledger_is_there, open_ledger
from gt_common.ledger.find_batch import check_known
from gt_common.log import configure_logging
from gt_common.messages import utc_now
from gt_common.operator import operator
from gt_common.settings import Settings, load_settings
from gt_common.stories import ListReading
from gt_consumer.batch import work as batch_work
from gt_consumer.batch.earlier import find_begun, work_left
from gt_consumer.batch.foreground import Rules, run_and_show
from gt_consumer.batch.lock import BatchLock, kept_settings, lock_batch
from gt_consumer.batch.plan import Plan, plan_document
from gt_consumer.batch.printing import say_made, show_plan
from gt_consumer.batch.request import Request
from gt_consumer.batch.story_list import Choice, choose, count_found, read_stories
from gt_consumer.batch.work import BatchWork
from gt_consumer.orchestrator.check import check_orchestrator
from gt_consumer.storage.finished_videos import check_output
from gt_consumer.worker.retry_rules import make_policy

if TYPE_CHECKING:
    from gt_common.ledger.ledger import Ledger

_NO_LIST = ListReading((), (), ())


def run(request: Request) -> int:
    """Do what the request asks; give the exit code.

    Raises:
        UsageError, InvalidListError, OrchestratorError, OutputError: nothing was made
        NoSuchBatchError: there is no batch to go on with
        LedgerUnreachableError, CredentialsRefusedError: what was committed stands
    """
    request.check()
    settings = load_settings(**{"prefetch": 1} | request.flags.given())
    configure_logging(settings)
    if request.earlier is not None:
        return _again(request, settings, request.earlier)
    return _new(request, settings)


def _new(request: Request, settings: Settings) -> int:
    batch_id = new_batch_id(utc_now().astimezone())
    if request.batch_id is not None:
        batch_id = check_batch_id(request.batch_id)
    name, tags = check_name(request.name), parse_tags(request.tags)
    reading = read_stories(request, settings)
    _refuse(request, reading)
    if request.dry_run:
        with _open_if_there(settings) as ledger:
            plan = _plan(request, settings, ledger, batch_id, reading, name, tags)
            show_plan(plan, as_json=request.as_json)
        return ExitCode.DONE
    _check(settings)
    with (
        lock_batch(settings.state_dir, batch_id) as hold,
        open_ledger(settings.ledger, timeout=settings.connect_timeout) as ledger,
    ):
        begun = find_begun(ledger, batch_id) is not None
        if begun:
            settings = _settings_of(request, batch_id, hold.settings())
        plan = _plan(request, settings, ledger, batch_id, reading, name, tags)
        if plan.work is None:
            say("nothing is left to make")
            if request.as_json:
                print(plan_document(plan, dry_run=False), flush=True)
            return ExitCode.DONE
        if begun and plan.work.stories:
            _check(settings)
        return _run(request, settings, hold, ledger, plan.work)


def _refuse(request: Request, reading: ListReading) -> None:
    """Refuse a list of which nothing is to be made; with --json it is shown all the same."""
    problem = refusal(reading, "no videos made", "makes", skip_invalid=request.skip_invalid)
    found_nothing = request.discover and not reading.problems and not reading.stories
    if problem and not found_nothing:
        if request.as_json:
            print(plan_document(Plan(reading, (), None, (), 1), dry_run=request.dry_run), flush=True)
        raise InvalidListError(problem)


def _again(request: Request, settings: Settings, batch_id: str) -> int:
    if not ledger_is_there(settings.ledger):
        raise NoSuchBatchError(f"no batch {batch_id!r}: there is no ledger yet")
    with open_ledger(settings.ledger, timeout=settings.connect_timeout) as ledger:
        check_known(ledger, batch_id)
        if request.dry_run:
            work = _left(request, ledger, batch_id)
            settings = _settings_of(request, batch_id, kept_settings(settings.state_dir, batch_id))
            plan = Plan(_NO_LIST, (), work, ledger.durations(), settings.prefetch)
            show_plan(plan, as_json=request.as_json)
            return ExitCode.DONE
        with lock_batch(settings.state_dir, batch_id) as hold:
            work = _left(request, ledger, batch_id)
            settings = _settings_of(request, batch_id, hold.settings())
            if not work.stories:
                failed = request.retry_failed is not None
                say(f"batch {batch_id}: {'no story of it has failed' if failed else 'nothing is left to do'}")
            else:
                _check(settings)
            return _run(request, settings, hold, ledger, work)


def _settings_of(request: Request, batch_id: str, kept: Mapping[str, object]) -> Settings:
    """Give the settings with which a batch that has begun goes on.

    Parameters:
        kept: those with which it was begun

    Raises:
        UsageError: they are not known: another orchestrator than before would be noticed too late
    """
    given = request.flags.given()
    missing = [flag for flag in ("orchestrator", "output") if flag not in kept and flag not in given]
    if missing:
        flags = " and ".join(f"--{flag}" for flag in missing)
        raise UsageError(f"how batch {batch_id} was begun is not known in this state folder; give {flags}")
    return load_settings(**{"prefetch": 1} | dict(kept) | given)


def _check(settings: Settings) -> None:
    """See before a batch is begun that what its stories need is there."""
    make_policy(settings)
    check_output(settings.output)
    check_orchestrator(settings.orchestrator)


def _run(request: Request, settings: Settings, hold: BatchLock, ledger: Ledger, work: BatchWork) -> int:
    hold.keep(settings)
    if not request.as_json:
        print_lenient(work.batch_id)
    limit = request.max_failures.of(work.total) if request.max_failures else None
    rules = Rules(max_failures=limit, force=request.force, as_json=request.as_json)
    return run_and_show(settings, ledger, work, rules)


def _plan(
    request: Request,
    settings: Settings,
    ledger: Ledger | None,
    batch_id: str,
    reading: ListReading,
    name: str | None,
    tags: dict[str, str],
) -> Plan:
    """Plan a list's batch: a new one, or one of this id that has begun, with what the list adds to it."""
    before = find_begun(ledger, batch_id) if ledger else None
    if before is not None and request.force:
        raise UsageError(f"batch {batch_id} has begun; --force needs a new batch: take another --batch-id")
    listed = before.stories if before else {}
    choice = Choice(reading.stories) if request.force else choose(ledger, reading.stories, batch_id, listed)
    say_made(choice.made)
    found = 0
    work = None
    if before is not None and ledger is not None:
        work = batch_work.add(work_left(ledger, batch_id), choice.stories)
    elif choice.stories:
        work = batch_work.begin(batch_id, choice.stories, name, tags)
        found = 0 if request.force else count_found(settings.output, batch_id, choice.stories)
    durations = ledger.durations() if ledger else []
    return Plan(reading, choice.made, work, durations, settings.prefetch, found)


def _left(request: Request, ledger: Ledger, batch_id: str) -> BatchWork:
    return work_left(ledger, batch_id, retry_by=operator() if request.retry_failed is not None else None)


def _open_if_there(settings: Settings) -> Ledger | nullcontext[None]:
    """Open the ledger, but make none: a dry run changes nothing."""
    if not ledger_is_there(settings.ledger):
        return nullcontext()
    return open_ledger(settings.ledger, timeout=settings.connect_timeout)
