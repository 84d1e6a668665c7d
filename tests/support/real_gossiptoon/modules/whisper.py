"""Whisper, which hears two words in every clip."""

from __future__ import annotations


class Model:
    """A model that has nothing to load."""

    def transcribe(self, _path: str, **_options: object) -> dict[str, object]:
        """Return the words with their times."""
        words = [
            {"word": word, "start": at, "end": at + 0.05} for word, at in (("green", 0.0), ("fence", 0.05))
        ]
        return {"segments": [{"words": words}]}


def load_model(_name: str) -> Model:
    """Return the model."""
    return Model()
