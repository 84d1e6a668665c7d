"""What the answer or the error of a check means: lines for people, or why no story may start."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from itertools import islice
from typing import Final

from gt_common.errors import (
    CredentialsRefusedError,
    ExitCode,
    GossipToonError,
    MachineUnfitError,
    OrchestratorError,
)
from gt_common.failures import Failure, Sign, sign_of
from gt_common.texts import one_line
from gt_consumer.orchestrator.results import causes_of

MAX_LINES: Final = 20
MAX_LINE: Final = 500

REFUSALS: Final[Mapping[str, type[GossipToonError]]] = {
    kind.__name__: kind for kind in (CredentialsRefusedError, MachineUnfitError, OrchestratorError)
}
"""What a check can end with, by name: a child process has nothing else to send."""

_BY_CODE: Final[Mapping[int, type[GossipToonError]]] = {
    ExitCode.CREDENTIALS: CredentialsRefusedError,
    ExitCode.UNREACHABLE: MachineUnfitError,
}
_BY_SIGN: Final[Mapping[Sign | None, type[GossipToonError]]] = {
    Sign.REFUSED: CredentialsRefusedError,
    Sign.SPENT: CredentialsRefusedError,
    Sign.LIMITED: MachineUnfitError,
    Sign.PASSING: MachineUnfitError,
}
_READY: Final = "ready"
_KEY: Final = re.compile(r"key|token|secret|credential|password", re.IGNORECASE)


def read_answer(what: str, answer: object) -> tuple[str, ...]:
    """Return the lines that a check has found.

    A mapping of names to True or False, as of GossipToon's `validate_setup()`, is a check of several things;
    with a name `ready` only that decides.

    Parameters:
        what: names the check in errors

    Raises:
        CredentialsRefusedError: a key is missing
        MachineUnfitError: something else is missing
        OrchestratorError: the answer is False
    """
    if answer is None or answer is True:
        return ()
    if answer is False:
        raise OrchestratorError(f"{what} failed: it returned False")
    if isinstance(answer, Mapping):
        return _read_parts(what, {str(name): part for name, part in answer.items()})
    found = [answer] if isinstance(answer, str) or not isinstance(answer, Iterable) else answer
    lines = (one_line(str(line))[:MAX_LINE] for line in found)
    return tuple(islice((line for line in lines if line), MAX_LINES))


def as_error(what: str, error: BaseException) -> GossipToonError:
    """Return the error with which a check ends, from what it raised: the class has the exit code.

    Parameters:
        what: what was done, such as `check() of orchestrator 'x' failed`
    """
    if isinstance(error, GossipToonError):
        return _BY_CODE.get(error.exit_code, OrchestratorError)(str(error))
    failure = Failure(type=type(error).__name__, message=str(error), causes=causes_of(error)[1:])
    kind = _BY_SIGN.get(sign_of(failure), OrchestratorError)
    return kind(f"{what}: {failure.type}: {failure.message}")


def _read_parts(what: str, parts: Mapping[str, object]) -> tuple[str, ...]:
    bad = [name for name, part in parts.items() if part is False and name != _READY]
    ready = parts.get(_READY, not bad)
    good = [name for name, part in parts.items() if part is True and name != _READY]
    if ready:
        lines = [f"found: {', '.join(good)}"] if good else []
        return tuple([*lines, *(f"not found, and not needed: {name}" for name in bad)][:MAX_LINES])
    if keys := [name for name in bad if _KEY.search(name)]:
        raise CredentialsRefusedError(f"{what} failed: missing {', '.join(keys)}; set it in the environment")
    raise MachineUnfitError(f"{what} failed: missing {', '.join(bad) or 'something that it does not name'}")
