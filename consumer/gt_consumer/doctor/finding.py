"""The findings of gt-doctor: a line per check, with the fix, and the exit code that follows."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum

from gt_common.errors import CredentialsRefusedError, ExitCode, GossipToonError
from gt_common.settings import Settings

_NO_BREAK = "\u00a0"


class Level(StrEnum):
    """The result of a check; a warning does not prevent work."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True)
class Finding:
    """The line of a check.

    Parameters:
        check: what was checked, such as `broker`
        says: what was found
        cure: how to fix it; empty if there is nothing to fix
        code: the exit code of a failure
    """

    check: str
    level: Level
    says: str
    cure: str = ""
    code: int = ExitCode.SOME_FAILED


def ok(check: str, says: str) -> Finding:
    """Return the line of a check that passed."""
    return Finding(check, Level.OK, says)


def warn(check: str, says: str, cure: str) -> Finding:
    """Return the line of something that may become a problem."""
    return Finding(check, Level.WARN, says, cure)


def fail(check: str, says: str, cure: str = "", code: int = ExitCode.SOME_FAILED) -> Finding:
    """Return the line of something that prevents work."""
    return Finding(check, Level.FAIL, says, cure, code)


def failed(check: str, error: GossipToonError) -> Finding:
    """Return the line of an error, whose message has the problem and, after a semicolon, the fix."""
    says, _, cure = " ".join(str(error).split()).partition("; ")
    reachable = {ExitCode.UNREACHABLE, ExitCode.CREDENTIALS}
    code = error.exit_code if error.exit_code in reachable else ExitCode.SOME_FAILED
    refused = "check the user name and password" if isinstance(error, CredentialsRefusedError) else ""
    return fail(check, says, cure or refused, code)


def tried(check: str, look: Callable[[Settings], Iterable[Finding]], settings: Settings) -> Iterator[Finding]:
    """Run a check; if it raises an error, that is its last line."""
    try:
        yield from look(settings)
    except GossipToonError as error:
        yield failed(check, error)


def exit_code(findings: Sequence[Finding]) -> int:
    """Return the exit code: refused credentials first, then what is unreachable, then any other failure."""
    codes = {finding.code for finding in findings if finding.level is Level.FAIL}
    return next(
        (
            code
            for code in (ExitCode.CREDENTIALS, ExitCode.UNREACHABLE, ExitCode.SOME_FAILED)
            if code in codes
        ),
        ExitCode.DONE,
    )


def as_lines(findings: Sequence[Finding], columns: int = 0) -> list[str]:
    """Format the findings for people.

    Parameters:
        columns: width to wrap long lines at; 0 wraps none
    """
    width = max((len(finding.check) for finding in findings), default=0)
    margin = " " * (width + 8)
    lines = []
    for finding in findings:
        lines += _broken(f"{finding.level:<4}  {finding.check:<{width}}  ", finding.says, margin, columns)
        if finding.cure:
            lines += _broken(f"{margin}-> ", finding.cure, f"{margin}   ", columns)
    return lines


def _broken(start: str, text: str, margin: str, columns: int) -> list[str]:
    if columns < len(margin) + 30:
        return [start + text]
    import textwrap

    # textwrap does not break at a no-break space: a `command to copy` stays in one piece.
    kept = re.sub("`[^`]*`", lambda command: command[0].replace(" ", _NO_BREAK), text)
    lines = textwrap.wrap(
        kept,
        columns,
        initial_indent=start,
        subsequent_indent=margin,
        break_long_words=False,
        break_on_hyphens=False,
    )
    return [line.replace(_NO_BREAK, " ") for line in lines]


def as_json(findings: Sequence[Finding]) -> str:
    """Format the findings as one JSON document."""
    return json.dumps(as_document(findings), indent=2, ensure_ascii=False)


def as_document(findings: Sequence[Finding]) -> dict[str, object]:
    """Return the findings as they are in a JSON document."""
    count = {str(level): sum(finding.level is level for finding in findings) for level in Level}
    checks = [{k: v for k, v in asdict(finding).items() if k != "code"} for finding in findings]
    return {"schema": 1, "healthy": not count[Level.FAIL], **count, "checks": checks}
