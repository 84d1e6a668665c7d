"""What gt-prune does: find what is old, show it, ask, remove it."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from gt_common.cli.operator import Ask, check_can_ask
from gt_common.durations import parse_duration
from gt_common.errors import ExitCode
from gt_common.ledger import ledger_is_there, open_ledger, read_ledger
from gt_common.ledger.pruning.candidates import Age
from gt_common.messages import utc_now
from gt_common.settings import Settings
from gt_consumer.prune import printing
from gt_consumer.prune.local import Local
from gt_consumer.prune.plan import Plan, make_plan
from gt_consumer.prune.work import Done, lock_pruning, prune_all

_MOST_YEARS: Final = 100


@dataclass(frozen=True)
class Request:
    """The arguments as given.

    Parameters:
        failed: whether batches may go whose dead letters may still be in the queue
        rewrite: whether to rewrite a SQLite ledger whose file cannot shrink
    """

    older_than: str
    videos: bool = False
    failed: bool = False
    rewrite: bool = False
    dry_run: bool = False
    yes: bool = False
    as_json: bool = False


def run(request: Request, settings: Settings, ask: Ask) -> int:
    """Do what the request asks; return the exit code.

    Parameters:
        ask: puts a question to the operator; returns the answer

    Raises:
        UsageError: the duration is invalid, nobody can be asked, or another gt-prune is at work
        LedgerUnreachableError, CredentialsRefusedError: the rest was not removed; another run continues
    """
    now = utc_now()
    age = Age(now - timedelta(seconds=parse_duration(request.older_than, _MOST_YEARS)), now, request.failed)
    local = Local(settings.state_dir, settings.output.absolute(), videos=request.videos)
    plan = _plan(settings, age, local)
    if request.dry_run:
        printing.show_plan(plan, as_json=request.as_json)
        return ExitCode.DONE
    if not request.as_json:
        printing.show_plan(plan, as_json=False)
    if not plan.empty and not request.yes and not _confirmed(plan, ask):
        printing.say_nothing_removed()
        return ExitCode.DONE
    done = Done()
    try:
        _carry_out(request, settings, plan, local, done)
    finally:
        printing.show_done(done, plan, as_json=request.as_json)
    return ExitCode.SOME_FAILED if done.problems else ExitCode.DONE


def _plan(settings: Settings, age: Age, local: Local) -> Plan:
    if not ledger_is_there(settings.ledger):
        return Plan(age)
    with read_ledger(settings.ledger, timeout=settings.connect_timeout) as ledger:
        return make_plan(ledger, age, local)


def _confirmed(plan: Plan, ask: Ask) -> bool:
    check_can_ask("pruning", "add -y, or preview it with -n")
    return ask(printing.question(plan))


def _carry_out(request: Request, settings: Settings, plan: Plan, local: Local, done: Done) -> None:
    if not ledger_is_there(settings.ledger):
        return
    with (
        lock_pruning(settings.state_dir),
        closing(open_ledger(settings.ledger, timeout=settings.connect_timeout)) as ledger,
    ):
        pruner = ledger.pruner()
        prune_all(pruner, plan, local, done)
        if done.batches or request.rewrite:
            done.space = pruner.give_back(rewrite=request.rewrite)
