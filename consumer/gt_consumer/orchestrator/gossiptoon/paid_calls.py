"""Pays for each image and each voice clip of a project once, however often its stage is run again.

GossipToon repeats an interrupted stage from its beginning. Its clients write what they were asked for into a
file; a note beside that file says that it is complete and what was asked, so that the same question in the
same project is answered by it. Each call that is made waits for its turn under GT_RATE_LIMITS.
"""

from __future__ import annotations

import functools
import hashlib
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Protocol, cast

from gt_common.files import write_atomically
from gt_consumer.jobs import Job
from gt_consumer.orchestrator.gossiptoon.pipeline import Pipeline

_CLIENTS = (
    ("visual_director.image_client", "generate_image"),
    ("audio_generator.tts_client", "generate_speech"),
)
_STYLE = "style_instruction"


class PaidCall(Protocol):
    """A call of a client that writes what it was asked for into `output_path`."""

    def __call__(self, *args: object, **kwargs: object) -> Awaitable[object]: ...


def pay_once(pipeline: Pipeline, job: Job) -> None:
    """Let the image and voice clients of a pipeline reuse what its project has paid for.

    A version of GossipToon without these clients runs as it is, and repeats its stages.
    """
    for place, name in _CLIENTS:
        client = functools.reduce(
            lambda holder, part: getattr(holder, part, None), place.split("."), cast("object", pipeline)
        )
        call = getattr(client, name, None)
        if callable(call):
            setattr(client, name, _once(cast("PaidCall", call), _provider_of(client), job.acquire))


def _provider_of(client: object) -> str:
    """Return the name of a client's provider in GT_RATE_LIMITS: `elevenlabs`, `openai`, else `gemini`."""
    kind = type(client).__name__.lower()
    named = {"elevenlabs": "elevenlabs", "dalle": "openai", "openai": "openai"}
    return next((provider for word, provider in named.items() if word in kind), "gemini")


def _once(call: PaidCall, provider: str, acquire: Callable[[str], Awaitable[None]]) -> PaidCall:
    async def paid(args: tuple[object, ...], kwargs: dict[str, object]) -> object:
        place = kwargs.get("output_path")
        if not isinstance(place, Path):
            await acquire(provider)
            return await call(*args, **kwargs)
        note, asked = place.with_name(f".{place.name}.paid"), _digest(args, kwargs)
        made = _noted(note, asked)
        if made is not None:
            print(f"{made.name} was paid for already", file=sys.stderr)
            return made
        await acquire(provider)
        result = await call(*args, **kwargs)
        if isinstance(result, Path) and result.parent == place.parent:
            write_atomically(note, f"{asked} {result.name}", error=None)
        return result

    # GossipToon looks among the local names of the function whether a client takes a style.
    if _STYLE in getattr(getattr(call, "__code__", None), "co_varnames", ()):

        async def styled(*args: object, style_instruction: object = None, **kwargs: object) -> object:
            return await paid(args, {**kwargs, _STYLE: style_instruction})

        return styled

    async def plain(*args: object, **kwargs: object) -> object:
        return await paid(args, kwargs)

    return plain


def _digest(args: tuple[object, ...], kwargs: dict[str, object]) -> str:
    asked = (args, sorted((name, value) for name, value in kwargs.items() if name != "output_path"))
    return hashlib.sha256(repr(asked).encode("utf-8", "replace")).hexdigest()


def _noted(note: Path, asked: str) -> Path | None:
    """Return the file that answers a question, if it was noted and is still there."""
    try:
        digest, _, name = note.read_text().partition(" ")
        made = note.with_name(name)
        return made if digest == asked and made.is_file() and made.stat().st_size else None
    except (OSError, ValueError):
        return None
