"""What gt-batch does: read the request, prepare it, run it, report."""

from __future__ import annotations

import sys
from dataclasses import replace
from functools import partial
from pathlib import Path

from gt_common.batches import check_batch_id, check_messages, check_name, new_batch_id, parse_tags
from gt_common.cli.app import print_lenient
from gt_common.cli.counter import Counter
from gt_common.cli.earlier import say_comparison
from gt_common.cli.listing import refusal, say, say_notes, say_problems
from gt_common.discovery import search
from gt_common.errors import ExitCode, InvalidListError
from gt_common.ledger.earlier import Comparison
from gt_common.log import configure_logging
from gt_common.messages import utc_now
from gt_common.settings import Settings, load_settings
from gt_common.stories import ListReading
from gt_common.stories.roots import roots_of_sources
from gt_common.stories.sources import read_sources_and_search
from gt_common.stories.titles import with_titles
from gt_consumer.batch import work as batch_work
from gt_consumer.batch.foreground import run_and_show
from gt_consumer.batch.plan import Plan, why_not_fetched, why_not_made
from gt_consumer.batch.prepare import prepare, preview
from gt_consumer.batch.printing import print_plan, say_nothing_to_do, say_starts, show_plan
from gt_consumer.batch.request import Arguments, Request
from gt_consumer.batch.story_roots import confine


def run(arguments: Arguments) -> int:
    """Run a batch, new or existing, and return the exit code.

    Raises:
        UsageError, InvalidListError, OrchestratorError, OutputError: refused; nothing was changed
        NoSuchBatchError: there is no such batch to continue
        LedgerUnreachableError, CredentialsRefusedError: finished stories are kept
    """
    arguments.check()
    settings = load_settings(**{"prefetch": 1} | arguments.flags.given())
    configure_logging(settings)
    request = _make_request(arguments, settings)
    counter = Counter()

    def on_compared(count: int) -> None:
        counter.show("compared", count, len(request.listed.stories))

    if arguments.dry_run:
        plan = preview(request, settings, on_compared)
        counter.clear()
        show_plan(request, plan, as_json=arguments.as_json)
        if problem := why_not_made(plan, settings) or why_not_fetched(plan, settings):
            say(f"this would be refused: {problem}")
        return ExitCode.DONE
    with prepare(request, settings, on_compared) as batch:
        counter.clear()
        say_comparison(batch.plan.compared, "makes")
        if not batch.plan.to_run:
            say_nothing_to_do(request)
        if not batch.plan.work.exists:
            if arguments.as_json:
                print_plan(batch.plan, dry_run=False)
            return ExitCode.DONE
        say_starts(request, batch.plan)
        if not arguments.as_json:
            print_lenient(request.batch_id)
        return run_and_show(batch, as_json=arguments.as_json)


def _make_request(arguments: Arguments, settings: Settings) -> Request:
    flags, rules = arguments.flags.given(), arguments.limits.rules()
    if arguments.existing is not None:
        return Request(
            arguments.existing,
            arguments.mode,
            fresh=arguments.fresh,
            rules=rules,
            flags=flags,
        )
    batch_id = new_batch_id(utc_now().astimezone())
    if arguments.batch_id is not None:
        batch_id = check_batch_id(arguments.batch_id)
    name, tags = check_name(arguments.name), parse_tags(arguments.tags)
    roots = roots_of_sources(arguments.sources, Path.cwd())
    listed = _read_stories(arguments, settings, settings.story_roots or roots)
    _check_list(arguments, listed)
    return Request(
        batch_id,
        listed=listed,
        name=name,
        tags=tags,
        only_new=not arguments.force,
        force=arguments.force,
        fresh=arguments.fresh,
        skip_changed=arguments.skip_changed,
        rules=rules,
        schedule=arguments.limits.schedule(listed.stories),
        flags=flags,
        story_roots=roots,
    )


def _read_stories(arguments: Arguments, settings: Settings, roots: tuple[Path, ...]) -> ListReading:
    """Read the named lists and run the search, and print invalid entries and repeated stories.

    Parameters:
        roots: folders below which story files may be read; one in another folder is an invalid entry

    Raises:
        UsageError: nothing is named
        InvalidListError: a list cannot be read
        CredentialsRefusedError, RedditUnreachableError: the search failed
    """
    found = None
    if arguments.discover:
        found = partial(search, settings, arguments.limit, say, known=arguments.force)
    sources = replace(arguments.sources, any_link=arguments.sources.any_link or settings.any_link)
    listed = read_sources_and_search(sources, found, sys.stdin.buffer, Path.cwd())
    listed = confine(check_messages(with_titles(listed, roots)), roots)
    say_problems(listed.problems)
    say_notes(listed)
    return listed


def _check_list(arguments: Arguments, listed: ListReading) -> None:
    """Refuse a list with invalid entries, or without a story; `--json` prints it all the same."""
    problem = refusal(listed, "no videos made", "makes", skip_invalid=arguments.skip_invalid)
    found_nothing = arguments.discover and not listed.problems and not listed.stories
    if problem and not found_nothing:
        if arguments.as_json:
            empty = Plan(listed, Comparison(()), batch_work.begin("", (), None, {}), (), 1)
            print_plan(empty, dry_run=arguments.dry_run)
        raise InvalidListError(problem)
