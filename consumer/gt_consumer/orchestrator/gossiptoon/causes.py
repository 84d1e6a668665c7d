"""Why GossipToon failed: the error beneath its own, and whether a provider asked to wait.

GossipToon wraps what its providers raise, and some of its agents log it and raise an error without a cause.
"""

from __future__ import annotations

import traceback
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from gt_common.failures import Sign, asked_wait, provider_of, sign_of_error

_MOST_CAUSES = 10
_SHORT = 20
"""Texts that say little without the name of their class, such as that of a KeyError."""

_OF_STORY = "reddit"
_USUAL = "gemini"


class PipelineFailedError(Exception):
    """GossipToon's pipeline failed."""

    @classmethod
    def of(cls, said: str | None, error: BaseException | None) -> PipelineFailedError:
        """Return an error that says what GossipToon said and, if that is another, what the cause was."""
        text = said or "GossipToon failed and gave no reason"
        for first in list(_chain(error))[-1:]:
            kind, told = type(first).__name__, str(first)
            if told not in text or (kind not in text and len(told) < _SHORT):
                return cls(f"{text}; cause: {kind}: {told}")
        return cls(text)


class ProviderRefusedError(Exception):
    """What a provider answered, as GossipToon logged it."""


@dataclass(frozen=True)
class Limit:
    """A provider refused a call because there were too many.

    Parameters:
        retry_after: seconds that it asked to wait; None if it named no time
        cause: the error that says so
    """

    provider: str
    retry_after: float | None
    cause: BaseException


def limit_of(error: BaseException | None, troubles: Iterable[str], stage: str | None) -> Limit | None:
    """Return the rate limit that ended a run, if it was one.

    Parameters:
        error: the error that ended it
        troubles: warnings and errors that were logged before in the same stage
        stage: the stage in which it ended
    """
    chain = list(_chain(error))
    said = _signs(chain)
    if not said and (not chain or _raised_by_gossiptoon(chain[-1])):
        said = _signs(ProviderRefusedError(text) for text in troubles)
    if not said or said[-1][0] is not Sign.LIMITED:
        return None
    cause = said[-1][1]
    usual = _OF_STORY if stage == "story" else _USUAL
    provider = provider_of([f"{type(cause).__module__}: {cause}"]) or usual
    return Limit(provider, _delay(cause), cause)


def _signs(errors: Iterable[BaseException]) -> list[tuple[Sign, BaseException]]:
    """Return what errors say about another attempt, without those that say nothing."""
    return [(sign, error) for error in errors if (sign := _sign(error)) is not None]


def _raised_by_gossiptoon(error: BaseException) -> bool:
    """Whether GossipToon's own code raised an error, so that what led to it may be in its log alone."""
    frames = list(traceback.walk_tb(error.__traceback__))
    return bool(frames) and str(frames[-1][0].f_globals.get("__name__")).partition(".")[0] == "gossiptoon"


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    """Yield an error and what it was raised from, one after the other."""
    seen: list[BaseException] = []
    while error is not None and error not in seen and len(seen) < _MOST_CAUSES:
        seen.append(error)
        yield error
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)


def _sign(error: BaseException) -> Sign | None:
    kind = "" if isinstance(error, ProviderRefusedError) else type(error).__name__
    return sign_of_error(kind, str(error))


def _delay(error: BaseException) -> float | None:
    """Return the seconds that an error asks to wait: its text, or the header of the answer that it holds."""
    told = asked_wait(str(error))
    headers = getattr(getattr(error, "response", None), "headers", None)
    get = getattr(headers, "get", None)
    if told is not None or not callable(get):
        return told
    return asked_wait(f"Retry-After: {get('retry-after')}")
