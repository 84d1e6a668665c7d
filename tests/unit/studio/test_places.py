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
        ("He taped a list to the fridge.", None),
        ("I yelled for somebody to call an ambulance.", None),
        ("We stood outside the court.", "street"),
        ("I took the check to the garden center.", "shop"),
        ("After the appetizers she stood up.", "restaurant"),
        ("The hearing was on a Tuesday.", "court"),
        ("Lily fell off the monkey bars.", "park"),
    ],
)
def test_a_place_is_where_somebody_is(text: str, place: str | None) -> None:
    assert place_named(text) == place


def test_a_scene_keeps_its_place_until_another_is_told() -> None:
    told = ["I have a sister.", "We met at the restaurant.", "She sat down.", "I drove home.", "I slept."]
    assert places_of(told) == ["restaurant", "restaurant", "restaurant", "room", "room"]
    assert places_of(["I have a sister.", "She is tall."]) == ["room", "room"]


def test_a_part_of_a_place_is_not_another_place() -> None:
    told = ["I was in my classroom.", "She put the cup on my desk.", "By noon I was in his office."]
    assert places_of(told) == ["school"] * 3
    assert places_of(["He lay in the hospital.", "I sat on his bed."]) == ["hospital"] * 2


def test_what_stands_somewhere_says_where_only_if_nothing_else_does() -> None:
    assert places_of(["My boss said hello.", "We met in the gym.", "The waiter waved."])[1:] == ["gym"] * 2
    assert places_of(["It rained.", "The waiter waved."]) == ["restaurant"] * 2


def test_a_call_on_another_day_is_not_where_the_scene_before_was() -> None:
    told = ["We ate at the restaurant.", "On Tuesday she called our house.", "She cried."]
    assert places_of(told) == ["restaurant", "room", "room"]


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
