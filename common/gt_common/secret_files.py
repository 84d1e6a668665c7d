"""Settings that are read from variables, in the environment and in `.env`; secrets also from files.

Without a library for settings, which takes longer to import than reading them does (decision 0063).
"""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar, Final, get_args

from pydantic import BaseModel, ConfigDict, SecretStr

from gt_common.dotenv import read_dotenv
from gt_common.errors import CredentialsRefusedError, UsageError

_SECRET_BYTES: Final = 65_536


class VariableSettings(BaseModel):
    """Settings that are read from variables `PREFIX<NAME>`: given > environment > `.env` > default.

    An empty variable counts as missing. Where PREFIXNAME is a secret, PREFIXNAME_FILE may name its file.
    """

    model_config = ConfigDict(extra="ignore", frozen=True, validate_default=True, defer_build=True)

    PREFIX: ClassVar[str]

    def __init__(self, **given: object) -> None:
        kind = type(self)
        # Each on its own: a file that the environment names comes before a secret in `.env`.
        super().__init__(**{**_values(kind, read_dotenv()), **_values(kind, os.environ), **given})


def secret_variables(settings: type[VariableSettings]) -> list[str]:
    """Return the variables of a class's secret settings."""
    return [f"{settings.PREFIX}{name.upper()}" for name in _secret_names(settings)]


def _secret_names(settings: type[VariableSettings]) -> list[str]:
    return [
        name
        for name, field in settings.model_fields.items()
        if SecretStr in (field.annotation, *get_args(field.annotation))
    ]


def _values(settings: type[VariableSettings], variables: Mapping[str, str]) -> dict[str, object]:
    """Return what variables, or the files that they name, set of a class's settings."""
    prefix = settings.PREFIX.lower()
    found = {
        name.lower().removeprefix(prefix): value
        for name, value in variables.items()
        if value and name.lower().startswith(prefix)
    }
    values: dict[str, object] = {name: found[name] for name in settings.model_fields if name in found}
    for name in _secret_names(settings):
        path = found.get(f"{name}_file")
        variable = f"{settings.PREFIX}{name.upper()}"
        if path and name in found:
            raise UsageError(f"{variable} and {variable}_FILE are both set; remove one of them")
        if path:
            values[name] = read_secret(f"{variable}_FILE", Path(path))
    return values


def read_secret(variable: str, path: Path) -> str:
    """Return the secret in a file, without the newline at its end.

    Raises:
        CredentialsRefusedError: it is unreadable, or not one line of text; the message names `variable`
    """
    try:
        # A pipe or a device could block for ever.
        regular = stat.S_ISREG(path.stat().st_mode)
        if regular:
            with path.open("rb") as file:
                raw = file.read(_SECRET_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "not a path"
        raise CredentialsRefusedError(f"{variable}: cannot read {path}: {reason}") from None
    if not regular:
        raise CredentialsRefusedError(f"{variable}: {path} is not a regular file")
    try:
        lines = raw.decode().splitlines()
    except UnicodeDecodeError:
        lines = []
    if len(lines) != 1 or not lines[0].strip() or len(raw) > _SECRET_BYTES:
        raise CredentialsRefusedError(
            f"{variable}: {path} must contain the secret on one line, and nothing else"
        )
    return lines[0].strip()
