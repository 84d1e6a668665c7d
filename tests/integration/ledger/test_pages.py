"""Pages of batches and stories, groups of letters and histories, on both databases."""

from __future__ import annotations

from gt_common.failures import Failure
from gt_common.ledger import open_ledger
from gt_common.ledger.queries.pages import BatchFilter, StoryFilter
from gt_common.lifecycle import StoryStatus
from gt_common.messages import (
    GT_BATCH,
    Event,
    StoryCancelled,
    StoryFailed,
    StoryStarted,
    StorySucceeded,
)
from support.samples.events import BATCH, at, letter, opened, story_event

QUOTA = Failure(type="RateLimited", message="100% of the quota_is used up", stage="script")
GONE = Failure(type="StoryGoneError", message="the post was removed", stage="story", retryable=False)


def batches() -> list[Event]:
    """Return three batches: one with something of everything, one that is done, one that is open."""
    failed = [
        story_event(StoryFailed, number, 40 + number, failure=failure, letter=letter(number), attempt=1)
        for number, failure in ((4, QUOTA), (5, QUOTA), (6, GONE))
    ]
    first = [
        opened(8, name="Monday").model_copy(update={"tags": {"channel": "drama"}}),
        story_event(StorySucceeded, 1, 30, worker="w-1"),
        story_event(StorySucceeded, 2, 31, worker="w-2"),
        story_event(StoryStarted, 3, 32),
        *failed,
        story_event(StoryCancelled, 7, 50, by="anna", reason="no", purge_at=at(90)),
    ]
    done = [opened(1, name="Done"), story_event(StorySucceeded, 1, 30)]
    later = [
        event.model_copy(update={"batch_id": name, "event_id": f"{name}-{place}", "at": at(seconds)})
        for name, seconds, events in (("b-done", 100, done), ("b-open", 200, [opened(1)]))
        for place, event in enumerate(events)
    ]
    return [*first, *later]


def test_pages_of_batches_and_stories(ledger_url: str) -> None:
    with open_ledger(ledger_url) as ledger:
        ledger.apply(batches())

        def listed(wanted: BatchFilter, skip: int = 0, limit: int = 10) -> list[str]:
            return [batch.batch_id for batch in ledger.batch_page(wanted, skip, limit)]

        def shown(wanted: StoryFilter, skip: int = 0, limit: int = 10) -> list[int]:
            return [story.position for story in ledger.story_page(BATCH, wanted, skip, limit)]

        assert listed(BatchFilter()) == ["b-open", "b-done", BATCH]
        assert listed(BatchFilter(), 1, 1) == ["b-done"]
        assert listed(BatchFilter(text="MOND")) == listed(BatchFilter(tags={"channel": "drama"})) == [BATCH]
        assert listed(BatchFilter(state="done")) == ["b-done"]
        assert listed(BatchFilter(tags={"channel": "comedy"})) == []

        assert shown(StoryFilter()) == [4, 5, 6, 3, 1, 2, 7]
        assert [*shown(StoryFilter(), 0, 3), *shown(StoryFilter(), 3, 2), *shown(StoryFilter(), 5, 9)] == [
            *[4, 5, 6],
            *[3, 1],
            *[2, 7],
        ]
        assert shown(StoryFilter(status=StoryStatus.SUCCESS), 1) == [2]
        assert shown(StoryFilter(group=QUOTA.fingerprint)) == [4, 5]
        assert shown(StoryFilter(status=StoryStatus.SUCCESS, group=QUOTA.fingerprint)) == []
        assert shown(StoryFilter(text="QUOTA_IS")) == shown(StoryFilter(text="100%")) == [4, 5]
        assert shown(StoryFilter(text="w-2")) == [2]
        assert shown(StoryFilter(text="quota%used")) == shown(StoryFilter(text="!")) == []


def test_letters_by_cause_and_the_history_of_a_story(ledger_url: str) -> None:
    with open_ledger(ledger_url) as ledger:
        ledger.apply(batches())
        groups = ledger.letter_groups()
        assert [(one.fingerprint, one.count, one.batches) for one in groups] == [
            (QUOTA.fingerprint, 2, ((BATCH, 2),)),
            (GONE.fingerprint, 1, ((BATCH, 1),)),
        ]
        assert (groups[0].failure, groups[0].first, groups[0].last) == (QUOTA, at(44), at(45))
        assert ledger.letter_groups("b-done") == []
        keys = ledger.letter_keys(StoryStatus.FAILED, group=QUOTA.fingerprint)
        assert [story for _, story, _ in keys] == ["story-5", "story-4"]
        assert ledger.letter_keys(StoryStatus.FAILED, batch_id="b-done", group=QUOTA.fingerprint) == []
        history = ledger.story_events(BATCH, "story-4")
        assert [(event.type, event.at) for event in history] == [("story.failed", at(44))]
        assert ledger.story_events(BATCH, "unknown") == []
        assert ledger.overview(BATCH, sample=1).counts == ledger.overview(BATCH).counts


def test_lines_of_letters_and_their_number(ledger_url: str) -> None:
    with open_ledger(ledger_url) as ledger:
        ledger.apply(
            [
                *batches(),
                opened(1).model_copy(
                    update={"batch_id": "b-local", "event_id": "b-local-1", "made_by": GT_BATCH}
                ),
                story_event(StoryFailed, 1, 99, failure=GONE, letter=letter(1)).model_copy(
                    update={"batch_id": "b-local", "event_id": "b-local-2"}
                ),
            ]
        )
        assert (ledger.letter_count(StoryStatus.FAILED), ledger.letter_count(StoryStatus.CANCELLED)) == (3, 1)
        assert ledger.letter_count(StoryStatus.FAILED, batch_id="b-done") == 0
        newest, count = ledger.newest_letters(StoryStatus.FAILED, 2)
        assert [story for _, story, _ in newest] == ["story-6", "story-5"], "that of gt-batch has no letter"
        assert (count, ledger.newest_letters(StoryStatus.FAILED, 2, batch_id="b-done")) == (3, ([], 0))
        lines = ledger.letter_lines([(BATCH, f"story-{number}") for number in (1, 3, 4, 7)])
        assert [(line.story_id, line.position) for line in lines.values()] == [("story-4", 4)]
