"""The file with the times of all words, which pictures and captions keep to."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

from gt_common.files import write_atomically
from gt_consumer.studio.script.model import Script
from gt_consumer.studio.sound.narration import Narration, TimedWord, Utterance


def write_timings(narration: Narration, script: Script, path: Path) -> None:
    """Write when each word is said, in seconds; the sound itself is in another file.

    Raises:
        OutputError: the file cannot be written
    """
    said = [
        {
            "line": script.lines.index(u.line) + 1 if u.line else 0,
            "start": u.start,
            "end": u.end,
            "words": [list(asdict(word).values()) for word in u.words],
        }
        for u in narration.utterances
    ]
    write_atomically(path, json.dumps({"seconds": narration.seconds, "said": said}) + "\n")


def read_timings(script: Script, path: Path) -> Narration:
    """Read when each word of a script is said.

    Raises:
        ValueError: the file is not one that `write_timings` wrote for this script
    """
    content = json.loads(path.read_bytes())
    said = tuple(
        Utterance(
            script.lines[u["line"] - 1] if u["line"] else None,
            tuple(TimedWord(*word) for word in u["words"]),
            u["start"],
            u["end"],
        )
        for u in content["said"]
    )
    return Narration(said, (), content["seconds"])
