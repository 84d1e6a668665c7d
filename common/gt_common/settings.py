"""One frozen settings object, created by the CLI: flag > environment (GT_…) > .env > default.

Where GT_NAME is a secret setting, GT_NAME_FILE may name the file that contains it.
"""

from __future__ import annotations

import os
import re
import socket
import stat
from pathlib import Path
from typing import Annotated, Literal, get_args

import platformdirs
from pydantic import (
    BeforeValidator,
    Field,
    PrivateAttr,
    SecretStr,
    StringConstraints,
    ValidationError,
    field_validator,
)
from pydantic.fields import FieldInfo
from pydantic_settings import (
    BaseSettings,
    DotEnvSettingsSource,
    EnvSettingsSource,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from gt_common.dotenv import ENCODING, check_dotenv, check_may_run, effective_names
from gt_common.durations import parse_duration
from gt_common.errors import CredentialsRefusedError, UsageError
from gt_common.rates import Rate, parse_rates
from gt_common.redaction import hide

_BETWEEN_URLS = re.compile(r"\s*,\s*(?=amqps?://)")
_PASSWORD = re.compile(r"://[^\s:/@]*:([^\s/]+)@")
_SECRET_NAMES = ("_KEY", "_SECRET", "_TOKEN", "_PASSWORD", "_PASSWD")
_FLAGS = ("output", "orchestrator", "prefetch", "max_attempts", "time_limit", "worker_name", "drain_timeout")
"""Settings that commands accept as flags of the same name and pass to `load_settings`."""
_SECRET_BYTES = 65_536
DEFAULT_AMQP_URL = "amqp://guest:guest@127.0.0.1:5672/"


def _duration(value: object) -> object:
    if not isinstance(value, (str, int, float)):
        return value
    try:
        return parse_duration(value)
    except UsageError as error:
        raise ValueError(str(error)) from None


def _durations(value: object) -> object:
    if isinstance(value, str):
        return tuple(_duration(part) for part in value.split(",") if part.strip())
    return value


def _rates(value: object) -> object:
    if not isinstance(value, str):
        return value
    try:
        return parse_rates(value)
    except UsageError as error:
        raise ValueError(str(error)) from None


def _folders(value: object) -> object:
    if not isinstance(value, str):
        return value
    # Absolute now: an orchestrator may run in another folder.
    try:
        return tuple(Path(part.strip()).expanduser().absolute() for part in value.split(":") if part.strip())
    except RuntimeError as error:  # ~user without such a user
        raise ValueError(str(error)) from None


def state_folder() -> Path:
    """Return this program's state folder of the user (XDG on Linux).

    Raises:
        UsageError: the user has no home folder
    """
    no_home = UsageError("this user has no home folder; set GT_STATE_DIR, or HOME")
    try:
        folder = platformdirs.user_state_path("gossiptoon-batch")
    except RuntimeError:
        raise no_home from None
    if not folder.is_absolute():
        raise no_home
    return folder


def worker_name() -> str:
    """Return a name for this process that differs between two workers on one machine."""
    return f"{socket.gethostname()[:180]}-{os.getpid()}"


Duration = Annotated[float, BeforeValidator(_duration)]
Durations = Annotated[tuple[float, ...], NoDecode, BeforeValidator(_durations)]
Folders = Annotated[tuple[Path, ...], NoDecode, BeforeValidator(_folders)]
Rates = Annotated[tuple[Rate, ...], NoDecode, BeforeValidator(_rates)]
Namespace = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,40}$")]


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


def _prefix(settings: type[BaseSettings]) -> str:
    return settings.model_config.get("env_prefix", "")


