"""A dead letter whose story was cancelled before anybody knew that it had died."""

from __future__ import annotations

from datetime import timedelta

import pytest

from gt_common.ledger import open_ledger
from gt_common.messages import StoryCancelled, utc_now
from gt_common.messaging.names import Names
from gt_common.settings import Settings
from support.dead_letter_queue import bury, gt_dlq, ready, take_in
from support.samples.dead_letters import make_letter

pytestmark = pytest.mark.broker


async def test_it_is_not_replayed_unasked_and_can_be_restored(
    settings: Settings, environment: dict[str, str]
) -> None:
    letter = make_letter(1)
    await bury(settings, [letter])
    now = utc_now()
    cancelled = StoryCancelled(
        **letter.identity(),
        attempt=letter.attempt,
        at=now,
        by="ann@desk",
        purge_at=now + timedelta(days=1),
    )
    with open_ledger(settings.ledger) as ledger:
        ledger.apply([cancelled])
    refused = await gt_dlq(environment, "replay", "--batch", letter.batch_id)
    assert refused.code == 1
    assert "its story was cancelled by ann@desk; `gt-dlq restore` makes it a dead letter again" in refused.out

    restored = await gt_dlq(environment, "restore", "--batch", letter.batch_id)
    assert (restored.code, "as generation 2" in restored.out) == (0, True)
    await ready(settings, Names(settings.namespace).dlq, 2)
    await take_in(settings)
    replayed = await gt_dlq(environment, "replay", "--batch", letter.batch_id)
    assert replayed.code == 0
    assert "removed a stale copy" in replayed.out
    assert "as generation 3" in replayed.out
