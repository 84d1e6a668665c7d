"""When each word is said, from the phoneme durations that the voice model computes internally.

hibari's model has them in an inner tensor, in units of 25 ms, which its API does not return. A protobuf
message that is appended to another of its type is merged into it, so a few bytes after the model file make
that tensor an output.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

UNIT_S = 0.025
# The raw starts are 20 to 70 ms later than a forced alignment's; shifted, 95 % of them are within 53 ms.
START_SHIFT_S = -0.06
_DURATIONS = b"/Clip_output_0"
_MODEL_GRAPH, _GRAPH_OUTPUT, _VALUE_NAME = 7, 12, 1  # field numbers of onnx.proto


class Token(Protocol):
    """What hibari's reader returns for a piece of text."""

    text: str
    whitespace: str
    phonemes: str | None


@dataclass(frozen=True)
class Times:
    """Start and end of a word in seconds from the first sample of its clip."""

    start: float
    end: float


def _field(number: int, payload: bytes) -> bytes:
    if len(payload) > 127:
        raise ValueError("payload too long for a one-byte length")
    return bytes([number << 3 | 2, len(payload)]) + payload


def with_durations(model: bytes) -> bytes:
    """Return the model with one more output, the last one: the duration of every phoneme."""
    return model + _field(_MODEL_GRAPH, _field(_GRAPH_OUTPUT, _field(_VALUE_NAME, _DURATIONS)))


def phoneme_ids(tokens: Sequence[Token], vocabulary: Mapping[str, int]) -> tuple[list[int], list[int]]:
    """Return the model's input and, for each id, the index of its word (-1: pause or punctuation).

    A word ends where the text has a space.
    """
    ids, owners = [0], [-1]
    word = 0
    for token in tokens:
        for symbol in token.phonemes or "":
            if symbol in vocabulary:
                ids.append(vocabulary[symbol])
                owners.append(-1 if symbol in ' .,!?;:—…"“”()' else word)
        if token.whitespace:
            ids.append(vocabulary[" "])
            owners.append(-1)
            word += 1
    return [*ids, 0], [*owners, -1]


def word_times(durations: Sequence[float], owners: Sequence[int], count: int) -> list[Times | None]:
    """Convert durations, in units of 25 ms, to the times of `count` words; None for a word without sound.

    Raises:
        ValueError: the numbers of durations and of phonemes differ
    """
    if len(durations) != len(owners):
        raise ValueError(f"{len(durations)} durations for {len(owners)} phonemes")
    spans: list[Times | None] = [None] * count
    now = 0.0
    for length, owner in zip(durations, owners, strict=True):
        end = now + float(length) * UNIT_S
        if 0 <= owner < count:
            first = spans[owner]
            spans[owner] = Times(first.start if first else now, end)
        now = end
    return [s and Times(max(0.0, s.start + START_SHIFT_S), s.end) for s in spans]


def group_times(times: Sequence[Times | None], sizes: Sequence[int]) -> list[Times | None]:
    """Join the times of spoken words into those of displayed words.

    Parameters:
        sizes: how many spoken words each displayed word has
    """
    joined: list[Times | None] = []
    at = 0
    for size in sizes:
        said = [t for t in times[at : at + size] if t]
        joined.append(Times(said[0].start, said[-1].end) if said else None)
        at += size
    return joined