class Settings(SecretFileSettings):
    """All settings; each is read from the variable `GT_<NAME>`.

    Parameters:
        amqp_url: broker; several, comma-separated, are tried in turn
        namespace: prefix of every exchange and queue
        ledger_url: `sqlite:///…` or `postgresql://…`
        output: folder of finished videos
        orchestrator: `studio`, `module:factory` or `command:PROGRAM ARG…`
        prefetch: stories that a worker processes at the same time; it holds no more than that
        max_attempts: attempts before a story becomes a dead letter
        time_limit: most seconds for one attempt
        retry_delays: seconds to wait before the 2nd, 3rd, … attempt
        retry_rules: which failures are permanent, transient or rate limited; a file or `PATTERN=CLASS,…`
        story_roots: folders, separated by colons, below which story files may be read; unset, gt-batch reads
            those of its lists, and a worker none
        result_roots: folders, separated by colons, in which the video of a program may lie besides the
            attempt's own
        rate_limits: most calls to each provider, and most starts of stories, per time
        discard_keep: seconds during which a discarded dead letter can be restored
        drain_timeout: seconds that a stopping worker waits for running stories
        heartbeat: AMQP heartbeat in seconds
        connect_timeout: seconds to wait for the broker or the ledger
        state_dir: journals, checkpoints and the default ledger
        worker_name: name of this worker in reports
    """

    model_config = SettingsConfigDict(
        env_prefix="GT_",
        env_file=".env",
        env_file_encoding=ENCODING,
        env_ignore_empty=True,
        extra="ignore",
        frozen=True,
        populate_by_name=True,
    )

    amqp_url: SecretStr = SecretStr(DEFAULT_AMQP_URL)
    namespace: Namespace = "gt"
    ledger_url: SecretStr | None = None
    output: Path = Path("outputs")
    orchestrator: str = Field(default="studio", min_length=1)
    prefetch: int = Field(default=1, ge=1, le=256)
    max_attempts: int = Field(default=3, ge=1, le=100)
    time_limit: Duration = Field(default=1800.0, gt=0)
    retry_delays: Durations = (10.0, 60.0, 300.0)
    retry_rules: str = ""
    story_roots: Folders = ()
    result_roots: Folders = ()
    rate_limits: Rates = ()
    discard_keep: Duration = 30 * 86400.0
    drain_timeout: Duration = 600.0
    heartbeat: int = Field(default=30, ge=2, le=600)
    connect_timeout: Duration = Field(default=10.0, gt=0)
    state_dir: Path = Field(default_factory=state_folder)
    worker_name: str = Field(default_factory=worker_name, min_length=1, max_length=200)
    log_format: Literal["console", "json"] | None = None
    log_level: Literal["debug", "info", "warning", "error"] = "info"

    _from_dotenv: tuple[str, ...] = PrivateAttr(default=())

    @field_validator("output")
    @classmethod
    def _a_folder(cls, output: Path) -> Path:
        if re.match(r"[a-z][a-z0-9+.-]*:/", str(output)):
            raise ValueError("use a folder on this machine; URLs such as s3://… are not supported yet")
        return output

    @field_validator("retry_delays")
    @classmethod
    def _some_delays(cls, delays: tuple[float, ...]) -> tuple[float, ...]:
        if not 1 <= len(delays) <= 10 or any(not 0.001 <= delay <= 86400 for delay in delays):
            raise ValueError("use one to ten delays between 1ms and 1d, such as 10s,1m,5m")
        return delays

    @property
    def from_dotenv(self) -> tuple[str, ...]:
        """Names of the variables that were read from `.env`."""
        return self._from_dotenv

    def note_dotenv(self, names: tuple[str, ...]) -> None:
        """Note the variables that were read from `.env`."""
        self._from_dotenv = names

    @property
    def orchestrator_to_run(self) -> str:
        """The orchestrator, for the program that runs or loads it.

        Raises:
            UsageError: only `.env` names it, and it is code of the user's
        """
        if "GT_ORCHESTRATOR" in self._from_dotenv:
            check_may_run(self.orchestrator)
        return self.orchestrator

    @property
    def amqp_urls(self) -> tuple[str, ...]:
        """Brokers to try, in this order; with passwords, so not for logs."""
        urls = _BETWEEN_URLS.split(self.amqp_url.get_secret_value().strip().rstrip(","))
        return tuple(url.strip() for url in urls if url.strip())

    @property
    def ledger(self) -> str:
        """URL of the ledger; with its password, so not for logs."""
        if self.ledger_url is not None:
            return self.ledger_url.get_secret_value()
        return f"sqlite:///{self.state_dir / 'ledger.db'}"

    def delay_before(self, attempt: int) -> float:
        """Return the seconds to wait before an attempt (2 or later); later ones use the last delay."""
        return self.retry_delays[min(attempt - 2, len(self.retry_delays) - 1)]


def load_settings(**flags: object) -> Settings:
    """Load the settings; flags that are None are ignored.

    Raises:
        UsageError: a value or `.env` is invalid; the message names the flag or the variable
        CredentialsRefusedError: the file of a secret cannot be used
    """
    given = {name: value for name, value in flags.items() if value is not None}
    check_dotenv()
    try:
        settings = Settings(**given)  # type: ignore[arg-type]  # pydantic checks them
    except ValidationError as error:
        problem = error.errors(include_url=False, include_input=False)[0]
        field = str(problem["loc"][0])
        by_flag = field in given and field in _FLAGS
        name = f"--{field.replace('_', '-')}" if by_flag else f"GT_{field.upper()}"
        text = re.sub(r"^Value error, ", "", problem["msg"])
        raise UsageError(f"{name}: {text}") from None
    found = DotEnvSettingsSource(Settings).env_vars
    settings.note_dotenv(effective_names(found, "GT_", Settings.model_fields, given))
    _hide_secrets(settings)
    return settings


def _hide_secrets(settings: Settings) -> None:
    """Keep the secrets of this process out of logs and messages, including the keys of orchestrators."""
    for url in (*settings.amqp_urls, settings.ledger):
        password = _PASSWORD.search(url)
        if password:
            hide(password.group(1))
    for name, value in os.environ.items():
        if name.upper().endswith(_SECRET_NAMES):
            hide(value)
