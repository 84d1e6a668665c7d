"""Writes the script of a story, without a language model: analysis first, then the choice of what is told."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from gt_common.errors import PermanentError
from gt_consumer.studio.script.model import MAX_TITLE, Line, Member, Script, count_words, numbered
from gt_consumer.studio.script.words import AUTO
from gt_consumer.studio.text.analysis import Analysis, analyse
from gt_consumer.studio.text.casing import restore_case
from gt_consumer.studio.text.choice import Material, choose
from gt_consumer.studio.text.clutter import is_clutter
from gt_consumer.studio.text.dialogue import Reading
from gt_consumer.studio.text.language import check_language, is_other_script
from gt_consumer.studio.text.markup import strip_markup
from gt_consumer.studio.text.members import members_of
from gt_consumer.studio.text.mood import mood_of
from gt_consumer.studio.text.persons import ME
from gt_consumer.studio.text.references import with_names
from gt_consumer.studio.text.sentences import Sentence, split_sentences
from gt_consumer.studio.text.staging import Staging
from gt_consumer.studio.text.story import Story
from gt_consumer.studio.text.tags import all_without_tags
from gt_consumer.studio.text.titles import made_title, shortened

FEWEST_WORDS: Final = 5
"""Words that a story has at least."""
_TENSE: Final = ("crisis", "climax")


def write_script(story: Story, max_words: int) -> Script:
    """Write the script of a story in at most `max_words` words, the title included.

    Raises:
        PermanentError: nothing that can be told is left of the story, or it is in another language
    """
    sentences, title = read_story(story)
    analysis = analyse(title, sentences)
    texts = [sentence.text for sentence in sentences]
    told: int | None = _sentence_like(title, texts)
    if not title:
        title, told = made_title(analysis, texts)
    title = shortened(title)[:MAX_TITLE]
    tellable = _tellable(texts, told)
    budget = max(1, max_words - count_words([title]))
    whole = sum(_words(r) for r, tell in zip(analysis.readings, tellable, strict=True) if tell)
    readings = analysis.readings if whole <= budget else all_without_tags(analysis.readings)
    material = Material(
        title,
        texts,
        [sentence.opens for sentence in sentences],
        [reading.people for reading in readings],
        tellable,
        [_words(reading) for reading in readings],
    )
    kept, acts = choose(material, budget)
    spare = budget - sum(material.counts[i] for i in kept)
    told_readings = {i: readings[i] for i in sorted(kept)}
    return _script(title, analysis, told_readings, acts, max(0, spare))


def _words(reading: Reading) -> int:
    return count_words(part.text for part in reading.parts)


def read_story(story: Story) -> tuple[list[Sentence], str]:
    """Return the sentences of a story and its title, both in ordinary spelling; the title may be empty.

    Raises:
        PermanentError: there is nothing to tell, or it is in another language
    """
    text = restore_case(strip_markup(story.text))
    words = count_words([text])
    if not words:
        raise PermanentError(f"no words that can be read aloud in the story: {story.source}")
    if words < FEWEST_WORDS and not is_other_script(text):
        raise PermanentError(
            f"{words} word{'s' * (words > 1)} {'are' if words > 1 else 'is'} not a story: {story.source}"
        )
    check_language(text)
    title = " ".join(restore_case(strip_markup(story.title)).split())
    return split_sentences(text), title if any(c.isalnum() for c in title) else ""


def _sentence_like(title: str, texts: Sequence[str]) -> int | None:
    """Return the sentence that repeats the title at the beginning of the story; it is not told again."""

    def plain(text: str) -> str:
        return re.sub(r"\W+", " ", text).strip().lower()

    if len(texts) > 1 and title and plain(title) == plain(texts[0]):
        return 0
    return None


def _tellable(texts: Sequence[str], told: int | None) -> list[bool]:
    counts = [count_words([text]) for text in texts]
    whole, before = sum(counts), 0
    found: list[bool] = []
    for i, text in enumerate(texts):
        found.append(i != told and not is_clutter(text, before / whole))
        before += counts[i]
    return found if any(found) else [True] * len(texts)


def _script(
    title: str, analysis: Analysis, told: Mapping[int, Reading], acts: Sequence[str], spare: int
) -> Script:
    """Return the script of some sentences, by their number; names may add `spare` words."""
    follows = [i - 1 in told for i in told]
    readings = with_names(list(told.values()), analysis.cast, follows, spare)
    people = {who for reading in readings for who in reading.people}
    speakers = {part.speaker for reading in readings for part in reading.parts}
    members = members_of(analysis.cast, people | speakers)
    lines: list[Line] = []
    staging = Staging()
    for i, reading in zip(told, readings, strict=True):
        mood = _mood(reading.text, acts[i])
        lines += _lines(reading, members, acts[i], mood, analysis.places[i], staging)
    needed = {name for line in lines for name in (line.speaker, *line.shown)}
    cast = tuple(member for who, member in members.items() if who == ME or member.id in needed)
    return Script(title=title, cast=cast, lines=numbered(lines))


def _mood(text: str, act: str) -> str:
    mood = mood_of(text)
    return "serious" if mood == "neutral" and act in _TENSE else mood


def _lines(
    reading: Reading, members: Mapping[int, Member], act: str, mood: str, place: str, staging: Staging
) -> Iterator[Line]:
    """Return the lines of a sentence, one for each voice in it."""
    people = [members[who].id for who in reading.people]
    for part in reading.parts:
        yield Line(
            act=act,
            kind="speech" if part.quote else "narration",
            speaker=members[part.speaker].id,
            text=part.text,
            mood=mood,
            place=place,
            shot=AUTO if part.quote else staging.shot_of(part.text, people),
        )
