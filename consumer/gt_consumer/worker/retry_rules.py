"""Reads GT_RETRY_RULES: a small file, or `PATTERN=CLASS` pairs."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterable
from pathlib import Path

from gt_common.errors import UsageError
from gt_common.settings import Settings
from gt_consumer.worker.retry_policy import ErrorClass, RetryPolicy, Rule

CHOICES = (ErrorClass.TRANSIENT, ErrorClass.PERMANENT, ErrorClass.RATE_LIMITED)
MOST_RULES = 500
MOST_BYTES = 1_000_000


def make_policy(settings: Settings) -> RetryPolicy:
    """Return the policy of a worker.

    Raises:
        UsageError: GT_RETRY_RULES is invalid
    """
    return RetryPolicy(parse_rules(settings.retry_rules), settings.retry_delays)


def parse_rules(text: str) -> tuple[Rule, ...]:
    """Read rules in their order.

    Parameters:
        text: the path of a `.toml` or `.json` file of `"pattern" = "class"`, or `pattern=class,…` itself

    Raises:
        UsageError: the file cannot be read, or a rule is invalid
    """
    given = text.strip()
    if given.lower().endswith((".toml", ".json")):
        pairs = _read_file(Path(given))
    else:
        pairs = [_split(part.strip()) for part in given.split(",") if part.strip()]
    if len(pairs) > MOST_RULES:
        raise UsageError(f"GT_RETRY_RULES: {len(pairs)} rules; at most {MOST_RULES} are allowed")
    return tuple(_rule(pattern, verdict) for pattern, verdict in pairs)


def _split(part: str) -> tuple[str, str]:
    pattern, _, verdict = part.rpartition("=")
    return pattern, verdict.strip()


def _read_file(path: Path) -> list[tuple[str, object]]:
    try:
        with path.expanduser().open("rb") as file:
            content = file.read(MOST_BYTES + 1)
    except (OSError, RuntimeError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise UsageError(f"GT_RETRY_RULES: {path} cannot be read: {reason}") from None
    if len(content) > MOST_BYTES:
        raise UsageError(f"GT_RETRY_RULES: {path} is larger than {MOST_BYTES} bytes")
    try:
        read = tomllib.loads if path.suffix.lower() == ".toml" else json.loads
        table: object = read(content.decode())
    except (ValueError, RecursionError) as error:
        raise UsageError(f"GT_RETRY_RULES: {path} is not a {path.suffix[1:].upper()} file: {error}") from None
    if not isinstance(table, dict):
        raise UsageError(
            f'GT_RETRY_RULES: {path} must hold one table such as {{"TimeoutError": "permanent"}}'
        )
    return list(_pairs(table))


def _pairs(table: dict[object, object]) -> Iterable[tuple[str, object]]:
    return ((str(pattern), verdict) for pattern, verdict in table.items())


def _rule(pattern: str, verdict: object) -> Rule:
    known = next((choice for choice in CHOICES if choice == verdict), None)
    if known is None or not pattern.strip("* \t"):
        raise UsageError(
            f"GT_RETRY_RULES: not a rule: {f'{pattern}={verdict}'[:100]!r}; write PATTERN=CLASS "
            f"with a class of {', '.join(CHOICES)}, such as PermanentError=permanent,*quota*=rate_limited"
        )
    return Rule(pattern.strip(), known)
