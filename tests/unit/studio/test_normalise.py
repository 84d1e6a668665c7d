"""Reddit's spelling, as captions show it and as the voice reads it."""

from __future__ import annotations

import re

import pytest

from gt_consumer.studio.text.markup import strip_markup
from gt_consumer.studio.text.normalise import spoken


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
        ("I was SO mad", "I was so mad"),
        ("My SO's mom", "My significant other's mom"),
        ("an RN, not rn", "an RN, not right now"),
        ("in NC", "in North Carolina"),
        ("we went NC.", "we went no contact."),
        ("a 401k and a 4K TV", "a four oh one kay and a 4 kay TV"),
        ("~12 eggs, about ~12", "about 12 eggs, about 12"),
        ("a 10/10 day", "a 10 out of 10 day"),
        ("9 cm, 3 oz, 1 lb", "9 centimeters, 3 ounces, 1 pound"),
        ("9cm and 5kg", "9 centimeters and 5 kilos"),
        ("an IVF clinic", "an IVF clinic"),
        ("$40 + $500", "$40 plus $500"),
        ("SIL's car, my SIL's car", "my sister in law's car, my sister in law's car"),
        ("DH and my DH", "my husband and my husband"),
        ("a f**king b*tch!", "a effing b word!"),
        ("TL;DR she left", "too long, didn't read she left"),
        ("小雨 paid Юлия.", "Xiaoyu paid Yuliya."),
        ("Łukasz", "Łukasz"),
        ("I (28 F) left", "I 28 female, left"),
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
        ("Story.\n\nEDIT: thanks for the gold!\n\nUpdate 2: he left", "Story.\n\nUpdate: he left"),
        ("He left.\n\nUPDATE: Thank you all for the comments!", "He left."),
        ("He left. Edit: typo", "He left."),
        ("I cried.\n\nEDIT: He came back with flowers.", "I cried.\n\nUpdate: He came back with flowers."),
        ("A f**king *b*tch* and a **bold** a**hole", "A f**king b*tch and a bold a**hole"),
        (">!So I left.!<", "So I left."),
        ("See ![gif](giphy|x) this [poll](http://a.b)", "See this"),
        ("Rules:\n\n* No fish\n* No cats!", "Rules:\n\nNo fish. No cats!"),
        ("1. I ran\n2. I fell", "I ran. I fell."),
        ("a | b\n--|--\n1 | 2", ""),
        ("She is 4'11\" tall", "She is 4'11 tall"),
    ],
)
def test_markup_is_taken_away(raw: str, shown: str) -> None:
    assert strip_markup(raw) == shown


def test_a_post_that_is_one_update_is_still_told() -> None:
    assert strip_markup("Update: she moved out.") == "Update: she moved out."
