"""The report as one self-contained page; nothing is loaded except the videos that it shows.

A batch with few stories is a page without any script. Of one with many the first are in the page as they are,
and all of them as compressed blocks, of which a small script shows one at a time.
"""

from __future__ import annotations

import base64
import hashlib
import zlib
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from functools import cache
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Final, TextIO

from pydantic_core import from_json, to_json

from gt_common.ledger.views import AttemptSpan
from gt_common.lifecycle import StoryStatus
from gt_common.messages import utc_now
from gt_common.report import view
from gt_common.report.building import ReportBuilder, WholeBatch
from gt_common.report.latest_attempts import LatestAttempts
from gt_common.report.page_rows import PageRow, page_row
from gt_common.report.reading_order import ReadingOrder
from gt_common.report.rows import StoryRow
from gt_common.report.timeline import LABEL, WIDTH, lay_out

if TYPE_CHECKING:
    from jinja2 import Environment

MAX_THUMBNAILS: Final = 60
"""Most videos shown as pictures: the browser opens each file to get its first frame."""
BLOCK: Final = 500
"""Stories that are shown at once."""
LINKED: Final = 12
"""Stories of a cause of failure that are named."""


def write(
    batch: WholeBatch,
    now: datetime | None,
    out: TextIO,
    spans: Sequence[AttemptSpan] | None = (),
    *,
    folder: Path | None = None,
) -> None:
    """Write the report of a batch as an HTML page.

    Parameters:
        now: time at which the page is made
        spans: the attempts, for the timeline; without any there is no timeline; None for a timeline of the
            latest attempts of the stories that changed last
        folder: folder of the page; videos in the same output folder are linked relative to it
    """
    made = now or utc_now()
    builder, latest, linked = ReportBuilder(made, batch.currency), LatestAttempts(spans), _Linked()
    with ReadingOrder[bytes]() as rows:
        listed = 0
        for story in batch.stories():
            result = builder.take(story)
            latest.add(story, result)
            linked.add(result)
            rows.add(result.status, to_json(page_row(result, folder)))
            listed += 1
        head, around = builder.finish(batch.header)
        in_order = (PageRow._make(from_json(row)) for row in rows)
        script = _script() if listed > BLOCK else ""
        page = (
            _environment()
            .get_template("report.html.j2")
            .generate(
                report=head,
                facts=view.facts(head, around, view.opened_utc(head)),
                now=made,
                view=view,
                linked=linked.places,
                rows=_with_films(islice(in_order, BLOCK)),
                listed=listed,
                block=BLOCK,
                script=script,
                script_hash=base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
                blocks=_blocks(rows) if script else (),
                advice={
                    group.fingerprint: view.next_step(group, head, around) for group in head.failure_groups
                },
                timeline=lay_out(latest.spans(), latest.names, made),
                timeline_of=latest.kept if latest.partly else 0,
                width=WIDTH,
                label=LABEL,
            )
        )
        out.writelines(page)


class _Linked:
    """Which stories the causes of failure link to: the first of each cause, and whether they are listed."""

    def __init__(self) -> None:
        self.places: dict[str, tuple[int, bool]] = {}
        self._of_cause: dict[str, int] = {}
        self._failed = 0

    def add(self, row: StoryRow) -> None:
        if row.failure is None or row.status is not StoryStatus.FAILED:
            return
        cause = row.failure.fingerprint
        number = self._of_cause.get(cause, 0)
        self._of_cause[cause] = number + 1
        if number < LINKED:
            self.places[row.story_id] = row.position, self._failed < BLOCK
        self._failed += 1


def _with_films(rows: Iterable[PageRow]) -> Iterator[tuple[PageRow, bool]]:
    """Yield rows, and whether their video is shown as a picture."""
    left = MAX_THUMBNAILS
    for row in rows:
        film = bool(row.video_href) and left > 0
        left -= film
        # The page loads nothing from the web: an address there may come from a forged message.
        yield row, film and not row.video_href.startswith(("http:", "https:"))


def _blocks(rows: Iterable[bytes]) -> Iterator[str]:
    """Yield all rows, each JSON, some at a time as one compressed list in Base64."""
    remaining = iter(rows)
    while block := list(islice(remaining, BLOCK)):
        # The lowest level: rows are so alike that the highest saves a tenth, in four times as long.
        yield base64.b64encode(zlib.compress(b"[" + b",".join(block) + b"]", 1)).decode()


def _script() -> str:
    environment = _environment()
    if environment.loader is None:
        raise LookupError("the template of the page has no loader")
    return environment.loader.get_source(environment, "report.js")[0]


@cache
def _environment() -> Environment:
    import jinja2

    return jinja2.Environment(
        loader=jinja2.PackageLoader("gt_common.report", "templates"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
