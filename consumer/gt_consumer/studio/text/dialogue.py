"""Reads a story sentence by sentence: who is mentioned, and who says what.

What is known about quotes is used in this order: words beside the quote with a verb of saying, the one who
acted just before within the paragraph, the one who spoke before in the paragraph, and between paragraphs the
other one of two who talk.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from gt_consumer.studio.text.cast import Cast
from gt_consumer.studio.text.clauses import follows_preposition
from gt_consumer.studio.text.found import Found
from gt_consumer.studio.text.mentions import PRONOUNS
from gt_consumer.studio.text.names import sex_of_name
from gt_consumer.studio.text.people import NOT_NAMES
from gt_consumer.studio.text.persons import ME
from gt_consumer.studio.text.quotes import VOCATIVE, Clue, Part, clue_after, clue_before, parts_of
from gt_consumer.studio.text.sentences import Sentence

_QUOTES: Final = re.compile(r'"[^"]*(?:"|$)')


@dataclass(frozen=True)
class Spoken:
    """Words of a sentence and who says them; `quote` means a person within the story."""

    text: str
    speaker: int = ME
    quote: bool = False


@dataclass(frozen=True)
class Reading:
    """A sentence that was read: its parts, and the people it mentions besides the narrator, in order.

    Parameters:
        subject: the person who acts in it; None if nobody or the narrator
        mine: whether the narrator appears in it
        pronouns: people who are meant by a pronoun and not named in it
    """

    text: str
    parts: tuple[Spoken, ...]
    people: tuple[int, ...]
    subject: int | None
    mine: bool
    pronouns: tuple[int, ...] = ()


@dataclass
class Reader:
    """Reads the sentences of a story in order."""

    cast: Cast
    last: int | None = None
    other: int | None = None
    beat: int | None = None
    _paragraph_spoke: int | None = None
    _mine: int = 0
    _silent: int = 0
    _answers: bool = False
    _found: list[Found] = field(default_factory=list)

    def read(self, number: int, sentence: Sentence) -> Reading:
        """Read the next sentence.

        Parameters:
            number: of the sentence, from 0
        """
        self._answers = sentence.opens and self._silent == 0 and sentence.text.startswith('"')
        if sentence.opens:
            self.beat = self._paragraph_spoke = None
        parts = parts_of(sentence.text)
        spoken: list[Spoken] = []
        # Narration is read as one text with holes for quotes, so that "she" after a quote finds its clause.
        told, offsets = _narration(parts)
        self._found = self.cast.read(number, told, opens=sentence.opens and not sentence.text.startswith('"'))
        for i, part in enumerate(parts):
            if not part.speech:
                spoken.append(Spoken(part.text))
                continue
            who = self._speaker(i, parts, offsets, spoken, opens=sentence.opens)
            who = self._child_of_mine(part.text, who, parts)
            if who is None:
                spoken.append(Spoken(f'"{part.text}"'))
                self.last = self.other = None
                continue
            spoken.append(Spoken(part.text, who, quote=True))
            self._speaks(who, part.text)
            self._addresses(who, i, parts, offsets)
        self._after(parts)
        return self._reading(sentence.text, spoken)

    def _reading(self, text: str, spoken: list[Spoken]) -> Reading:
        people = list(dict.fromkeys(f.who for f in self._found if f.who))
        named = {f.who for f in self._found if f.mention.kind != "pronoun"}
        subject = next((f.who for f in self._found if f.who is not None and f.acts), None)
        return Reading(
            text,
            tuple(spoken),
            tuple(w for w in people if w is not None),
            None if subject == ME else subject,
            any(f.who == ME for f in self._found)
            or bool(re.search(r"\b(?:I|me|my|we|us|our)\b", _QUOTES.sub("", text))),
            tuple(w for w in people if w is not None and w not in named),
        )

    def _speaks(self, who: int, quote: str) -> None:
        if who != self.last:
            # Somebody who joins a talk answers the narrator if the narrator has just acted.
            acted = self._mine > 0 and self._silent > 0
            joins = who not in {self.other, ME} and (acted or self._silent > _LONG)
            self.other, self.last = (ME if joins else self.last), who
        for called in self._called(quote):
            if called != who:
                self.cast.attend(called)
        self._name_called(who, quote)
        self.cast.persons[who].speaks = True
        self._paragraph_spoke = who
        self.beat = None
        self.cast.attend(who, 0.8)

    def _child_of_mine(self, quote: str, who: int | None, parts: Sequence[Part]) -> int | None:
        """Return the narrator's only child for "Mommy, …", unless the words beside it name somebody."""
        named = {f.who for f in self._found if f.mention.kind != "pronoun" and f.acts and f.who is not None}
        if who is None or who in named or not _PARENT.search(quote) or len(parts) == 1:
            return who
        sex = self.cast.sex_by_votes(who)
        children = [
            n
            for n, person in enumerate(self.cast.persons)
            if person.owner == ME
            and _CHILDREN & set(person.roles)
            and self.cast.sex_by_votes(n) in {sex, None}
        ]
        return children[0] if len(children) == 1 else who

    def _asks_indirectly(self, parts: Sequence[Part]) -> None:
        """Note a turn of a talk that is not told in quotes: "He asked how much she could lift"."""
        asked = [m for part in parts for m in _ASKS.finditer(part.text)]
        who = next((f.who for f in self._found if f.acts and f.who is not None), None)
        if asked and who is not None and who != self.last:
            self.other, self.last = self.last, who

    def _addresses(self, who: int, i: int, parts: Sequence[Part], offsets: Mapping[int, int]) -> None:
        """Note whom the words beside a quote say that it is said to: they answer."""
        for at in (i - 1, i + 1):
            if at not in offsets:
                continue
            addressed = self._addressed(parts[at].text, offsets[at]) - {who}
            if addressed:
                self.other = min(addressed)
                return

    def _addressed(self, narration: str, offset: int) -> set[int]:
        """Return whom a part of the narration names as the one who is spoken to or touched."""
        return {
            f.who
            for f in self._found
            if f.who is not None
            and 0 <= f.mention.start - offset < len(narration)
            and _TOWARDS.search(narration[: f.mention.start - offset])
        }

    def _after(self, parts: Sequence[Part]) -> None:
        """Note who acts in narration without a quote: who speaks next within the paragraph."""
        had_quote = any(part.speech for part in parts)
        acted = any(f.who == ME and f.acts for f in self._found)
        self._mine = _RECENT if acted else max(0, self._mine - 1)
        self._silent = 0 if had_quote else self._silent + 1
        others = any(f.who not in {None, ME} and not f.acts and not f.mention.possessive for f in self._found)
        if not others and any(_NEAR_ME.search(part.text) for part in parts if not part.speech):
            self._mine = _RECENT
        if not had_quote:
            self._asks_indirectly(parts)
            acting = [f.who for f in self._found if f.who is not None and f.acts]
            arrives = any(_ARRIVES.search(part.text) for part in parts)
            self.beat = acting[-1 if arrives else 0] if acting else None

    def _speaker(
        self,
        i: int,
        parts: Sequence[Part],
        offsets: Mapping[int, int],
        spoken: Sequence[Spoken],
        *,
        opens: bool,
    ) -> int | None:
        before = parts[i - 1] if i and not parts[i - 1].speech else None
        after = parts[i + 1] if i + 1 < len(parts) and not parts[i + 1].speech else None
        clue = clue_before(before.text) if before else None
        if clue is not None and before is not None:
            found = self._meant(clue, offsets[i - 1], before.text)
            if found is not _UNKNOWN:
                return found
        if after is not None and _attributes(parts, i):
            clue = clue_after(after.text)
            if clue is not None:
                found = self._meant(clue, offsets[i + 1], after.text)
                if found is not _UNKNOWN:
                    return found
        quoted = [s.speaker for s in spoken if s.quote]
        if quoted:
            return quoted[-1]
        return self._by_context(parts[i].text, before, offsets.get(i - 1, 0), opens=opens)

    def _by_context(self, quote: str, before: Part | None, offset: int, *, opens: bool) -> int | None:
        called = self._called(quote)
        if before is not None:
            acting = [
                f.who for f in self._found if f.who is not None and f.acts and f.mention.start >= offset
            ]
            if acting:
                return acting[-1]
        if not opens:
            for who in (self.beat, self._paragraph_spoke):
                if who is not None and who not in called:
                    return who
        return self._answering(called)

    def _answering(self, called: set[int]) -> int:
        """Return who speaks in a new paragraph without a word about it: the other one of two who talk."""
        if self.last is None:
            candidates = [self.cast.in_focus(*called), ME]
        elif called and self._mine == _RECENT:
            candidates = [ME]  # "I pulled the door shut." "What is it, Carol?"
        else:
            mine = None if self.last == ME else ME
            candidates = [self.other, mine, self.cast.in_focus(*called, ME, self.last)]
        for who in candidates:
            if who is not None and who not in called:
                return who
        return ME

    def _called(self, quote: str) -> set[int]:
        """Return the people whom a quote addresses by name: they do not say it."""
        found: set[int] = set()
        for match in re.finditer(r"(?:^|[,.!?]\s+)([^\W\d_][\w'’-]+)(?=[,.!?]|$)", quote):
            who = self.cast.find_name(match.group(1)) if match.group(1)[0].isupper() else None
            if who is not None:
                found.add(who)
        return found

    def _name_called(self, speaker: int, quote: str) -> None:
        """Attach the name that a quote calls, and that the story uses later, to the nameless one in focus."""
        fitting = [
            n for n in VOCATIVE.findall(quote) if n in self.cast.names.narrated and n.lower() not in NOT_NAMES
        ]
        name = fitting[0] if fitting else None
        if name is None or self.cast.find_name(name) is not None:
            return
        sex = sex_of_name(name)
        nameless = [
            who
            for who, weight in self.cast.focus.items()
            if who not in {speaker, ME}
            and self.cast.persons[who].name is None
            and weight > _CALLED_FOCUS
            and (sex is None or self.cast.sex_by_votes(who) in {sex, None})
        ]
        if nameless:
            self.cast.persons[max(nameless, key=lambda who: self.cast.focus[who])].name = name
            self.cast.names.known.add(name)

    def _meant(self, clue: Clue, offset: int, narration: str) -> int | None:
        """Return whom a clue means, `_UNKNOWN` if the words mean nobody that is known, None for nobody."""
        if clue.subject is None:
            return None
        start, end = (offset + at for at in clue.subject)
        if clue.inherited:
            return self._acting(offset, start, end)
        inside = [
            f
            for f in self._found
            if start <= f.mention.start < end or f.mention.start <= start < f.mention.end
        ]
        if all(follows_preposition(narration[: f.mention.start - offset]) for f in inside):
            word = narration[clue.subject[0] : clue.subject[1]]
            if re.match(
                r"(?:it|they|we|people|somebody|someone|(?:the|this|that) (?:note|letter|sign|text|"
                r"message|card|voice))\b|an? (?:\w+ )?voice\b",
                word,
                re.IGNORECASE,
            ):
                return None
            return _UNKNOWN
        if (taking_turns := self._other_one(clue, inside)) is not None:
            return taking_turns
        pronoun = inside[0].mention
        if inside[0].who is None and pronoun.word in {"he", "she"}:
            return self.cast.stranger(pronoun)
        meant = ([f for f in inside if not f.mention.possessive] or inside)[0].who
        if pronoun.kind == "pronoun" and meant in self._addressed(narration, offset):
            acted = self.beat  # "Ian watched us. \"Dude,\" he said to Matt": not Matt
            if acted not in {None, meant, ME} and self.cast.sex_by_votes(acted) in {
                PRONOUNS[pronoun.word],
                None,
            }:
                return acted
        return meant if meant is not None else _UNKNOWN

    def _acting(self, offset: int, start: int, end: int) -> int:
        """Return whom a verb without a subject of its own belongs to, in the narration from `offset`."""
        within = [
            f for f in self._found if f.who is not None and offset <= f.mention.start <= max(end, start)
        ]
        acting = [f.who for f in within if f.acts and f.who is not None]
        if acting:
            return acting[-1] if len(acting) == 1 else acting[0] if end == start else acting[-1]
        anyone = [f.who for f in within if f.who is not None and not f.mention.possessive]
        if anyone:
            return anyone[0]
        unknown = [f.mention for f in self._found if f.who is None and f.mention.word in {"he", "she"}]
        if unknown:
            return self.cast.stranger(unknown[0])
        return next((who for who in (self.beat, self._paragraph_spoke) if who is not None), _UNKNOWN)

    def _other_one(self, clue: Clue, inside: Sequence[Found]) -> int | None:
        """Return whom "he said" means of two men who talk in turns: in a new paragraph not the last one."""
        other, mention = self.other, inside[0].mention
        if other is None or other == ME or not self._answers or mention.kind != "pronoun":
            return None
        if clue.inherited or inside[0].who != self.last:
            return None
        return other if self.cast.sex_by_votes(other) == PRONOUNS[mention.word] else None


