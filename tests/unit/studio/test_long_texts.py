"""No text takes the studio more than linear time: endless words, runs of one character, no full stop."""

from __future__ import annotations

import time
from contextlib import suppress

import pytest

from gt_common.errors import PermanentError
from gt_consumer.studio.text.markup import strip_markup
from gt_consumer.studio.text.script import write_script
from gt_consumer.studio.text.sentences import MAX_PIECE, MAX_WORDS, Sentence, split_sentences
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
    assert split_sentences(" ".join(sentences)) == [
        Sentence(text, n == 0) for n, text in enumerate(sentences)
    ]


def test_a_sentence_that_is_longer_than_a_piece_is_cut_between_words() -> None:
    endless = "Well " + " ".join(["well"] * 1000)
    found = [sentence.text for sentence in split_sentences(f"It began. {endless} end. It was over.")]
    assert (found[0], found[-1]) == ("It began.", "It was over.")
    assert " ".join(text.removesuffix(".") for text in found[1:-1]) == f"{endless} end"
    assert all(len(text.split()) <= MAX_WORDS for text in found)
