"""What a whole failure says about another attempt: its error, and those that it was raised from."""

from __future__ import annotations

from gt_common.failures.failure import Failure
from gt_common.failures.signs import Sign, sign_of_error


def sign_of(failure: Failure) -> Sign | None:
    """Return what a failure says; None if nothing is known.

    A limit anywhere in the chain counts: the call that was refused first works later. Otherwise the nearest
    error that says anything decides, so that a timeout that follows a refused key is a timeout.
    """
    errors = [(failure.type, failure.message), *map(_split, failure.causes)]
    signs = [sign for kind, text in errors if (sign := sign_of_error(kind, text)) is not None]
    return Sign.LIMITED if Sign.LIMITED in signs else next(iter(signs), None)


def _split(cause: str) -> tuple[str, str]:
    kind, _, text = cause.partition(": ")
    return kind, text
