"""One frozen settings object, created by the CLI: flag > environment (GT_…) > .env > default.

Where GT_NAME is a secret setting, GT_NAME_FILE may name the file that contains it.
"""

from __future__ import annotations

import os
import re
import socket
import warnings
from pathlib import Path
from typing import Annotated, Literal, Self

import platformdirs
from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    PrivateAttr,
    SecretStr,
    StringConstraints,
    ValidationError,
    field_validator,
)

from gt_common.dotenv import check_dotenv, check_may_run, effective_names, read_dotenv
from gt_common.durations import parse_duration
from gt_common.errors import UsageError
from gt_common.money import DEFAULT_CURRENCY, check_currency
from gt_common.rates import Rate, parse_rates
from gt_common.redaction import hide, hide_address
from gt_common.secret_files import VariableSettings

_BETWEEN_URLS = re.compile(r"\s*,\s*(?=amqps?://)")
_BETWEEN_TARGETS = re.compile(r"[\s,]+(?=[A-Za-z][A-Za-z0-9+.-]*://)")
_PASSWORD = re.compile(r"://[^\s:/@]*:([^\s/]+)@")
_SECRET_NAMES = ("_KEY", "_SECRET", "_TOKEN", "_PASSWORD", "_PASSWD")
_FLAGS = (
    "output",
    "orchestrator",
    "cwd",
    "prefetch",
    "max_attempts",
    "time_limit",
    "worker_name",
    "drain_timeout",
)
"""Settings that commands accept as flags of the same name and pass to `load_settings`."""
_PATTERN_CHARACTERS = 1000
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


def _folder(value: object) -> object:
    if not isinstance(value, (str, Path)):
        return value
    if value == "":
        return None
    try:
        return Path(value).expanduser().absolute()
    except RuntimeError as error:
        raise ValueError(str(error)) from None


def _pattern(value: object) -> object:
    if not isinstance(value, str):
        return value
    if len(value) > _PATTERN_CHARACTERS:
        raise ValueError(f"a regular expression has at most {_PATTERN_CHARACTERS:,} characters")
    try:
        with warnings.catch_warnings():
            # Such as "possible nested set", which means nothing to the user of a command.
            warnings.simplefilter("ignore")
            return re.compile(value)
    except (re.error, RecursionError, OverflowError) as error:
        raise ValueError(f"not a regular expression: {error}") from None


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
Durations = Annotated[tuple[float, ...], BeforeValidator(_durations)]
Folders = Annotated[tuple[Path, ...], BeforeValidator(_folders)]
Rates = Annotated[tuple[Rate, ...], BeforeValidator(_rates)]
Namespace = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,40}$")]


