"""The files beside a finished MP4: subtitles, thumbnail, script, credits, and what to write when posting."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator, Sequence
from itertools import zip_longest
from pathlib import Path

from gt_common.errors import OutputError
from gt_common.files import write_atomically
from gt_consumer.studio.errors import StudioError
from gt_consumer.studio.options import StudioOptions
from gt_consumer.studio.script.document import dump_script
from gt_consumer.studio.script.model import Script
from gt_consumer.studio.sound.narration import Narration, TimedWord
from gt_consumer.studio.text.story import place_of_post

DISCLOSURE = "Made with AI: synthetic voices and pictures drawn by a program; nobody shown is real."
_MOST_CHARACTERS = 64
_LONGEST_S = 5.0
_MOST_TITLE = 95  # characters; YouTube allows 100
_TAGS = ("storytime", "redditstories", "comic", "animated")
_TOPICS = (
    ("wedding", r"\b(?:wedding|bride|groom|engaged)\b"),
    ("family", r"\b(?:mother|mom|father|dad|sister|brother|grandm\w+|grandp\w+|family|in-law)\b"),
    ("work", r"\b(?:boss|office|coworker|manager|job|company)\b"),
    ("relationship", r"\b(?:husband|wife|girlfriend|boyfriend|fianc\w+|ex)\b"),
    ("revenge", r"\b(?:revenge|karma|malicious compliance)\b"),
    ("neighbors", r"\bneighbou?rs?\b"),
    ("school", r"\b(?:school|teacher|professor|class|college)\b"),
    ("aita", r"\b(?:aita|aitah|wibta|asshole)\b"),
)
_VOICE = "Voice: hibari-tts by Maureese Williams, distilled from Kokoro-82M by hexgrad (Apache-2.0)\n"
_JUDGED = re.compile(
    r"\b(?:aitah?|wibtah?|asshole|jerk|in the wrong|was I wrong|am I wrong)\b", re.IGNORECASE
)
_CREDITS = """\
Heads: "Lorelei" by Lisa Wischofsky (CC0 1.0), by dicebear-styles and dicebear-core (MIT)
Fonts: Lilita One by Juan Montoreano, Kalam by Indian Type Foundry (OFL-1.1)
Letters of titles: Luckiest Guy by Astigmatic (Apache-2.0)
Pictures, places and effects: GossipToon Batch (Apache-2.0)
"""


def write_sidecars(
    target: Path,
    script: Script,
    narration: Narration,
    options: StudioOptions,
    source: str,
    thumbnail: Path,
) -> None:
    """Write all files beside a film.

    Parameters:
        target: the MP4; the others are called like it
        source: URL of the story; empty if it is not known

    Raises:
        StudioError: one cannot be written
    """
    stem = target.with_suffix("")
    cues = list(subtitles(narration))
    texts = {
        ".srt": srt(cues),
        ".vtt": vtt(cues, script),
        ".script.json": dump_script(script),
        ".credits.txt": credit_text(options, source),
        ".upload.json": json.dumps(upload_text(script, options, source), ensure_ascii=False, indent=2) + "\n",
    }
    try:
        for suffix, text in texts.items():
            write_atomically(Path(f"{stem}{suffix}"), text)
        shutil.copyfile(thumbnail, f"{stem}.thumbnail.jpg")
    except (OSError, OutputError) as error:
        raise StudioError(f"cannot write the files beside {target.name}: {error}") from None


Cue = tuple[float, float, str, str | None]
"""Start and end in seconds, text, and the id of a speaker within the story."""


def subtitles(narration: Narration) -> Iterator[Cue]:
    """Return the subtitles: whole phrases, of one voice each, that do not overlap."""
    cues = [(utterance, words) for utterance in narration.utterances for words in _cues_of(utterance.words)]
    starts = [words[0].start for _, words in cues[1:]]
    for (utterance, words), following in zip_longest(cues, starts):
        # Voices overlap by some hundredths of a second.
        end = words[-1].end if following is None else min(words[-1].end, following)
        speaker = utterance.line.speaker if utterance.line and utterance.quoted else None
        yield words[0].start, end, " ".join(w.text for w in words), speaker


def _cues_of(words: Sequence[TimedWord]) -> Iterator[list[TimedWord]]:
    cue: list[TimedWord] = []
    for word in words:
        length = sum(len(w.text) + 1 for w in cue) + len(word.text)
        if cue and (
            length > _MOST_CHARACTERS
            or word.end - cue[0].start > _LONGEST_S
            or (cue[-1].text[-1:] in ".!?…" and length > _MOST_CHARACTERS // 2)
        ):
            yield cue
            cue = []
        cue.append(word)
    if cue:
        yield cue


def srt(cues: Sequence[Cue]) -> str:
    """Format subtitles as SubRip."""
    blocks = [
        f"{n}\n{_time(start, ',')} --> {_time(end, ',')}\n{text}\n"
        for n, (start, end, text, _) in enumerate(cues, 1)
    ]
    return "\n".join(blocks)


def vtt(cues: Sequence[Cue], script: Script) -> str:
    """Format subtitles as WebVTT, with the voice of those who speak within the story."""
    blocks = ["WEBVTT\n"]
    for start, end, text, speaker in cues:
        member = script.member(speaker) if speaker else None
        plain = text.replace("&", "&amp;").replace("<", "&lt;")
        said = f"<v {member.name or member.role or member.id}>{plain}" if member else plain
        blocks.append(f"{_time(start, '.')} --> {_time(end, '.')}\n{said}\n")
    return "\n".join(blocks)


def _time(seconds: float, point: str) -> str:
    milliseconds = round(max(0.0, seconds) * 1000)
    minutes, rest = divmod(milliseconds, 60_000)
    return f"{minutes // 60:02d}:{minutes % 60:02d}:{rest // 1000:02d}{point}{rest % 1000:03d}"


def credit_text(options: StudioOptions, source: str) -> str:
    """Return who made what, with licences."""
    music = "Music and effects: synthesised by GossipToon Batch (Apache-2.0)\n" if options.music else ""
    if options.music and options.music_file:
        music = f"Music: {Path(options.music_file).name}, the channel's choice, with its own rights\n"
    story = f"Story: {source}\n" if source.startswith("http") else ""
    voice = "" if options.voice_track else _VOICE
    return f"{story}{voice}{_CREDITS}{music}{DISCLOSURE}\n"


def upload_text(script: Script, options: StudioOptions, source: str) -> dict[str, object]:
    """Return what to write when the film is posted."""
    told = " ".join([script.title, *(line.text for line in script.lines)])
    topics = [tag for tag, pattern in _TOPICS if re.search(pattern, told, re.IGNORECASE)]
    title = script.title if len(script.title) <= _MOST_TITLE else _cut(script.title, _MOST_TITLE)
    posted = options.source or place_of_post(source)
    parts = [
        _cut(" ".join(line.text for line in script.lines[:3]), 300),
        f"{question_of(script)} Tell me in the comments.",
        f"Story from {posted} {source}".strip() if posted else "",
        options.handle,
        DISCLOSURE,
    ]
    return {
        "title": title,
        "description": "\n\n".join(part for part in parts if part),
        "hashtags": [f"#{tag}" for tag in (*topics[:5], *_TAGS)],
        "ai_disclosure": DISCLOSURE,
    }


def question_of(script: Script) -> str:
    """Return what to ask those who have watched: a judgement only where the story asks for one."""
    told = " ".join([script.title, *(line.text for line in script.lines[-2:])])
    return "Who was right?" if _JUDGED.search(told) else "What would you do?"


def _cut(text: str, most: int) -> str:
    """Return a text of at most so many characters, cut between words."""
    if len(text) <= most:
        return text
    return text[: most - 1].rsplit(" ", 1)[0].rstrip(",;:. ") + "…"
