"""The class of a failure, and what follows from it: retry, wait, or give up. Pure functions.

See docs/decisions/0019-retries-by-class-of-error.md for the defaults and why they are so few.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from gt_common.failures import Failure, Sign, asked_wait, provider_of, sign_of
from gt_common.messages import StoryMessage
from gt_consumer.limits import LONGEST_PAUSE_S
from gt_consumer.runner.outcomes import FailedForGood, FailedForNow, Outcome, Unfit, Waiting

MOST_WAITS: Final = 100
"""How often an attempt is requeued until it is used up: for machines that could not run it, and for rate
limits that only a failure's text shows."""

TRUSTED_WAITS: Final = 3
"""So often in succession a wait that a failure asks for is believed. Then it is at least the usual one: a
quota per day, of which Gemini says "retry in 36 s", would use up all waits within the hour."""

OF_THE_LOG: Final = "log:"
"""Before a pattern that is looked for in what the orchestrator printed."""

LEAST_WAIT_S: Final = 0.05
"""If a provider asks for less, such as `Retry-After: 0`, the usual wait is used."""

_JITTER_SHARE = 0.1
_LONGEST_JITTER_S = 2.0


class ErrorClass(StrEnum):
    """What may help against a failure."""

    TRANSIENT = "transient"
    """Another attempt, after a wait; unknown failures are transient."""
    PERMANENT = "permanent"
    """Nothing: the story is a dead letter at once."""
    RATE_LIMITED = "rate_limited"
    """Time; no attempt is used up."""
    CRASH = "crash"
    """The story's process died or was killed: it uses up one attempt of this story, none of any other."""


@dataclass(frozen=True)
class Rule:
    """A pattern of failures and their class.

    Parameters:
        pattern: the error's type, or a text with `*` for anything that must match the whole type, message or
            `type: message`, of the error or of one of its causes; after `log:` the whole of the last lines
            that were printed, or the traceback; case is ignored
    """

    pattern: str
    verdict: ErrorClass

    def matches(self, failure: Failure) -> bool:
        """Whether a failure matches the pattern."""
        pattern = self.pattern.casefold()
        if pattern.startswith(OF_THE_LOG):
            return _any_fits((failure.log, failure.traceback), pattern.removeprefix(OF_THE_LOG))
        known = [(failure.type, failure.message), *map(_split, failure.causes)]
        if "*" not in pattern:
            return any(pattern == kind.casefold() for kind, _ in known)
        return any(_any_fits((kind, text, f"{kind}: {text}"), pattern) for kind, text in known)


def _any_fits(texts: Iterable[str | None], pattern: str) -> bool:
    return any(_fits(text.casefold(), pattern.split("*")) for text in texts if text)


def _split(cause: str) -> tuple[str, str]:
    kind, _, text = cause.partition(": ")
    return kind, text


def _fits(text: str, parts: Sequence[str]) -> bool:
    """Whether the parts follow each other in the text, the first at its start, the last at its end.

    In linear time, because the text may come from anybody.
    """
    first, *middle, last = parts
    if len(text) < len(first) + len(last) or not text.startswith(first) or not text.endswith(last):
        return False
    place, end = len(first), len(text) - len(last)
    for part in middle:
        found = text.find(part, place, end)
        if found < 0:
            return False
        place = found + len(part)
    return True


def _rules(verdict: ErrorClass, *patterns: str) -> tuple[Rule, ...]:
    return tuple(Rule(pattern, verdict) for pattern in patterns)


DEFAULTS: Final = (
    *_rules(ErrorClass.CRASH, "ChildDied", "TimeLimitExceeded", "WorkerLost"),
    *_rules(ErrorClass.PERMANENT, "PermanentError", "OrchestratorError"),
)


_OF_SIGNS: Final[Mapping[Sign | None, ErrorClass]] = {
    Sign.SPENT: ErrorClass.PERMANENT,
    Sign.REFUSED: ErrorClass.PERMANENT,
    Sign.LIMITED: ErrorClass.RATE_LIMITED,
}


