"""A secret from the environment: NAME, or the content of the file that NAME_FILE names."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from toolbox.errors import USAGE, BrokerError


def secret(variables: Mapping[str, str], name: str) -> str | None:
    """Return the secret, or None if neither variable is set.

    Raises:
        BrokerError: both are set, or the file is unreadable (exit code 2)
    """
    value, path = variables.get(name), variables.get(f"{name}_FILE")
    if value and path:
        raise BrokerError(f"{name} and {name}_FILE are both set; remove one of them", USAGE)
    if not path:
        return value or None
    if not Path(path).is_file():
        raise BrokerError(f"{name}_FILE: {path} is not a file", USAGE)
    try:
        return Path(path).read_text(encoding="utf-8").strip() or None
    except (OSError, UnicodeDecodeError) as error:
        raise BrokerError(f"{name}_FILE: cannot read {path}: {error}", USAGE) from None
