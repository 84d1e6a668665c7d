"""Subtitles beside a video."""

from __future__ import annotations

from itertools import pairwise

from gt_consumer.studio.sidecars import srt, subtitles
from gt_consumer.studio.sound.narration import Narration, TimedWord, Utterance


def test_subtitles_do_not_overlap_where_the_next_voice_comes_in_early() -> None:
    first = Utterance(None, (TimedWord("The", 0.2, 0.5), TimedWord("end.", 0.5, 1.035)), 0.2, 1.035)
    second = Utterance(None, (TimedWord("Well,", 1.02, 1.4), TimedWord("no.", 1.4, 1.8)), 1.02, 1.8)
    cues = list(subtitles(Narration((first, second), (), 2.0)))
    assert [text for _, _, text, _ in cues] == ["The end.", "Well, no."]
    assert all(one[1] <= following[0] for one, following in pairwise(cues))
    assert (cues[0][1], cues[1][1]) == (1.02, 1.8)
    assert "00:00:00,200 --> 00:00:01,020" in srt(cues)