_UNKNOWN: Final = -1
_CALLED_FOCUS: Final = 0.02
_RECENT: Final = 3  # sentences
_LONG: Final = 2  # sentences without a word said, after which somebody who speaks begins another talk
_PARENT: Final = re.compile(r"(?:^|, )(?:Mommy|Mama|Mummy|Daddy|Papa|Papi)(?=[,.!?]|$)")
_CHILDREN: Final = frozenset({"son", "daughter", "stepson", "stepdaughter", "child", "kid"})
_ASKS: Final = re.compile(r"\b(?:asked|asks|told|wanted to know)\b")
_NEAR_ME: Final = re.compile(
    r"\b(?:to|at|towards?|behind|beside|in front of|next to|over to|up to) (?:me|us|our)\b"
)
_TOWARDS: Final = re.compile(
    r"\b(?:to|at|towards?|told|asked|tells?|asks?|touched|grabbed|nudged|elbowed|patted|hugged|squeezed|hit|"
    r"poked|interrupted|faced|stopped)\s+$"
)
# "He hadn't been gone five minutes when Kelsey came in": the second one acts.
_ARRIVES: Final = re.compile(
    r"\b(?:hadn['’]t|had (?:just|barely|hardly|scarcely|only)|(?:was|were) (?:just|still|about|halfway)|"
    r"no sooner had|barely)\b[^.!?]* when\b"
)


def _narration(parts: Sequence[Part]) -> tuple[str, dict[int, int]]:
    """Return the narration of a sentence with holes for quotes, and where each part of it begins."""
    told, offsets = "", {}
    for i, part in enumerate(parts):
        if part.speech:
            told += ' "" '
        else:
            offsets[i] = len(told)
            told += _QUOTES.sub(lambda m: " " * len(m.group()), part.text)
    return told, offsets


def _attributes(parts: Sequence[Part], i: int) -> bool:
    """Whether the narration after a quote may say who spoke it, and not only who speaks next."""
    quote, after = parts[i].text, parts[i + 1].text
    introduces = i + 2 < len(parts) and after.rstrip()[-1:] in ",:"
    if introduces and quote[-1:] in "?!." and after[:1].isupper():
        return i == 0 or parts[i - 1].speech
    return True
