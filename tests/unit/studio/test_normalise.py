"""Reddit's spelling, as captions show it and as the voice reads it."""

from __future__ import annotations

import re

import pytest

from gt_consumer.studio.text.normalise import spoken, strip_markup


def _read(text: str) -> str:
    """Return what the voice reads, without phoneme marks."""
    joined = " ".join(s for s in spoken(text.split()) if s)
    return re.sub(r"\[([^\]]+)\]\(/[^)]*\)", r"\1", joined)


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("I (28F) left", "I 28 female, left"),
        ("My dad [61m] said", "My dad 61 male, said"),
        ("AITA for asking?", "am I the A hole for asking?"),
        ("TL;DR: he left.", "too long, didn't read: he left."),
        ("My MIL called", "My mother in law called"),
        ("my SO left so fast", "my significant other left so fast"),
        ("WTF?", "what the heck?"),
        ("idk.", "I don't know."),
        ("He is 6'2\" tall", "He is 6 foot 2 tall"),
        ("it cost $5 million.", "it cost 5 million dollars."),
        ("it cost $20k,", "it cost 20 thousand dollars,"),
        ("a 30yo man", "a 30 year old man"),
        ("YOU OWE HER SO MUCH!", "you owe her so much!"),
        ("I was soooo tired", "I was so tired"),
        ("he/she said", "he she said"),
        ("HR called the CEO", "HR called the CEO"),
        ("Mr. Smith", "mister Smith"),
    ],
)
def test_abbreviations_are_read_as_people_say_them(written: str, read: str) -> None:
    assert _read(written) == read


@pytest.mark.parametrize("end", [".", "!", ",", '."'])
def test_no_is_never_read_as_number(end: str) -> None:
    assert spoken(["said", f"no{end}"])[1].startswith("[no](/nˈO/)")


def test_each_displayed_word_keeps_its_own_reading() -> None:
    words = ["AITA", "for", "***", "this?"]
    said = spoken(words)
    assert len(said) == len(words)
    assert said[2] == ""


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("**Bold** and *thin* and ~~gone~~", "Bold and thin and gone"),
        ("See [this](https://a.b/c_(d)) now", "See this now"),
        ("Look: https://example.com/x?y=1 there", "Look: there"),
        ("&amp;#x200B; Tom &amp; I", "Tom & I"),
        ("I cried 😭😭 a lot ❤️", "I cried a lot"),
        ("“Yes,” she said. It’s mine", '"Yes," she said. It\'s mine'),
        ("What???!! No!!!", "What? No!"),
        ("so... yes", "so… yes"),
        ("the house—my house—is", "the house, my house, is"),
        ("pages 3–5", "pages 3 to 5"),
        ("> quoted\n> twice", "quoted twice"),
        ("One.\n\n---\n\nTwo.", "One.\n\nTwo."),
        ("Story.\n\nEDIT: thanks for the gold!\n\nUpdate 2: he left", "Story."),
    ],
)
def test_markup_is_taken_away(raw: str, shown: str) -> None:
    assert strip_markup(raw) == shown


def test_a_post_that_is_one_update_is_still_told() -> None:
    assert strip_markup("Update: she moved out.") == "Update: she moved out."
