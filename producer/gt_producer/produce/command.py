"""The command gt-produce: check a list, publish it and, with --wait, watch the batch until it ends."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from pathlib import Path

from gt_common.batches import check_batch_id, check_messages, check_name, new_batch_id, parse_tags
from gt_common.cli.app import format_os_error
from gt_common.cli.counter import Counter
from gt_common.cli.earlier import say_comparison
from gt_common.cli.listing import refusal, say, say_notes, say_problems
from gt_common.cli.signals import run_until_stopped
from gt_common.cli.starts import say_start
from gt_common.errors import ExitCode, GossipToonError, InvalidListError, PublishedOnlyInPartError, UsageError
from gt_common.ledger.earlier import Comparison
from gt_common.log import configure_logging
from gt_common.messages import StoryMessage, utc_now
from gt_common.reddit import why_not_fetched
from gt_common.settings import Settings, load_settings
from gt_common.stories import ListReading, canonical_urls
from gt_common.stories.roots import roots_of_sources
from gt_common.stories.sources import read_sources_and_search
from gt_common.stories.titles import with_titles
from gt_common.texts import plural
from gt_common.tracing.opening import tracing
from gt_producer.produce import printing
from gt_producer.produce.earlier import check_unused, compare_list, estimate_cost, lock_comparison
from gt_producer.produce.journal import Journal
from gt_producer.produce.journal_state import Header, JournalState, find_unfinished, journal_path, read_state
from gt_producer.produce.plan import BatchPlan, make_header, make_plan
from gt_producer.produce.publish import OnConfirmed, Publication, open_batch_publisher, publish_batch
from gt_producer.produce.request import Request
from gt_producer.produce.starts import plan_schedule


@dataclass(frozen=True)
class Checked:
    """A request whose list and options are valid.

    Parameters:
        compared: the list compared with other batches: what is to be published, and what is left out
        planning: the lock under which it was compared; to be closed when the journal has the list
        counter: shows how far it is
    """

    request: Request
    settings: Settings
    header: Header
    reading: ListReading
    compared: Comparison
    planning: ExitStack
    counter: Counter

    def resume_command(self, batch_id: str) -> str:
        """Return the command that publishes the rest of a batch of this list."""
        found = [story.url for story in self.compared.stories] if self.request.discover else []
        return self.request.resume_command(batch_id, found)

    @property
    def journals(self) -> Path:
        """The folder of journals."""
        return self.settings.state_dir / "journals"


def run(request: Request) -> int:
    """Check and publish a batch; return the exit code.
    Raises:
        UsageError, InvalidListError: nothing was published
        BrokerUnreachableError, TopologyError, CredentialsRefusedError: the journal has what was published
        PublishedOnlyInPartError: the disk failed after the first confirm
        OSError: the disk failed before the first confirm
    """
    settings = load_settings(urls="any" if request.sources.any_link else None)
    configure_logging(settings)
    request = replace(request, sources=replace(request.sources, any_link=settings.any_link))
    counter = Counter()
    with ExitStack() as planning, counter.ticking():
        with _said_if_stopped(counter):
            checked = _check(request, settings, planning, counter)
            if request.dry_run:
                return _dry_run(checked)
            _warn_of_unfinished(checked)
        return _run(checked)


@contextmanager
def _said_if_stopped(counter: Counter) -> Iterator[None]:
    """Print that nothing was published if a signal stops the checks of a list."""
    try:
        yield
    except (KeyboardInterrupt, SystemExit):
        counter.clear()
        say("nothing was published: stopped while the list was being checked")
        raise


def _run(checked: Checked) -> int:
    request = checked.request
    if not checked.compared.stories:
        return _nothing_to_publish(checked)
    journal = Journal.open(checked.journals, checked.header.batch_id)
    try:
        with journal:
            plan = _plan(checked, journal)
            publish = _publish_and_wait if request.wait else _publish
            code = run_until_stopped(publish(checked, journal, plan))
            sys.stdout.flush()
    except UsageError:
        raise
    except (GossipToonError, BrokenPipeError, KeyboardInterrupt, SystemExit):
        _print_resume_command(checked, journal.state)
        raise
    except OSError as error:
        _print_resume_command(checked, journal.state)
        if journal.state.published:
            # Exit code 2 would mean that nothing was published.
            raise PublishedOnlyInPartError(format_os_error(error)) from error
        raise
    if code == ExitCode.TERMINATED:
        _print_resume_command(checked, journal.state)
    return code


def _check(request: Request, settings: Settings, planning: ExitStack, counter: Counter) -> Checked:
    found = _search(request, settings)
    given = check_batch_id(request.batch_id) if request.batch_id is not None else None
    if request.again and given is None:
        raise UsageError("--again needs --batch-id: it publishes stories of an existing batch again")
    name, tags = check_name(request.name), parse_tags(request.tags)
    on_lines = partial(counter.show, "read", unit="line")
    reading = read_sources_and_search(request.sources, found, sys.stdin.buffer, Path.cwd(), on_lines)
    counter.clear()
    counter.step("checking", len(reading.stories))
    roots = settings.story_roots or roots_of_sources(request.sources, Path.cwd())
    reading = check_messages(with_titles(reading, roots))
    counter.clear()
    say_problems(reading.problems)
    say_notes(reading)
    problem = refusal(reading, "nothing was published", "publishes", skip_invalid=request.skip_invalid)
    if problem:
        if request.as_json:
            sys.stdout.writelines(printing.refused_document(reading, batch_id=given, dry_run=request.dry_run))
            sys.stdout.flush()
        raise InvalidListError(problem)
    if given is not None:
        check_unused(settings, given)
    batch_id = given or new_batch_id(datetime.now().astimezone())
    counter.step("comparing with earlier batches", len(reading.stories))
    header = make_header(batch_id, settings.namespace, reading.stories, name, tags)
    compared = Comparison(reading.stories)
    if not request.force:
        if not request.dry_run:
            planning.enter_context(lock_comparison(settings))
        compared = compare_list(
            settings,
            header,
            reading.stories,
            skip_changed=request.skip_changed,
            on_compared=lambda count: counter.show("compared", count, len(reading.stories)),
        )
    counter.clear()
    say_comparison(compared, "publishes")
    return Checked(request, settings, header, reading, compared, planning, counter)


def _search(request: Request, settings: Settings) -> Callable[[], ListReading] | None:
    if not request.discover and request.limit is None:
        return None
    from gt_common.discovery import check_limit, search

    check_limit(request.limit, discover=request.discover)
    return partial(search, settings, request.limit, say)


def _warn_of_links(checked: Checked, plan: BatchPlan) -> None:
    # Settings for Reddit are those of the workers; what is wrong with them here stops nothing.
    with suppress(UsageError):
        if missing := why_not_fetched(canonical_urls(plan.stories.stories)):
            checked.counter.clear()
            say(f"warning: {missing}; this machine was asked, workers may have credentials of their own")


def _dry_run(checked: Checked) -> int:
    known = read_state(journal_path(checked.journals, checked.header.batch_id))
    checked.counter.step("planning", len(checked.compared.stories))
    plan = _make_plan(checked, known)
    checked.counter.clear()
    if not sys.stdout.isatty():
        checked.counter.step("listing", len(plan.remaining))
    cost = estimate_cost(checked.settings, len(plan.remaining))
    if checked.request.as_json:
        batch_id = checked.request.batch_id
        sys.stdout.writelines(
            printing.dry_document(checked.reading, checked.compared, plan, cost, batch_id=batch_id)
        )
    else:
        sys.stdout.writelines(printing.dry_lines(plan))
    _warn_of_links(checked, plan)
    skipped = len(checked.reading.problems)
    checked.counter.clear()
    say(printing.dry_summary(plan, checked.compared, skipped, checked.settings.currency))
    if line := cost.line():
        say(line)
    return ExitCode.DONE


def _warn_of_unfinished(checked: Checked) -> None:
    if checked.request.batch_id is not None:
        return
    for batch_id in find_unfinished(checked.journals, checked.header)[:1]:
        say(
            f"note: batch {batch_id} of the same list was only published in part; this is a new batch. "
            f"To continue that one: {checked.resume_command(batch_id)}"
        )


def _nothing_to_publish(checked: Checked) -> int:
    if checked.request.as_json:
        sys.stdout.writelines(printing.empty_document(checked.reading, checked.compared))
    say("nothing was published: no stories are left to make")
    return ExitCode.DONE


async def _publish(checked: Checked, journal: Journal, plan: BatchPlan) -> int:
    def on_confirmed(done: str, count: int) -> None:
        checked.counter.show(done, count, len(plan.stories))

    publication = await _publish_rest(checked, journal, plan, on_confirmed)
    checked.counter.clear()
    journal.close()
    printing.print_published(publication, checked.settings.currency, again=checked.request.again)
    if checked.request.as_json:
        sys.stdout.writelines(printing.published_document(checked.reading, checked.compared, publication))
    else:
        print(plan.batch_id, flush=True)
        say(f"watch it with: gt-report {plan.batch_id} --watch")
    return ExitCode.DONE


async def _publish_and_wait(checked: Checked, journal: Journal, plan: BatchPlan) -> int:
    # Only --wait needs the display, the report and the ledger behind it.
    from gt_common.messaging import topology
    from gt_common.progress.display import Progress
    from gt_common.report.building import WholeBatch
    from gt_common.report.final import exit_code, print_final_report
    from gt_producer.produce.watch import watching

    batch_id = plan.batch_id
    await topology.ensure(checked.settings, topology.Role.FOLLOWER)
    currency = checked.settings.currency
    with Progress(batch_id, currency=currency) as progress:
        async with watching(checked.settings, progress) as (watch, follower):
            for event in plan.opening_events():
                watch.feed(event)
            publication = await _publish_rest(checked, journal, plan, lambda _done, _count: None)
            journal.close()
            printing.print_published(publication, currency, again=checked.request.again)
            if not checked.request.as_json:
                with progress.aside():
                    print(batch_id, flush=True)
            await watch.until_ended(follower)
    print_final_report(WholeBatch.of_state(watch.state, currency), as_json=checked.request.as_json)
    return exit_code(watch.state.phase)


def _make_plan(checked: Checked, state: JournalState) -> BatchPlan:
    request, stories = checked.request, checked.compared.stories
    schedule = plan_schedule(request, checked.header, stories, state, utc_now())
    return make_plan(checked.header, stories, state, request.rules, schedule)


def _plan(checked: Checked, journal: Journal) -> BatchPlan:
    checked.counter.step("planning", len(checked.compared.stories))
    plan = _make_plan(checked, journal.state)
    checked.counter.clear()
    if start := say_start(plan.schedule, plan.stories.stories):
        say(f"batch {plan.batch_id}: {start}")
    if (checked.header.name or checked.header.tags) and (plan.name, plan.tags) != (
        checked.header.name,
        checked.header.tags,
    ):
        say(f"note: batch {plan.batch_id} keeps the name and tags it was first published with")
    return plan


async def _publish_rest(
    checked: Checked, journal: Journal, plan: BatchPlan, on_confirmed: OnConfirmed
) -> Publication:
    lost: list[StoryMessage] = []
    if checked.request.again:
        from gt_producer.produce.again import check_queues_are_empty, lost_stories

        await check_queues_are_empty(checked.settings)
        lost = await asyncio.to_thread(lost_stories, checked.settings, plan, journal.state)
    if journal.state.complete and not plan.remaining and not lost and plan.rules is None:
        checked.planning.close()
        return Publication(plan, 0)
    waits = plan.schedule is not None and plan.schedule.waits(plan.stories.stories, utc_now()) is not None
    with tracing(checked.settings, "gt-produce") as tracer:
        async with open_batch_publisher(checked.settings, ladder=waits, tracer=tracer) as publisher:
            _warn_of_links(checked, plan)
            if not checked.request.wait:  # which has a display of its own
                checked.counter.step("recording", len(plan.stories))
            publication = await publish_batch(
                publisher, journal, checked.header, plan, on_confirmed, checked.planning.close
            )
            for message in lost:
                await publisher.story(message)
    return replace(publication, published=publication.published + len(lost))


def _print_resume_command(checked: Checked, state: JournalState) -> None:
    """Print what was published before the failure and the command that continues."""
    batch_id = checked.header.batch_id
    checked.counter.clear()
    if state.header is None:
        say("nothing was published")
    elif state.complete:
        say(f"the batch is published and keeps running; see `gt-report {batch_id}`")
    else:
        say(
            f"batch {batch_id}: {state.published} of {plural(len(state.positions), 'story')} published; "
            f"continue with: {checked.resume_command(batch_id)}"
        )