class Settings(VariableSettings):
    """All settings; each is read from the variable `GT_<NAME>`.

    Parameters:
        amqp_url: broker; several, comma-separated, are tried in turn
        namespace: prefix of every exchange and queue
        ledger_url: `sqlite:///…` or `postgresql://…`
        output: folder of finished videos
        urls: which links lists may have, `reddit` for posts on Reddit or `any`; story files always
        orchestrator: `studio`, `module:factory` or `command:PROGRAM ARG…`
        cwd: the folder in which a `command:` program runs; None for the folder of the attempt
        stage_pattern: finds stages in what a `command:` program prints
        prefetch: stories that a worker processes at the same time; it holds no more than that
        max_attempts: attempts before a story becomes a dead letter
        time_limit: most seconds for one attempt
        check_timeout: most seconds, before the first story, to import an orchestrator and run its check
        retry_delays: seconds to wait before the 2nd, 3rd, … attempt
        projects_keep: seconds that the folders of projects are kept after their story is finished
        retry_rules: which failures are permanent, transient or rate limited; a file or `PATTERN=CLASS,…`
        story_roots: folders, separated by colons, below which story files may be read; unset, gt-batch reads
            those of its lists, and a worker none
        result_roots: folders, separated by colons, in which the video of a program may lie besides the
            attempt's own
        rate_limits: most calls to each provider, and most starts of stories, per time
        currency: of all amounts of money, as three capital letters
        prices: file with the price of what orchestrators use, by provider and unit
        discard_keep: seconds during which a discarded dead letter can be restored
        drain_timeout: seconds that a stopping worker waits for running stories
        heartbeat: AMQP heartbeat in seconds
        connect_timeout: seconds to wait for the broker or the ledger
        state_dir: journals, checkpoints and the default ledger
        worker_name: name of this worker in reports
        dashboard_amqp_url: the broker with a user who only reads, with whom gt-dashboard watches; None for
            that of `amqp_url`, with whom its users act
        dashboard_password: lets operators log in to gt-dashboard from other machines
        dashboard_reader_password: the same for those who only look
        notify: whom to tell when a batch ends or many of its stories fail: Apprise URLs, comma-separated
        metrics_port: port on which a worker or an aggregator serves its metrics; None for none
        metrics_host: the address of this machine on which it does
    """

    PREFIX = "GT_"

    amqp_url: SecretStr = SecretStr(DEFAULT_AMQP_URL)
    namespace: Namespace = "gt"
    ledger_url: SecretStr | None = None
    output: Path = Path("outputs")
    urls: Literal["reddit", "any"] = "reddit"
    orchestrator: str = Field(default="studio", min_length=1)
    cwd: Annotated[Path | None, BeforeValidator(_folder)] = None
    stage_pattern: Annotated[re.Pattern[str] | None, BeforeValidator(_pattern)] = None
    prefetch: int = Field(default=1, ge=1, le=256)
    max_attempts: int = Field(default=3, ge=1, le=100)
    time_limit: Duration = Field(default=1800.0, gt=0)
    check_timeout: Duration = Field(default=120.0, gt=0)
    retry_delays: Durations = (10.0, 60.0, 300.0)
    retry_rules: str = ""
    story_roots: Folders = ()
    result_roots: Folders = ()
    rate_limits: Rates = ()
    currency: Annotated[str, AfterValidator(check_currency)] = DEFAULT_CURRENCY
    prices: Annotated[Path | None, BeforeValidator(_folder)] = None
    discard_keep: Duration = 30 * 86400.0
    projects_keep: Duration = Field(default=7 * 86400.0, ge=0)
    drain_timeout: Duration = 600.0
    heartbeat: int = Field(default=30, ge=2, le=600)
    connect_timeout: Duration = Field(default=10.0, gt=0)
    state_dir: Path = Field(default_factory=state_folder)
    worker_name: str = Field(default_factory=worker_name, min_length=1, max_length=200)
    dashboard_amqp_url: SecretStr | None = None
    dashboard_password: SecretStr | None = None
    dashboard_reader_password: SecretStr | None = None
    notify: SecretStr | None = None
    metrics_port: int | None = Field(default=None, ge=1, le=65535)
    metrics_host: str = "127.0.0.1"
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
    def any_link(self) -> bool:
        """Whether lists may have every http(s) link."""
        return self.urls == "any"

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
    def watching(self) -> Self:
        """These settings with the broker's user with whom gt-dashboard watches."""
        watcher = self.dashboard_amqp_url
        return self if watcher is None else self.model_copy(update={"amqp_url": watcher})

    @property
    def ledger(self) -> str:
        """URL of the ledger; with its password, so not for logs."""
        if self.ledger_url is not None:
            return self.ledger_url.get_secret_value()
        return f"sqlite:///{self.state_dir / 'ledger.db'}"

    @property
    def notify_urls(self) -> tuple[str, ...]:
        """Apprise URLs of those who are told, each once; all of it is secret, so not for logs."""
        given = self.notify.get_secret_value() if self.notify else ""
        urls = (url.strip(" ,") for url in _BETWEEN_TARGETS.split(given.strip()))
        return tuple(dict.fromkeys(url for url in urls if url))

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
        settings = Settings(**given)
    except ValidationError as error:
        problem = error.errors(include_url=False, include_input=False)[0]
        field = str(problem["loc"][0])
        by_flag = field in given and field in _FLAGS
        name = f"--{field.replace('_', '-')}" if by_flag else f"GT_{field.upper()}"
        text = re.sub(r"^Value error, ", "", problem["msg"])
        raise UsageError(f"{name}: {text}") from None
    settings.note_dotenv(effective_names(read_dotenv(), Settings.PREFIX, Settings.model_fields, given))
    _hide_secrets(settings)
    return settings


def _hide_secrets(settings: Settings) -> None:
    """Keep the secrets of this process out of logs and messages, including the keys of orchestrators."""
    for url in (*settings.amqp_urls, *settings.watching.amqp_urls, settings.ledger):
        password = _PASSWORD.search(url)
        if password:
            hide(password.group(1))
    for url in settings.notify_urls:
        hide_address(url)
    for given in (settings.dashboard_password, settings.dashboard_reader_password):
        if given is not None:
            hide(given.get_secret_value())
    for name, value in os.environ.items():
        if name.upper().endswith(_SECRET_NAMES):
            hide(value)
