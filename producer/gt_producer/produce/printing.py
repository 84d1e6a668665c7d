"""What gt-produce says: a batch id or a JSON object on standard output, all else on standard error."""

from __future__ import annotations

import json
import sys

from gt_common.batches import PlacedStory
from gt_common.cli.listing import say
from gt_common.stories import ListReading
from gt_common.texts import one_line, plural
from gt_producer.produce.plan import BatchPlan
from gt_producer.produce.publish import Publication


def say_published(publication: Publication) -> None:
    """Say what was published and what had been before, and whether stories of an earlier list are missing."""
    plan, published = publication.plan, publication.published
    line = f"batch {plan.batch_id}: {plural(published, 'story')} published"
    if plan.before:
        of = f"{plan.before} of {len(plan.stories)} were published before"
        line = f"batch {plan.batch_id}: {of}; " + (
            f"published {published}" if published else "nothing was left to publish"
        )
    say(line)
    if plan.absent:
        absent = plural(plan.absent, "story")
        say(
            f"batch {plan.batch_id}: {absent} of an earlier list of this batch were never "
            "published and are not in this one; the batch does not end before they are"
        )


def dry_lines(plan: BatchPlan) -> list[str]:
    """List what would be published, one story a line with its place."""
    return [f"{placed.position}\t{one_line(placed.story.url)}" for placed in plan.remaining]


def dry_summary(plan: BatchPlan, skipped: int) -> str:
    """Say in a line what would be published."""
    parts = [f"would publish {plural(len(plan.remaining), 'story')}"]
    if plan.before:
        parts.append(f"{plan.before} were published before")
    if skipped:
        parts.append(f"{skipped} are no stories")
    return "dry run: " + ", ".join(parts)


def published_document(reading: ListReading, publication: Publication) -> str:
    """Give the object of `--json` after publishing."""
    plan = publication.plan
    return _document(reading, plan, plan.batch_id, published=publication.published)


def dry_document(reading: ListReading, plan: BatchPlan, *, batch_id: str | None) -> str:
    """Give the object of `--json` of a dry run; without a batch id the stories have no ids yet."""
    return _document(reading, plan, batch_id, dry_run=True)


def refused_document(reading: ListReading, *, batch_id: str | None, dry_run: bool) -> str:
    """Give the object of `--json` of a list that was refused."""
    return _document(reading, None, batch_id, dry_run=dry_run)


def _document(
    reading: ListReading,
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
        "invalid": list(reading.problems),
        "stories": [_story(placed, known=batch_id is not None) for placed in (plan.stories if plan else ())],
        "dry_run": dry_run,
    }
    return json.dumps(document, indent=2)


class Counter:
    """Counts published stories on one line of a terminal; says nothing elsewhere."""

    def __init__(self, total: int) -> None:
        self._total = total

    def show(self, count: int) -> None:
        """Show how many stories the broker has; the last count takes the line away again."""
        if not sys.stderr.isatty() or (count % 25 and count != self._total):
            return
        end = "\r\x1b[K" if count == self._total else ""
        print(f"\r{count} of {self._total} published{end}", end="", file=sys.stderr, flush=True)


def _story(placed: PlacedStory, *, known: bool) -> dict[str, object]:
    return {
        "story_id": placed.story_id if known else None,  # without a batch id there is none yet
        "position": placed.position,
        "url": placed.story.url,
    }
