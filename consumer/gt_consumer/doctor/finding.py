"""What gt-doctor finds: one line a check, each with its cure, and the exit code that follows."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum

from gt_common.errors import CredentialsRefusedError, ExitCode, GossipToonError
from gt_common.settings import Settings


class Level(StrEnum):
    """How a check went; a warning keeps nobody from working."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True)
class Finding:
    """One line.

    Parameters:
        check: what was looked at, such as `broker`
        says: what was found
        cure: what to do; empty when nothing is to be done
        code: the exit code that a failure asks for
    """

    check: str
    level: Level
    says: str
    cure: str = ""
    code: int = ExitCode.SOME_FAILED


def ok(check: str, says: str) -> Finding:
    """Give the line of a check that went well."""
    return Finding(check, Level.OK, says)


def warn(check: str, says: str, cure: str) -> Finding:
    """Give the line of what may become a problem."""
    return Finding(check, Level.WARN, says, cure)


def fail(check: str, says: str, cure: str, code: int = ExitCode.SOME_FAILED) -> Finding:
    """Give the line of what keeps work from being done."""
    return Finding(check, Level.FAIL, says, cure, code)


def failed(check: str, error: GossipToonError) -> Finding:
    """Give the line of an error of ours, which says what is wrong and, after a semicolon, the cure."""
    says, _, cure = " ".join(str(error).split()).partition("; ")
    reachable = {ExitCode.UNREACHABLE, ExitCode.CREDENTIALS}
    code = error.exit_code if error.exit_code in reachable else ExitCode.SOME_FAILED
    refused = "check the user name and password" if isinstance(error, CredentialsRefusedError) else ""
    return fail(check, says, cure or refused, code)


def tried(check: str, look: Callable[[Settings], Iterable[Finding]], settings: Settings) -> Iterator[Finding]:
    """Give a check's lines; an error of ours is its last."""
    try:
        yield from look(settings)
    except GossipToonError as error:
        yield failed(check, error)


def exit_code(findings: Sequence[Finding]) -> int:
    """Give the exit code: that of the gravest failure, credentials first, then what does not answer."""
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
    """Lay the findings out for people.

    Parameters:
        columns: of the terminal, in which long lines are broken; 0 breaks none
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

    return textwrap.wrap(
        text,
        columns,
        initial_indent=start,
        subsequent_indent=margin,
        break_long_words=False,
        break_on_hyphens=False,
    )


def as_json(findings: Sequence[Finding]) -> str:
    """Give the findings as one document."""
    count = {str(level): sum(finding.level is level for finding in findings) for level in Level}
    checks = [{k: v for k, v in asdict(finding).items() if k != "code"} for finding in findings]
    document = {"schema": 1, "healthy": not count[Level.FAIL], **count, "checks": checks}
    return json.dumps(document, indent=2, ensure_ascii=False)
