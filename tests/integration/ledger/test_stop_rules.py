"""What stop rules are judged by, from each kind of database."""

from __future__ import annotations

from datetime import timedelta, timezone

from gt_common.ledger import open_ledger
from gt_common.messages import GT_BATCH, BatchResumed, FailureLimit, StoryFailed, StorySucceeded
from support.samples.events import BATCH, at, opened, story_event


def test_only_batches_with_rules_that_go_through_the_broker_are_judged(ledger_url: str) -> None:
    limit = FailureLimit(count=2)
    with open_ledger(ledger_url) as ledger:
        ledger.apply(
            [
                opened(9, max_failures=limit),
                opened(9, batch_id="free"),
                opened(9, batch_id="local", max_failures=limit, made_by=GT_BATCH),
                story_event(StoryFailed, 1, 10),
                story_event(StoryFailed, 2, 20),
                story_event(StorySucceeded, 3, 20, cost={"gemini": 70}),
            ]
        )
        [batch] = ledger.ruled_batches()
        assert ledger.ruled_batches([BATCH, "free", "local", "none"]) == [batch]
        assert ledger.ruled_batches([]) == ledger.ruled_batches(["free"]) == []
        assert (batch.batch_id, batch.total, batch.failed, batch.hold) == (BATCH, 9, 2, None)
        assert batch.cost == 70
        assert batch.rules.max_failures == limit
        # In another zone: times are compared, not texts.
        resumed_at = at(15).astimezone(timezone(timedelta(hours=5)))
        ledger.apply([BatchResumed(batch_id=BATCH, by="ann", at=resumed_at, revision=2)])
        [batch] = ledger.ruled_batches([BATCH])
        assert batch.failed == 1
