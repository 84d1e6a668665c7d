"""Text to show."""

from __future__ import annotations

import pytest

from gt_common.texts import one_line, plural, truncate


@pytest.mark.parametrize(
    ("number", "noun", "text"),
    [
        (0, "story", "0 stories"),
        (1, "story", "1 story"),
        (2, "story", "2 stories"),
        (1, "dead letter", "1 dead letter"),
        (2, "dead letter", "2 dead letters"),
        (2, "day", "2 days"),
        (2, "batch", "2 batches"),
    ],
)
def test_a_number_agrees_with_its_noun(number: int, noun: str, text: str) -> None:
    assert plural(number, noun) == text


def test_one_line_has_no_controls() -> None:
    assert one_line("a\x1b[31m\n b\u202e\tc") == "a[31m b c"


def test_a_long_text_ends_in_an_ellipsis() -> None:
    assert (truncate("abcde", 5), truncate("abcdef", 5)) == ("abcde", "abcd…")
