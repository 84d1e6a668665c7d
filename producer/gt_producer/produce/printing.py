"""Output of gt-produce: a batch id or a JSON object on standard output, the rest on standard error."""

from __future__ import annotations

import json
import sys

from gt_common.batches import PlacedStory
from gt_common.cli.earlier import comparison_document
from gt_common.cli.listing import say
from gt_common.ledger.earlier import Comparison
from gt_common.stories import ListReading
from gt_common.texts import one_line, plural
from gt_producer.produce.plan import BatchPlan
from gt_producer.produce.publish import Publication


def print_published(publication: Publication, *, again: bool) -> None:
    """Print how many stories were published, now and before, and what is missing from earlier lists.

    Parameters:
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
    if plan.before and not published and not again:
        say("if the queue was purged or deleted, --again publishes the stories that it has lost")
    if plan.absent:
        absent = plural(plan.absent, "story")
        say(
            f"batch {plan.batch_id}: {absent} of an earlier list of this batch are not in this list and not "
            "published yet; the batch cannot end until they are"
        )


def dry_lines(plan: BatchPlan) -> list[str]:
    """Return what would be published, one line per story: position and URL."""
    return [f"{placed.position}\t{one_line(placed.story.url)}" for placed in plan.remaining]


def dry_summary(plan: BatchPlan, found: Comparison, skipped: int) -> str:
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
    return "dry run: " + ", ".join(parts)


def published_document(reading: ListReading, found: Comparison, publication: Publication) -> str:
    """Return the JSON object of a published batch."""
    plan = publication.plan
    return _document(reading, found, plan, plan.batch_id, published=publication.published)


def dry_document(reading: ListReading, found: Comparison, plan: BatchPlan, *, batch_id: str | None) -> str:
    """Return the JSON object of a dry run; without a batch id the stories have no ids yet."""
    return _document(reading, found, plan, batch_id, dry_run=True)


def empty_document(reading: ListReading, found: Comparison) -> str:
    """Return the JSON object of a list of which nothing is left to publish."""
    return _document(reading, found, None, None)


def refused_document(reading: ListReading, *, batch_id: str | None, dry_run: bool) -> str:
    """Return the JSON object of a refused list."""
    return _document(reading, Comparison(()), None, batch_id, dry_run=dry_run)


def _document(
    reading: ListReading,
    found: Comparison,
    plan: BatchPlan | None,
    batch_id: str | None,
    *,
    published: int = 0,
    dry_run: bool = False,
) -> str:
    document = {
        "schema": 1,
        "batch_id": batch_id,
        "name": plan.name if plan else None,
        "tags": dict(plan.tags) if plan else {},
        "total": plan.total if plan else 0,
        "published": published,
        "already_published": plan.before if plan else 0,
        "repeated": [
            {"place": story.place, "url": story.url, "same_as": first.place}
            for story, first in reading.repeated
        ],
        "notes": list(reading.notes),
        "invalid": list(reading.problems),
        **comparison_document(found),
        "stories": [_story(placed, known=batch_id is not None) for placed in (plan.stories if plan else ())],
        "dry_run": dry_run,
    }
    return json.dumps(document, indent=2)


class Counter:
    """Counter of published stories in one line of a terminal; prints nothing elsewhere."""

    def __init__(self, total: int) -> None:
        self._total = total

    def show(self, count: int) -> None:
        """Show how many stories are confirmed; the last count clears the line."""
        if not sys.stderr.isatty() or (count % 25 and count != self._total):
            return
        end = "\r\x1b[K" if count == self._total else ""
        print(f"\r{count} of {self._total} published{end}", end="", file=sys.stderr, flush=True)


def _story(placed: PlacedStory, *, known: bool) -> dict[str, object]:
    return {
        "story_id": placed.story_id if known else None,  # it depends on the batch id
        "position": placed.position,
        "url": placed.story.url,
    }
