"""Captions: how words are grouped, shown and drawn."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from gt_consumer.studio.picture.captions import (
    ACTIVE,
    MAX_CHARS,
    MAX_WORDS,
    STYLES,
    display,
    draw,
    group,
)
from gt_consumer.studio.picture.layout import SAFE_LEFT, SAFE_RIGHT
from gt_consumer.studio.sound.narration import TimedWord


def _words(text: str, gap: float = 0.0) -> list[TimedWord]:
    return [TimedWord(w, n * (0.3 + gap), n * (0.3 + gap) + 0.3) for n, w in enumerate(text.split())]


def test_phrases_are_short_and_keep_every_word_in_order() -> None:
    words = _words(
        "My sister asked me to pay for the whole wedding, and I said absolutely-positively not. She cried"
    )
    phrases = group(words)
    assert [w for p in phrases for w in p.words] == words
    for phrase in phrases:
        assert len(phrase.words) <= MAX_WORDS
        assert (
            len(phrase.words) == 1
            or sum(len(w.text) for w in phrase.words) + len(phrase.words) - 1 <= MAX_CHARS
        )


def test_phrases_end_at_punctuation_pauses_and_cuts() -> None:
    assert [len(p.words) for p in group(_words("No. I did not"))] == [1, 3]
    assert [len(p.words) for p in group(_words("I did not", gap=0.5))] == [1, 1, 1]
    assert [len(p.words) for p in group(_words("I did not"), [0.5])] == [2, 1]


def test_phrases_never_overlap() -> None:
    phrases = group(_words("one two three four five six seven eight"))
    assert all(a.end <= b.start for a, b in itertools.pairwise(phrases))


def test_the_spoken_word_is_the_active_one() -> None:
    (phrase,) = group(_words("I said it"))
    assert [phrase.active(at) for at in (0.1, 0.35, 0.65, 9.0)] == [0, 1, 2, 2]


@pytest.mark.parametrize(
    ("word", "shown"),
    [
        ('"What?!"', "WHAT?"),
        ("it's,", "IT'S"),
        ("(28F)", "28F"),
        ("$40,000.", "$40,000"),
        ("Café", "CAFÉ"),
        ("日本go", "RIBENGO"),
        ("小雨,", "XIAOYU"),
        ("Юлия?", "YULIYA?"),
    ],
)
def test_words_are_shown_without_marks_or_missing_glyphs(word: str, shown: str) -> None:
    assert display(word) == shown


def test_a_wide_phrase_is_drawn_smaller_to_fit() -> None:
    (wide,) = group([TimedWord("INCOMPREHENSIBILITIES-AND-MORE", 0, 1)])
    assert draw(wide, 0, 1.0).shape[1] <= 1080 - 2 * 90


def test_only_the_active_word_is_coloured() -> None:
    (phrase,) = group(_words("One two six"))
    middles = []
    for active in range(3):
        sprite = draw(phrase, active, 1.0)
        near = (np.abs(sprite[..., :3].astype(int) - ACTIVE).max(axis=2) < 12) & (sprite[..., 3] > 250)
        assert near.sum() > 300
        middles.append(float(np.nonzero(near)[1].mean()) / near.shape[1])
    assert middles[0] < 0.35 < middles[1] < 0.65 < middles[2]


@pytest.mark.parametrize("style", [style for style in STYLES if style != "off"])
def test_styles_look_different_and_fit(style: str) -> None:
    (phrase,) = group(_words("incomprehensible responsibilities I"))[:1]
    pictures = [draw(phrase, active, 1.0, style) for active in range(len(phrase.words))]
    assert all(picture.shape[1] <= SAFE_RIGHT - SAFE_LEFT + 2 for picture in pictures)
    purple = [((p[..., :3].astype(int) - (0x7A, 0x3F, 0xE0)) ** 2).sum(axis=2) < 300 for p in pictures]
    yellow = [((p[..., :3].astype(int) - ACTIVE) ** 2).sum(axis=2) < 300 for p in pictures]
    assert all(part.sum() > 500 for part in purple) == (style == "box")
    assert all(part.sum() > 300 for part in yellow) == (style == "pop")
