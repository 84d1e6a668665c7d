"""Places by phrase, kept until another one is told; moods by whole words that are not denied."""

from __future__ import annotations

import pytest

from gt_consumer.studio.text.mood import mood_of
from gt_consumer.studio.text.places import place_named, places_of


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("He had parked in Greg's spot again.", "street"),
        ("My brother is built like a fridge.", None),
        ("My sister went into labor on Sunday.", "hospital"),
        ("The nurse took her arm.", "hospital"),
        ("My wife is a surgeon, and her sister is a nurse.", None),
        ("We met again in small claims court.", "court"),
        ("The judge laughed.", "court"),
        ("She picked him up from my daughter's school.", None),
        ("The principal called me.", "school"),
        ("I ran into her at the grocery store.", "shop"),
        ("I sat in my car and cried.", "car"),
        ("I was in a meeting all morning.", "meeting"),
        ("My boss called me into his office.", "office"),
        ("She walked down the aisle.", "church"),
        ("He was waiting at the gym.", "gym"),
        ("I opened the fridge.", "kitchen"),
        ("The waiter brought dessert.", "restaurant"),
        ("She invited me to the wedding.", None),
        ("I never went to the hospital.", None),
        ("We left the restaurant and drove home.", "room"),
        ('She said, "Meet me at the hospital."', None),
        ("He works hard and took first place.", None),
    ],
)
def test_a_place_is_where_somebody_is(text: str, place: str | None) -> None:
    assert place_named(text) == place


def test_a_scene_keeps_its_place_until_another_is_told() -> None:
    told = ["I have a sister.", "We met at the restaurant.", "She sat down.", "I drove home.", "I slept."]
    assert places_of(told) == ["restaurant", "restaurant", "restaurant", "room", "room"]
    assert places_of(["I have a sister.", "She is tall."]) == ["room", "room"]


@pytest.mark.parametrize(
    ("text", "not_mood"),
    [
        ("I did not laugh.", "happy"),
        ("She never even smiled.", "happy"),
        ("They planted roses along the fence.", "smug"),
        ("I wasn't angry with her.", "angry"),
        ("He laminated the sign.", "angry"),
        ("It was a planet.", "smug"),
    ],
)
def test_cues_that_are_denied_or_parts_of_words_do_not_count(text: str, not_mood: str) -> None:
    assert mood_of(text) != not_mood
