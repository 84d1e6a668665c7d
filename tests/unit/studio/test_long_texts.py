"""No text takes the studio more than linear time: endless words, runs of one character, no full stop."""

from __future__ import annotations

import time
from contextlib import suppress

import pytest

from gt_common.errors import PermanentError
from gt_consumer.studio.text.normalise import strip_markup
from gt_consumer.studio.text.script import MAX_PIECE, split_sentences, write_script
from gt_consumer.studio.text.story import Story

LONG = 300_000


@pytest.mark.parametrize("unit", ["a", "1", "é", "-", "[", "(", " ", "\u00a0", "!", "a—", '"', "\\", "a-b/"])
def test_one_unbroken_word_or_run_is_read_in_seconds(unit: str) -> None:
    text = "Once upon a time there was a cup. " + unit * (LONG // len(unit)) + " It broke."
    began = time.process_time()
    with suppress(PermanentError):
        write_script(Story("A cup", text, "file:///x.md"), 220)
    assert time.process_time() - began < 20


@pytest.mark.parametrize("unit", ["well ", '"a ', "no. ", "He left. "])
def test_a_paragraph_without_an_end_is_read_in_seconds(unit: str) -> None:
    began = time.process_time()
    with suppress(PermanentError):
        write_script(Story("A cup", unit * (30_000 // len(unit)), "file:///x.md"), 220)
    assert time.process_time() - began < 20


def test_a_long_word_is_cut_and_what_follows_is_told() -> None:
    assert strip_markup("so " + "x" * 100 + " it was") == "so " + "x" * 60 + "… it was"
    assert strip_markup("Supercalifragilisticexpialidocious.") == "Supercalifragilisticexpialidocious."


def test_a_long_paragraph_has_the_sentences_that_it_has() -> None:
    sentences = [f"This is sentence number {number} of a long paragraph." for number in range(200)]
    assert len(" ".join(sentences)) > 5 * MAX_PIECE
    assert split_sentences(" ".join(sentences)) == [(text, n == 0) for n, text in enumerate(sentences)]


def test_a_sentence_that_is_longer_than_a_piece_stays_one() -> None:
    endless = "Well " + " ".join(["well"] * 1000)
    assert [text for text, _ in split_sentences(f"It began. {endless} end. It was over.")] == [
        "It began.",
        f"{endless} end.",
        "It was over.",
    ]
