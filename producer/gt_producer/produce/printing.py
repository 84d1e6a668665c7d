"""Output of gt-produce: a batch id or a JSON object on standard output, the rest on standard error."""

from __future__ import annotations

from collections.abc import Iterator

from gt_common.batches import PlacedStory
from gt_common.cli.cost_estimate import CostEstimate
from gt_common.cli.earlier import comparison_document
from gt_common.cli.json_output import json_parts
from gt_common.cli.listing import listing_document, say
from gt_common.cli.starts import say_start, start_column
from gt_common.cli.stop_rules import rules_text
from gt_common.ledger.earlier import Comparison
from gt_common.money import as_number
from gt_common.stories import ListReading
from gt_common.texts import one_line, plural, utc_text
from gt_producer.produce.plan import BatchPlan
from gt_producer.produce.publish import Publication


def print_published(publication: Publication, currency: str, *, again: bool) -> None:
    """Print how many stories were published, now and before, what is missing from earlier lists, and limits.

    Parameters:
        currency: of the limit of the cost
        again: whether stories that the queue has lost were published again
    """
    plan, published = publication.plan, publication.published
    line = f"batch {plan.batch_id}: {plural(published, 'story')} published"
    if plan.before:
        of = f"{plan.before} of {len(plan.stories)} were published before"
        line = f"batch {plan.batch_id}: {of}; " + (
            f"published {published}" if published else "nothing left to publish"
        )
    say(line)
    if plan.rules is not None:
        say(f"batch {plan.batch_id}: pauses at {rules_text(plan.rules, currency)}")
    if plan.before and not published and not again:
        say("if the queue was purged or deleted, --again publishes the stories that it has lost")
    if plan.absent:
        absent = plural(plan.absent, "story")
        say(
            f"batch {plan.batch_id}: {absent} of an earlier list of this batch are not in this list and not "
            "published yet; the batch cannot end until they are"
        )


def dry_lines(plan: BatchPlan) -> Iterator[str]:
    """Yield what would be published, one line per story: position, URL and, if it has one, its start time."""
    for placed in plan.remaining:
        start = plan.schedule.start_of(placed.story) if plan.schedule else None
        yield f"{placed.position}\t{one_line(placed.story.url)}{start_column(start)}\n"


def dry_summary(plan: BatchPlan, found: Comparison, skipped: int, currency: str) -> str:
    """Format in one line what would be published."""
    parts = [f"would publish {plural(len(plan.remaining), 'story')}"]
    if plan.before:
        parts.append(f"{plan.before} were published before")
    if found.again:
        parts.append(f"{len(found.again)} of them to be made again")
    if found.made:
        parts.append(f"{len(found.made)} already made")
    if found.running:
        parts.append(f"{len(found.running)} being made by another batch")
    if skipped:
        parts.append(f"{plural(skipped, 'invalid entry')} skipped")
    if start := say_start(plan.schedule, plan.stories.stories):
        parts.append(start)
    if plan.rules is not None:
        parts.append(f"pauses at {rules_text(plan.rules, currency)}")
    return "dry run: " + ", ".join(parts)


def published_document(reading: ListReading, found: Comparison, publication: Publication) -> Iterator[str]:
    """Yield the parts of the JSON object of a published batch."""
    plan = publication.plan
    return _document(reading, found, plan, plan.batch_id, published=publication.published)


def dry_document(
    reading: ListReading, found: Comparison, plan: BatchPlan, cost: CostEstimate, *, batch_id: str | None
) -> Iterator[str]:
    """Yield the parts of the JSON object of a dry run; without a batch id the stories have no ids yet."""
    return _document(reading, found, plan, batch_id, dry_run=True, cost=cost)


def empty_document(reading: ListReading, found: Comparison) -> Iterator[str]:
    """Yield the parts of the JSON object of a list of which nothing is left to publish."""
    return _document(reading, found, None, None)


def refused_document(reading: ListReading, *, batch_id: str | None, dry_run: bool) -> Iterator[str]:
    """Yield the parts of the JSON object of a refused list."""
    return _document(reading, Comparison(()), None, batch_id, dry_run=dry_run)


def _document(
    reading: ListReading,
    found: Comparison,
    plan: BatchPlan | None,
    batch_id: str | None,
    *,
    published: int = 0,
    dry_run: bool = False,
    cost: CostEstimate | None = None,
) -> Iterator[str]:
    document = {
        "schema": 1,
        "batch_id": batch_id,
        "name": plan.name if plan else None,
        "tags": dict(plan.tags) if plan else {},
        "total": plan.total if plan else 0,
        "published": published,
        "already_published": plan.before if plan else 0,
        **listing_document(reading),
        **comparison_document(found),
        "stories": (_story(placed, known=batch_id is not None) for placed in (plan.stories if plan else ())),
        **_limits(plan),
        **_scheduled(plan),
        **(cost.document() if cost else {}),
        "dry_run": dry_run,
    }
    return json_parts(document)


def _limits(plan: BatchPlan | None) -> dict[str, object]:
    rules = plan.rules if plan else None
    if rules is None:
        return {"max_failures": None, "max_cost": None}
    return {
        "max_failures": str(rules.max_failures) if rules.max_failures else None,
        "max_cost": as_number(rules.max_cost),
    }


def _scheduled(plan: BatchPlan | None) -> dict[str, object]:
    schedule = plan.schedule if plan else None
    start = schedule.start if schedule else None
    return {
        "start_after": utc_text(start) if start else None,
        "priority": schedule.priority if schedule else None,
    }


def _story(placed: PlacedStory, *, known: bool) -> dict[str, object]:
    return {
        "story_id": placed.story_id if known else None,  # it depends on the batch id
        "position": placed.position,
        "url": placed.story.url,
    }
