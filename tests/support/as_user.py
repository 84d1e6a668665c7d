"""Runs a function as another user of the system, in a child process; only root may."""

from __future__ import annotations

import os
import pickle
from collections.abc import Callable
from typing import TypeVar

import pytest

Result = TypeVar("Result")

ALICE, BOB = 61001, 61002
"""Two users without a name; both are in GROUP."""
GROUP = 61000

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can act as two users")


def as_user(uid: int, function: Callable[[], Result]) -> Result:
    """Return what the function returns as this user, or raise what it raises."""
    inlet, outlet = os.pipe()
    child = os.fork()
    if not child:
        try:
            os.setgroups([])
            os.setresgid(GROUP, GROUP, GROUP)
            os.setresuid(uid, uid, uid)
            os.umask(0o022)
            answer: object = function()
        except BaseException as error:  # noqa: BLE001 - raised again in the parent
            answer = error
        with os.fdopen(outlet, "wb") as out:
            pickle.dump(answer, out)
        os._exit(0)
    os.close(outlet)
    with os.fdopen(inlet, "rb") as answers:
        result = pickle.load(answers)  # noqa: S301 - written by the child above
    os.waitpid(child, 0)
    if isinstance(result, BaseException):
        raise result
    returned: Result = result
    return returned
