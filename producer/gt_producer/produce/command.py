"""gt-produce: check the whole list, then publish it, then, with --wait, watch it to its end."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path

from gt_common.batches import check_batch_id, check_messages, check_name, new_batch_id, parse_tags
from gt_common.cli.app import format_os_error
from gt_common.cli.listing import refusal, say, say_problems, say_repeated
from gt_common.cli.signals import run_until_stopped
from gt_common.discovery import check_limit, search
from gt_common.errors import ExitCode, GossipToonError, InvalidListError, PublishedOnlyInPartError, UsageError
from gt_common.log import configure_logging
from gt_common.settings import Settings, load_settings
from gt_common.stories import ListReading
from gt_common.stories.sources import read_sources_and_search
from gt_producer.produce import printing as output
from gt_producer.produce.journal import Header, Journal, find_unfinished, journal_path, read_state
from gt_producer.produce.plan import BatchPlan, make_header, make_plan
from gt_producer.produce.publish import Listeners, Publication, publish_batch, ready_broker
from gt_producer.produce.request import Request


@dataclass(frozen=True)
class Checked:
    """A request whose list and options are good."""

    request: Request
    settings: Settings
    header: Header
    reading: ListReading

    def command_to_go_on(self, batch_id: str) -> str:
        """Give the command that publishes what is left of a batch of this list."""
        found = [story.url for story in self.reading.stories] if self.request.discover else []
        return self.request.command_to_go_on(batch_id, found)

    @property
    def journals(self) -> Path:
        """The folder of journals."""
        return self.settings.state_dir / "journals"


def run(request: Request) -> int:
    """Do what the request asks; give the exit code.

    Raises:
        UsageError, InvalidListError: nothing was published
        BrokerUnreachableError, TopologyError, CredentialsRefusedError: the journal has what was published
        PublishedOnlyInPartError: the disk failed after the first confirm
        OSError: it failed before
    """
    settings = load_settings()
    configure_logging(settings)
    checked = _check(request, settings)
    if request.dry_run:
        return _dry_run(checked)
    _warn_of_unfinished(checked)
    try:
        code = run_until_stopped(_publish_and_wait(checked) if request.wait else _publish(checked))
        sys.stdout.flush()
    except UsageError:
        raise
    except (GossipToonError, BrokenPipeError, KeyboardInterrupt):
        _say_how_to_go_on(checked)
        raise
    except OSError as error:
        if _say_how_to_go_on(checked):
            # Not exit code 2: that says that nothing was published.
            raise PublishedOnlyInPartError(format_os_error(error)) from error
        raise
    if code == ExitCode.TERMINATED:
        _say_how_to_go_on(checked)
    return code


def _check(request: Request, settings: Settings) -> Checked:
    check_limit(request.limit, discover=request.discover)
    given = check_batch_id(request.batch_id) if request.batch_id is not None else None
    name, tags = check_name(request.name), parse_tags(request.tags)
    found = partial(search, settings, request.limit, say) if request.discover else None
    reading = check_messages(read_sources_and_search(request.sources, found, sys.stdin.buffer, Path.cwd()))
    say_problems(reading.problems)
    say_repeated(reading)
    problem = refusal(reading, "nothing was published", "publishes", skip_invalid=request.skip_invalid)
    if problem:
        if request.as_json:
            print(output.refused_document(reading, batch_id=given, dry_run=request.dry_run), flush=True)
        raise InvalidListError(problem)
    batch_id = given or new_batch_id(datetime.now().astimezone())
    header = make_header(batch_id, settings.namespace, reading.stories, name, tags)
    return Checked(request, settings, header, reading)


def _dry_run(checked: Checked) -> int:
    known = read_state(journal_path(checked.journals, checked.header.batch_id))
    plan = make_plan(checked.header, checked.reading.stories, known)
    if checked.request.as_json:
        print(output.dry_document(checked.reading, plan, batch_id=checked.request.batch_id))
    else:
        print("".join(f"{line}\n" for line in output.dry_lines(plan)), end="")
    say(output.dry_summary(plan, len(checked.reading.problems)))
    return ExitCode.DONE


def _warn_of_unfinished(checked: Checked) -> None:
    if checked.request.batch_id is not None:
        return
    for batch_id in find_unfinished(checked.journals, checked.header)[:1]:
        say(
            f"note: batch {batch_id} of this very list was not published to its end; this is a new batch. "
            f"To go on with that one: {checked.command_to_go_on(batch_id)}"
        )


async def _publish(checked: Checked) -> int:
    with Journal.open(checked.journals, checked.header.batch_id) as journal:
        plan = _plan(checked, journal)
        counter = output.Counter(len(plan.stories))
        publication = await _publish_rest(checked, journal, plan, Listeners(confirmed=counter.show))
    output.say_published(publication)
    if checked.request.as_json:
        print(output.published_document(checked.reading, publication))
    else:
        print(plan.batch_id, flush=True)
        say(f"watch it with: gt-report {plan.batch_id} --watch")
    return ExitCode.DONE


async def _publish_and_wait(checked: Checked) -> int:
    # Only --wait needs the display, the report and the ledger behind it.
    from gt_common.messages import utc_now
    from gt_common.messaging import topology
    from gt_common.progress.display import Progress
    from gt_common.report.final import exit_code, print_final_report
    from gt_common.report.model import build_report
    from gt_producer.produce.watch import watching

    batch_id = checked.header.batch_id
    await topology.ensure(checked.settings, topology.Role.FOLLOWER)
    with Progress(batch_id) as progress:
        async with watching(checked.settings, progress) as (watch, follower):
            with Journal.open(checked.journals, batch_id) as journal:
                plan = _plan(checked, journal)
                for event in plan.announcement():
                    watch.feed(event)
                publication = await _publish_rest(checked, journal, plan, Listeners())
            output.say_published(publication)
            if not checked.request.as_json:
                with progress.aside():
                    print(batch_id, flush=True)
            await watch.until_ended(follower)
    print_final_report(build_report(watch.state, utc_now()), as_json=checked.request.as_json)
    return exit_code(watch.state.phase)


def _plan(checked: Checked, journal: Journal) -> BatchPlan:
    plan = make_plan(checked.header, checked.reading.stories, journal.state)
    if (checked.header.name or checked.header.tags) and (plan.name, plan.tags) != (
        checked.header.name,
        checked.header.tags,
    ):
        say(f"note: batch {plan.batch_id} keeps the name and tags that it was first published with")
    return plan


async def _publish_rest(
    checked: Checked, journal: Journal, plan: BatchPlan, listeners: Listeners
) -> Publication:
    if journal.state.complete and not plan.remaining:
        return Publication(plan, 0)
    async with ready_broker(checked.settings) as outlet:
        return await publish_batch(outlet, journal, checked.header, plan, listeners)


def _say_how_to_go_on(checked: Checked) -> bool:
    """Say what stands after a failure or a Ctrl-C, and what to type next.

    Gives whether stories are published.
    """
    batch_id = checked.header.batch_id
    try:
        state = read_state(journal_path(checked.journals, batch_id))
    except OSError:
        say(
            f"how much of batch {batch_id} is published cannot be read; go on with: "
            f"{checked.command_to_go_on(batch_id)}"
        )
        return True
    if state.header is None:
        say("nothing was published")
    elif state.complete:
        say(f"the batch goes on; see `gt-report {batch_id}`")
    else:
        say(
            f"batch {batch_id}: {len(state.confirmed)} of {len(state.positions)} stories are published; "
            f"go on with: {checked.command_to_go_on(batch_id)}"
        )
    return bool(state.confirmed)
