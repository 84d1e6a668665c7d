"""Sets of letters and values of stories behave like those of the language."""

from __future__ import annotations

from gt_consumer.deadletters.letter_set import LetterSet, OfStories

KEYS = [("b1", "s1", 1), ("b1", "s1", 2), ("b1", "s2", 1), ("b2", "s1", 1)]


def test_a_set_of_letters() -> None:
    letters = LetterSet(KEYS[:3])
    letters.add(KEYS[0])
    assert set(letters) == set(KEYS[:3])
    assert len(letters) == 3
    assert KEYS[3] not in letters
    letters.discard(KEYS[3])
    for key in KEYS[:3]:
        assert letters
        assert key in letters
        letters.discard(key)
    assert not letters
    assert list(letters) == []
    assert not LetterSet()


def test_what_is_known_of_stories() -> None:
    known = OfStories[tuple[int, int]]()
    known["b1", "s1"] = (1, 2)
    known["b1", "s2"] = (1, 2)
    known["b2", "s1"] = (2, 1)
    known["b1", "s1"] = (3, 3)
    assert dict(known) == {("b1", "s1"): (3, 3), ("b1", "s2"): (1, 2), ("b2", "s1"): (2, 1)}
    assert len(known) == 3
    assert known.get(("b3", "s1")) is None
    del known["b1", "s2"]
    assert ("b1", "s2") not in known
