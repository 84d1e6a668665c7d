"""Word times from phoneme durations."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from gt_consumer.studio.sound.word_times import (
    START_SHIFT_S,
    UNIT_S,
    Times,
    group_times,
    phoneme_ids,
    word_times,
)

VOCABULARY = {" ": 16, ".": 4, "a": 43, "b": 44}


@dataclass
class Token:
    """A stand-in for the reader's token."""

    text: str
    whitespace: str
    phonemes: str | None


def test_phonemes_belong_to_the_word_they_stand_in() -> None:
    tokens = [Token("ab", " ", "ab"), Token("a", "", "aX"), Token(".", "", ".")]
    ids, owners = phoneme_ids(tokens, VOCABULARY)
    assert ids == [0, 43, 44, 16, 43, 4, 0]
    assert owners == [-1, 0, 0, -1, 1, -1, -1]


def test_times_follow_the_durations() -> None:
    times = word_times([4, 2, 2, 1, 4, 1, 3], [-1, 0, 0, -1, 1, -1, -1], 2)
    first, second = times
    assert first == Times(4 * UNIT_S + START_SHIFT_S, 8 * UNIT_S)
    assert second == Times(9 * UNIT_S + START_SHIFT_S, 13 * UNIT_S)


def test_a_start_is_never_before_the_clip() -> None:
    assert word_times([0, 1, 0], [-1, 0, -1], 1) == [Times(0.0, UNIT_S)]


def test_a_wrong_number_of_durations_is_an_error() -> None:
    with pytest.raises(ValueError, match="2 durations for 3 phonemes"):
        word_times([1, 1], [-1, 0, -1], 1)


def test_displayed_words_span_what_is_spoken_for_them() -> None:
    said = [Times(0, 1), Times(1, 2), None, Times(3, 4)]
    assert group_times(said, [2, 0, 1, 1]) == [Times(0, 2), None, None, Times(3, 4)]
