"""Look at what the studio makes of the examples and of 20 awkward stories: one page of figures and sheets.

    python benchmarks/films/report.py [--quick] [--only NAME] [-o DIR]

Of each story: words, seconds, pictures a minute and the longest, text outside the safe area with the camera
at its limits, the median pitch of each voice, loudness and true peak of the decoded sound; a contact sheet;
and the script beside the original, in which what was dropped is struck through. With --quick nothing is
spoken: times are estimated, and the figures of the sound are left out.
"""

from __future__ import annotations

import argparse
import difflib
import html
import os
import re
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from gt_common.errors import GossipToonError
from gt_consumer.studio.audio import read_sound
from gt_consumer.studio.film import SOUND, TIMINGS, Film
from gt_consumer.studio.options import read_options
from gt_consumer.studio.picture.layout import SAFE_BOTTOM, SAFE_LEFT, SAFE_RIGHT, SAFE_TOP
from gt_consumer.studio.picture.sheet import SCALE, draw_sheet
from gt_consumer.studio.picture.shots import Shot, plan_shots
from gt_consumer.studio.script.model import Script
from gt_consumer.studio.sound.engines import Voices
from gt_consumer.studio.sound.estimate import estimate
from gt_consumer.studio.sound.loudness import loudness
from gt_consumer.studio.sound.mix import true_peak
from gt_consumer.studio.sound.narration import Narration
from gt_consumer.studio.sound.speech import RATE
from gt_consumer.studio.sound.timings import read_timings
from gt_consumer.studio.soundtrack import Order, make_sound_apart
from gt_consumer.studio.text.script import write_script
from gt_consumer.studio.text.story import Story, load_story
from gt_consumer.studio.workspace import Workspace

HERE = Path(__file__).resolve().parents[2]
STORIES = (HERE / "examples", HERE / "tests" / "support" / "samples" / "stories")
SENTENCE = "I told her that I never wanted to see that house again."


@dataclass
class Seen:
    """What was found of one story; `refused` says why there is no film of it."""

    name: str
    story: Story
    script: Script | None = None
    refused: str = ""
    figures: dict[str, str] = field(default_factory=dict)
    bad: set[str] = field(default_factory=set)

    def note(self, name: str, value: str, good: bool = True) -> None:
        """Note a figure, and whether it is as it should be."""
        self.figures[name] = value
        if not good:
            self.bad.add(name)


