"""Scripts: length, order, acts, and who says what."""

from __future__ import annotations

from pathlib import Path

import pytest

from gt_common.errors import PermanentError
from gt_consumer.studio.text.dialogue import Cast, narrator_sex, segments_of
from gt_consumer.studio.text.script import ACTS, MAX_OVER_WORDS, choose, split_sentences, write_script
from gt_consumer.studio.text.story import Story, load_story

EXAMPLES = Path(__file__).parents[3] / "examples"
STORIES = sorted(EXAMPLES.glob("*.md"))


def test_there_are_examples() -> None:
    assert len(STORIES) >= 5


@pytest.mark.parametrize("path", STORIES, ids=lambda p: p.stem)
@pytest.mark.parametrize("budget", [60, 120, 220])
def test_scripts_keep_to_their_budget_and_order(path: Path, budget: int) -> None:
    story = load_story(path.as_uri(), [path.parent])
    script = write_script(story, budget)
    assert script.word_count <= budget
    assert script.word_count >= min(budget * 0.55, len(story.text.split()) * 0.9)
    places = [story.text.replace("\n", " ").find(line.text.split('"')[0][:24]) for line in script.lines]
    known = [p for p in places if p > 0]
    assert known == sorted(known)
    acts = [ACTS.index(line.act) for line in script.lines]
    assert acts == sorted(acts)


def test_short_stories_are_told_whole() -> None:
    text = "I came home. The door was open. Nobody was there."
    script = write_script(Story("Home", text, "file:///x.md"), 220)
    assert " ".join(line.text for line in script.lines) == text
    assert script.title == "Home"


@pytest.mark.parametrize("words", [30 + MAX_OVER_WORDS, 31 + MAX_OVER_WORDS, 2000])
def test_one_endless_sentence_is_refused_with_its_length(words: int) -> None:
    # The first 12 words are the title, too.
    story = Story("", " ".join(["well"] * (words - 12)), "file:///x.md")
    if words <= 30 + MAX_OVER_WORDS:
        assert write_script(story, 30).word_count == words
        return
    with pytest.raises(PermanentError, match=f"shortest script has {words} words, max_words is 30; divide"):
        write_script(story, 30)


def test_the_story_begins_and_ends_where_it_should() -> None:
    script = write_script(load_story((EXAMPLES / "the-wedding-bill.md").as_uri(), [EXAMPLES]), 220)
    assert "Grandma died last spring and left me the house." in [line.text for line in script.lines]
    assert script.lines[-1].text == "So, AITA for keeping the house?"


def test_an_answer_brings_its_question() -> None:
    texts = [
        "We sat there.",
        '"Who paid for it?" she asked.',
        '"Your secret brother died and left me the house!"',
        "It was late.",
    ]
    kept = choose(texts, [True, True, True, True], ["hook", "climax", "climax", "resolution"], 22)
    assert 2 in kept
    assert 1 in kept


def test_speech_stays_with_its_verb() -> None:
    found = split_sentences('"Can I help you?" I asked. He left. "Wait!" she cried. "Please."')
    assert [s for s, _ in found] == [
        '"Can I help you?" I asked.',
        "He left.",
        '"Wait!" she cried.',
        '"Please."',
    ]


def _speakers(*sentences: str) -> list[tuple[str, str]]:
    cast = Cast()
    return [
        (s.speaker, s.text) for text in sentences for s in segments_of(text, cast, text[0] == '"') if s.quote
    ]


@pytest.mark.parametrize(
    ("sentences", "speakers"),
    [
        (["My sister Dana came.", '"Pay me," Dana said.'], ["sister"]),
        (['"No," I said.'], ["narrator"]),
        (["My mom sighed.", '"Really?" she asked.', '"Yes," I said.'], ["mother", "narrator"]),
        (['"Sit down," said Tom.', '"Why?"'], ["tom", "narrator"]),
        (['My boss smirked and said, "Read it."'], ["boss"]),
        (["I called a guy named Brad.", '"Hey," he said.'], ["guy"]),
    ],
)
def test_quotes_find_their_speakers(sentences: list[str], speakers: list[str]) -> None:
    assert [who for who, _ in _speakers(*sentences)] == speakers


def test_words_in_quotation_marks_are_no_speech() -> None:
    assert _speakers('The so-called "gift" was a bill.') == []


@pytest.mark.parametrize(
    ("text", "sex"), [("I (28M) left", "m"), ("I, 31F, left", "f"), ("my wife left", "m"), ("I left", "f")]
)
def test_the_narrator_is_drawn_as_they_say(text: str, sex: str) -> None:
    assert narrator_sex(text) == sex


def test_sexes_follow_the_pronouns() -> None:
    cast = Cast()
    cast.read_sexes("The professor took off her glasses. My boss came. He sat down.")
    assert (cast.persons["professor"].sex, cast.persons["boss"].sex) == ("f", "m")


def test_a_title_taken_from_the_text_is_short() -> None:
    story = Story("", "x" * 900 + " is a word, and so is another.", "file:///a.md")
    assert len(write_script(story, 60).title) <= 500
