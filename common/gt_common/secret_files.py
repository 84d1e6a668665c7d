"""Secrets in files: where GT_NAME is a secret setting, GT_NAME_FILE may name the file that contains it."""

from __future__ import annotations

import stat
from pathlib import Path
from typing import get_args

from pydantic import SecretStr
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, EnvSettingsSource, PydanticBaseSettingsSource

from gt_common.errors import CredentialsRefusedError, UsageError

_MAX_BYTES = 65_536


def secret_variables(settings: type[BaseSettings]) -> list[str]:
    """Return the variables of a class's secret settings."""
    return [
        f"{_prefix(settings)}{name.upper()}"
        for name, field in settings.model_fields.items()
        if SecretStr in (field.annotation, *get_args(field.annotation))
    ]


class SecretFileSettings(BaseSettings):
    """Settings whose secrets may be read from files, as GT_NAME_FILE instead of GT_NAME."""

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Wrap the environment and `.env` each on its own: the environment still comes before `.env`."""
        wrapped = (_SecretFiles(settings_cls, inner) for inner in (env_settings, dotenv_settings))
        return init_settings, *wrapped


class _SecretFiles(PydanticBaseSettingsSource):
    """A source of variables, with the contents of the files that its `_FILE` variables name."""

    def __init__(self, settings_cls: type[BaseSettings], inner: PydanticBaseSettingsSource) -> None:
        super().__init__(settings_cls)
        self._inner = inner

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[object, str, bool]:
        """Return the value that the wrapped source has for a field."""
        return self._inner.get_field_value(field, field_name)

    def __call__(self) -> dict[str, object]:
        values: dict[str, object] = self._inner()
        variables = self._inner.env_vars if isinstance(self._inner, EnvSettingsSource) else {}
        for name in secret_variables(self.settings_cls):
            path = variables.get(f"{name}_FILE".lower())
            if path and variables.get(name.lower()):
                raise UsageError(f"{name} and {name}_FILE are both set; remove one of them")
            if path:
                field = name.removeprefix(_prefix(self.settings_cls)).lower()
                values[field] = read_secret(f"{name}_FILE", Path(path))
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
                raw = file.read(_MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "not a path"
        raise CredentialsRefusedError(f"{variable}: cannot read {path}: {reason}") from None
    if not regular:
        raise CredentialsRefusedError(f"{variable}: {path} is not a regular file")
    try:
        lines = raw.decode().splitlines()
    except UnicodeDecodeError:
        lines = []
    if len(lines) != 1 or not lines[0].strip() or len(raw) > _MAX_BYTES:
        raise CredentialsRefusedError(
            f"{variable}: {path} must contain the secret on one line, and nothing else"
        )
    return lines[0].strip()


def _prefix(settings: type[BaseSettings]) -> str:
    return settings.model_config.get("env_prefix", "")
