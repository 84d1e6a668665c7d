"""Which engine speaks, and with which of its voices each member of the cast."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from gt_common.errors import PermanentError
from gt_consumer.studio.errors import StudioError
from gt_consumer.studio.script.model import Member
from gt_consumer.studio.script.words import AUTO
from gt_consumer.studio.sound.hibari_engine import HibariEngine
from gt_consumer.studio.sound.nano_engine import NanoEngine
from gt_consumer.studio.sound.speech import Clip, Engine, Timbre, split_long
from gt_consumer.studio.sound.timbres import cast_timbres

BUILT_IN: Final = "heart"
FALLBACK: Final = "nano"
TINTED: Final = (BUILT_IN, FALLBACK, "nano-gb")
"""Women's voices of about the same pitch, from which those of all people are made."""


@dataclass
class Voices:
    """The voices of a film.

    Parameters:
        default: voice of the narrator if the script and the folder name none; the other people have the
            same one if it is plain enough to be tinted by sex and age, else the built-in one
        folder: the user's voices, NAME.onnx; one called like a member's id or role, or "female", "male" or
            "child", is taken for such members
    """

    cast: Sequence[Member]
    default: str
    folder: Path | None = None
    _engines: list[Engine] = field(default_factory=list)
    _chosen: dict[str, tuple[Engine, str, Timbre]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._engines = engines(self.folder)
        if self.default == BUILT_IN and isinstance(self._engines[0], NanoEngine):
            self.default = FALLBACK
        timbres = cast_timbres(self.cast)
        for member in self.cast:
            name, own = self._name(member)
            engine = next((e for e in self._engines if name in e.voices()), self._engines[0])
            self._chosen[member.id] = engine, name, Timbre() if own else timbres[member.id]

    def say(self, text: str, member: Member, speed: float, seed: Sequence[int]) -> list[Clip]:
        """Speak a text in a member's voice; a long one in several clips.

        Raises:
            PermanentError: the voice is unknown or not installed on this machine
            VoiceError: the voice gave no usable sound
        """
        engine, name, timbre = self._chosen[member.id]
        parts = split_long(text.split())
        clips = [engine.say(part, name, timbre, speed, (*seed, n)) for n, part in enumerate(parts)]
        return [clip for clip in clips if clip is not None]

    def close(self) -> None:
        """Free the memory of all voices."""
        for engine in self._engines:
            engine.close()

    def _name(self, member: Member) -> tuple[str, bool]:
        """Return the voice of a member, and whether it is the member's own and stays as it is."""
        if member.voice != AUTO:
            return member.voice, True
        if self.folder is not None:
            group = "child" if member.age_group == "child" else member.sex
            for name in (member.id, member.role.replace(" ", "-"), group):
                if name and (self.folder / f"{name}.onnx").is_file():
                    return name, True
        if member.narrates or self.default in TINTED:
            return self.default, self.default not in TINTED
        return BUILT_IN if BUILT_IN in self._engines[0].voices() else FALLBACK, False


def engines(folder: Path | None = None) -> list[Engine]:
    """Return the engines on this machine, the best first.

    Raises:
        PermanentError: there is none
    """
    found: list[Engine] = []
    if find_spec("hibari") is not None and find_spec("onnxruntime") is not None:
        found.append(HibariEngine(folder))
    if find_spec("py_nanotts") is not None:
        found.append(NanoEngine())
    if not found:
        raise PermanentError("no voice is installed; pip install 'gt-consumer[studio]'")
    return found


def voice_folder() -> Path | None:
    """Return the folder of the user's voices, which `GT_STUDIO_VOICES` names; None if it names none.

    Raises:
        StudioError: there is no such folder
    """
    named = os.environ.get("GT_STUDIO_VOICES")
    if not named:
        return None
    if not Path(named).is_dir():
        raise StudioError(f"GT_STUDIO_VOICES names no folder: {named}")
    return Path(named)