class RetryPolicy:
    """Judges how attempts ended.

    Parameters:
        rules: the user's; the first that matches decides, then the orchestrator (PermanentError), then the
            defaults
        delays: seconds before the 2nd, 3rd, … attempt; also the wait for a rate limit without a stated time
    """

    def __init__(self, rules: Sequence[Rule], delays: Sequence[float]) -> None:
        self._rules = tuple(rules)
        self._delays = tuple(delays)

    def classify(self, failure: Failure) -> ErrorClass:
        """Return the class of a failure."""
        verdict = _first(self._rules, failure)
        if verdict is None and not failure.retryable:
            return ErrorClass.PERMANENT
        return verdict or _first(DEFAULTS, failure) or _OF_SIGNS.get(sign_of(failure), ErrorClass.TRANSIENT)

    def judge(self, story: StoryMessage, outcome: Outcome) -> Outcome:
        """Return the outcome that follows from the class of a failure; other outcomes stay as they are."""
        if isinstance(outcome, Waiting):
            return self._wait_at_least(story, outcome)
        if isinstance(outcome, Unfit) and story.run >= MOST_WAITS:
            return FailedForNow(Failure(type="MachineUnfit", message=outcome.problem), None, 0.0)
        if not isinstance(outcome, FailedForNow | FailedForGood):
            return outcome
        failure = outcome.failure
        if isinstance(outcome, FailedForGood) and failure.retryable:
            failure = failure.model_copy(update={"retryable": False})
        verdict = self.classify(failure)
        if verdict is ErrorClass.RATE_LIMITED and story.run < MOST_WAITS:
            wait_s = self._wait(story.run, failure)
            # A resume that met a limit was not in vain: its project is resumed after the wait.
            project_id, spent = outcome.project_id, outcome.spent and outcome.project_id is None
            error = failure.message or failure.type
            waiting = Waiting(_waits_for(failure), wait_s, project_id, spent, error)
            return self._wait_at_least(story, waiting)
        retryable = verdict is not ErrorClass.PERMANENT
        if failure.retryable is not retryable:
            failure = failure.model_copy(update={"retryable": retryable})
        kind = FailedForNow if retryable else FailedForGood
        return kind(failure, outcome.project_id, outcome.duration_s, outcome.spent)

    def _wait(self, run: int, failure: Failure) -> float:
        """Return the seconds to wait for a limit: those that were asked for, if that has helped so far."""
        told = (failure.message, *failure.causes, failure.log or "", failure.traceback or "")
        asked = next((wait for wait in map(asked_wait, told) if wait is not None), None)
        if asked is None:
            return self._usual_wait(run)
        wait_s = min(LONGEST_PAUSE_S, asked)
        return wait_s if run < TRUSTED_WAITS else max(wait_s, self._usual_wait(run))

    def _wait_at_least(self, story: StoryMessage, outcome: Waiting) -> Waiting:
        """Return an outcome with the usual wait if it asks for none: the story would be back at once."""
        if outcome.retry_after >= LEAST_WAIT_S:
            return outcome
        return replace(outcome, retry_after=self._usual_wait(story.run))

    def _usual_wait(self, run: int) -> float:
        return self._delays[min(run, len(self._delays) - 1)]


def _waits_for(failure: Failure) -> str:
    texts = (f"{failure.type}: {failure.message}", *failure.causes)
    return provider_of(texts, failure.traceback or "") or failure.stage or failure.type


def jitter(delay_s: float) -> float:
    """Return seconds to add to a wait, so that stories that failed together do not come back together."""
    longest = min(_LONGEST_JITTER_S, delay_s * _JITTER_SHARE)
    return random.uniform(0.0, longest)  # noqa: S311 - jitter needs no secrecy


def _first(rules: Iterable[Rule], failure: Failure) -> ErrorClass | None:
    return next((rule.verdict for rule in rules if rule.matches(failure)), None)
