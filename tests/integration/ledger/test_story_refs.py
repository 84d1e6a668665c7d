"""What commands that act on a whole batch read: its stories without their events, and letters by story."""

from __future__ import annotations

from datetime import timedelta

from gt_common.ledger import open_ledger
from gt_common.ledger.queries.story_keys import StoryRef
from gt_common.lifecycle import StoryStatus
from gt_common.messages import BatchOpened, BatchStories, StoryCancelled, StoryEntry, StoryRequeued, utc_now
from gt_common.messaging.dead_letters import failed_event_of
from support.samples.dead_letters import make_letter, make_story


def test_stories_without_their_events_and_letters_of_every_generation(ledger_url: str) -> None:
    first, second, third = make_letter(1), make_letter(2), make_story(3)
    now = utc_now()
    entries = tuple(
        StoryEntry(story_id=one.story_id, position=one.position, url=one.url)
        for one in (first, second, third)
    )
    with open_ledger(ledger_url) as ledger:
        assert ledger.story_refs("b1") == []
        ledger.apply(
            [
                BatchOpened(batch_id="b1", total=3),
                BatchStories(batch_id="b1", stories=entries),
                failed_event_of(first),
                failed_event_of(second),
                StoryRequeued(**first.identity() | {"generation": 2}, by="ann"),
                StoryCancelled(**second.identity(), by="ann", purge_at=now + timedelta(days=1)),
            ]
        )
        refs = [
            StoryRef(first.story_id, 2, StoryStatus.QUEUED),
            StoryRef(second.story_id, 1, StoryStatus.CANCELLED),
            StoryRef(third.story_id, 1, StoryStatus.QUEUED),
        ]
        assert sorted(ledger.story_refs("b1")) == sorted(refs)
        assert sorted(ledger.story_refs("b1", only_open=True)) == sorted([refs[0], refs[2]])
        keys = [("b1", one.story_id) for one in (first, second, third)]
        found = {letter.story_id: letter for letter in ledger.letters_of(iter(keys))}
        assert found == {first.story_id: first, second.story_id: second}