def main() -> None:
    """Make the report and print its path."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="speak nothing; estimate the times")
    parser.add_argument("--only", metavar="NAME", help="stories whose name contains this")
    parser.add_argument("-o", "--output", type=Path, default=HERE / ".studio-report", metavar="DIR")
    given = parser.parse_args()
    given.output.mkdir(parents=True, exist_ok=True)
    paths = sorted(path for folder in STORIES for path in folder.glob("*.md"))
    seen = []
    for path in paths:
        if given.only is None or given.only in path.stem:
            print(path.stem, file=sys.stderr, flush=True)
            seen.append(look_at(path, given.output, quick=given.quick))
    page = given.output / "index.html"
    page.write_text(show(seen), "utf-8")
    print(page)
    if any(one.bad for one in seen):
        sys.exit(1)


def look_at(path: Path, folder: Path, *, quick: bool) -> Seen:
    """Measure one story and draw its sheet."""
    story = load_story(path.as_uri(), [path.parent])
    seen = Seen(path.stem, story)
    options = read_options({})
    try:
        seen.script = write_script(story, options.max_words)
    except GossipToonError as error:
        seen.refused = str(error)
        return seen
    options = options.for_text(seen.script.title)
    with tempfile.TemporaryDirectory() as kept:
        workspace = Workspace(Path(kept))
        film = Film(seen.script, options, story.source, workspace)
        narration = estimate(seen.script, options.speed) if quick else spoken(seen, film)
        shots = plan_shots(narration, seen.script, options.seed)
        pictures(seen, film, narration, shots)
        draw_sheet(film.painter(SCALE), film.view, shots, folder / f"{path.stem}.png")
    return seen


def spoken(seen: Seen, film: Film) -> Narration:
    """Make the sound and measure it."""
    script = film.script
    sound, timings = film.workspace.path(SOUND), film.workspace.path(TIMINGS)
    make_sound_apart(Order(script, film.options, sound, timings), lambda *_: None)
    decoded = read_sound(sound, 2, 48_000).reshape(-1, 2).T
    level, peak = loudness(decoded), true_peak(decoded)
    seen.note("loudness", f"{level:.1f} LUFS", abs(level + 14) <= 0.5)
    seen.note("true peak", f"{peak:.1f} dBTP", peak <= -0.9)
    speakers = {script.narrator.id, *(line.speaker for line in script.lines)}
    voices = Voices(script.cast, film.options.voice)
    heard = {
        m: pitch(np.concatenate([c.samples for c in voices.say(SENTENCE, m, 1.15, (1,))]))
        for m in script.cast
        if m.id in speakers
    }
    voices.close()
    said = ", ".join(f"{m.id} ({m.sex} {m.age}) {hz:.0f} Hz" for m, hz in heard.items())
    # The lowest woman's voice is an old one's of 155 Hz, the highest man's a boy's.
    wrong = [m for m, hz in heard.items() if m.sex == "male" and m.years >= 18 and hz > 175]
    wrong += [m for m, hz in heard.items() if m.sex == "female" and hz < 140]
    seen.note("voices", said, not wrong)
    return read_timings(script, timings)


def pitch(samples: np.ndarray) -> float:
    """Return the median pitch of a voice in Hz, by autocorrelation."""
    found = []
    for at in range(0, len(samples) - 2400, 1200):
        frame = samples[at : at + 2400] - samples[at : at + 2400].mean()
        same = np.correlate(frame, frame, "full")[2399:]
        best = RATE // 420 + int(same[RATE // 420 : RATE // 65].argmax())
        if np.abs(frame).max() > 0.06 and same[best] > 0.4 * same[0]:
            found.append(RATE / best)
    return float(np.median(found))


def pictures(seen: Seen, film: Film, narration: Narration, shots: list[Shot]) -> None:
    """Measure pace and letters of the pictures."""
    lengths = [shot.end - shot.start for shot in shots]
    rate = 60 * len(shots) / narration.seconds
    words = film.script.word_count
    whole = len(re.findall(r"\w+", seen.story.text)) <= film.options.max_words
    seen.note("words", str(words), whole or words <= 260)
    seen.note("length", f"{narration.seconds:.0f} s")
    seen.note("pictures a minute", f"{rate:.1f}", rate >= 18)
    seen.note("longest picture", f"{max(lengths):.1f} s", max(lengths) <= 4)
    painter = film.painter(0.1)
    outside = lines = 0
    for shot in shots:
        for box in painter.paint(shot).texts:
            left, top, right, bottom = shot.move.reach(box)
            inside = left >= SAFE_LEFT and top >= SAFE_TOP and right <= SAFE_RIGHT and bottom <= SAFE_BOTTOM
            lines += 1
            outside += not inside
    seen.note("text outside", f"{outside} of {lines} lines", not outside)


def show(seen: list[Seen]) -> str:
    """Return the page."""
    columns = list(dict.fromkeys(name for one in seen for name in one.figures if name != "voices"))
    head = "".join(f"<th>{name}</th>" for name in ["story", *columns])
    rows = "".join(row(one, columns) for one in seen)
    return PAGE.format(head=head, rows=rows, stories="".join(map(story_part, seen)))


def row(one: Seen, columns: list[str]) -> str:
    """Return the line of a story in the table."""
    if one.script is None:
        return (
            f"<tr><td>{one.name}</td><td colspan={len(columns)}>refused: {html.escape(one.refused)}</td></tr>"
        )
    cells = "".join(
        f"<td class={'bad' if name in one.bad else 'good'}>{html.escape(one.figures.get(name, '–'))}</td>"
        for name in columns
    )
    return f'<tr><td><a href="#{one.name}">{one.name}</a></td>{cells}</tr>'


def story_part(one: Seen) -> str:
    """Return the part of a story: sheet, script, and the original with what was dropped."""
    if one.script is None:
        return ""
    lines = "".join(
        f"<tr><td>{line.n}</td><td>{line.speaker}</td><td>{line.mood}</td><td>{line.place}</td>"
        f"<td>{line.shot}</td><td>{html.escape(line.text)}</td></tr>"
        for line in one.script.lines
    )
    voices = html.escape(one.figures.get("voices", ""))
    return (
        f'<h2 id="{one.name}">{one.name}: {html.escape(one.script.title)}</h2><p>{voices}</p>'
        f'<img src="{one.name}.png" alt="contact sheet of {one.name}" loading="lazy">'
        f"<div class=both><table>{lines}</table><div class=original>{original(one)}</div></div>"
    )


def original(one: Seen) -> str:
    """Return the original text, with the words that the script does not have struck through."""
    pieces = re.findall(r"\s+|\S+", one.story.text)
    words = [n for n, piece in enumerate(pieces) if re.search(r"\w", piece)]
    told = [_bare(w) for line in one.script.lines for w in line.text.split() if re.search(r"\w", w)]
    matcher = difflib.SequenceMatcher(None, [_bare(pieces[n]) for n in words], told, autojunk=False)
    kept = {words[i] for block in matcher.get_matching_blocks() for i in range(block.a, block.a + block.size)}
    shown = []
    for n, piece in enumerate(pieces):
        text = html.escape(piece).replace("\n\n", "<br><br>")
        shown.append(text if n in kept or n not in words else f"<s>{text}</s>")
    return "".join(shown)


def _bare(word: str) -> str:
    return re.sub(r"\W", "", word).lower()


PAGE = """<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>What the studio makes of stories</title>
<style>
body {{ font: 15px/1.45 system-ui, sans-serif; margin: 2rem; color: #1c1830; background: #fbfaf7 }}
table {{ border-collapse: collapse }} td, th {{ padding: .2rem .6rem; text-align: left; vertical-align: top }}
tr:nth-child(even) {{ background: #f0edf5 }} .bad {{ color: #b3172f; font-weight: 700 }}
img {{ max-width: 100%; border-radius: 8px }}
.both {{ display: grid; grid-template-columns: 3fr 2fr; gap: 2rem }}
.original s {{ color: #8a8494 }} @media (max-width: 60rem) {{ .both {{ display: block }} }}
</style>
<h1>What the studio makes of stories</h1>
<table><tr>{head}</tr>{rows}</table>
{stories}
</html>
"""

if __name__ == "__main__":
    os.environ.pop("GT_STUDIO_VOICES", None)
    main()
