"""Which pauses are in force, and where the stories of paused batches wait."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from gt_common.ledger import open_ledger
from gt_common.messages import GT_BATCH, BatchOpened, BatchPaused, StorySucceeded, utc_now
from gt_common.messaging.control.holds import Holds
from gt_common.messaging.control.notices import HoldNotice, ReleaseNotice
from gt_common.messaging.names import Names
from gt_common.settings import load_settings
from gt_consumer.control.status.pauses import parked_queues, pauses_in_force

NOW = utc_now()


def hold(batch_id: str | None, revision: int = 1, days: int = 0) -> HoldNotice:
    return HoldNotice(at=NOW - timedelta(days=days), by="ann", batch_id=batch_id, revision=revision)


def release(batch_id: str, revision: int, days: int = 0) -> ReleaseNotice:
    return ReleaseNotice(at=NOW - timedelta(days=days), by="ann", batch_id=batch_id, revision=revision)


def test_the_orders_and_the_ledger_are_put_together(tmp_path: Path) -> None:
    settings = load_settings(ledger_url=f"sqlite:///{tmp_path / 'ledger.db'}")
    holds = Holds()
    for order in (hold("monday"), hold(None), hold("ended"), hold("over"), release("over", 2)):
        holds.add(order)
    assert _paused(holds, settings.ledger) == [None, "ended", "monday"]
    with open_ledger(settings.ledger) as ledger:
        for name, by in (("ended", None), ("monday", None), ("local", GT_BATCH), ("local-ended", GT_BATCH)):
            ledger.apply(
                [
                    BatchOpened(batch_id=name, total=1, made_by=by),
                    BatchPaused(batch_id=name, by="bob", reason="later", at=NOW + timedelta(seconds=1)),
                ]
            )
            if name.endswith("ended"):
                url = "https://example.org/1"
                fields = {"story_id": "s1", "position": 1, "url": url, "output_path": "/v.mp4"}
                ledger.apply([StorySucceeded.model_validate({"batch_id": name, **fields})])
    assert _paused(holds, settings.ledger) == [None, "monday", "local"]


def _paused(holds: Holds, url: str) -> list[str | None]:
    pauses, unread = pauses_in_force(load_settings(ledger_url=url), holds)
    assert unread == ""
    return [pause.batch_id for pause in pauses]


def test_without_a_ledger_the_orders_are_shown_and_why_the_rest_is_missing(tmp_path: Path) -> None:
    (tmp_path / "ledger.db").write_text("this is not a database, and it is long enough to be looked at" * 20)
    holds = Holds()
    holds.add(hold("monday"))
    settings = load_settings(ledger_url=f"sqlite:///{tmp_path / 'ledger.db'}")
    pauses, unread = pauses_in_force(settings, holds)
    assert [pause.batch_id for pause in pauses] == ["monday"]
    assert "cannot be used" in unread


def test_queues_of_pauses_that_ended_long_ago_are_not_looked_for() -> None:
    holds = Holds()
    for order in (
        hold("monday", 1, days=9),
        release("monday", 2, days=8),
        hold("monday", 3, days=7),
        hold("old", 1, days=9),
        release("old", 2, days=8),
        hold("new", 1, days=9),
        release("new", 2),
    ):
        holds.add(order)
    assert sorted(parked_queues(Names("gt"), holds, NOW)) == [
        "gt.parked.monday.1",
        "gt.parked.monday.3",
        "gt.parked.new.1",
    ]
