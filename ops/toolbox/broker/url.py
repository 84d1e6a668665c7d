"""The broker's address: parsing of GT_AMQP_URL."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote, unquote, urlsplit

from toolbox.errors import USAGE, BrokerError
from toolbox.secret_variables import secret

DEFAULT_URL = "amqp://guest:guest@127.0.0.1:5672/"
PORTS = {"amqp": 5672, "amqps": 5671}


@dataclass(frozen=True)
class AmqpUrl:
    """One broker address; `str()` omits user and password and is safe to print."""

    host: str
    port: int
    user: str
    password: str = field(repr=False)
    vhost: str
    tls: bool

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"

    @property
    def loopback(self) -> bool:
        """Whether the host is this machine, so that a broker may be started."""
        if self.host == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False

    @property
    def full(self) -> str:
        """The URL with its password; must not be printed."""
        scheme = "amqps" if self.tls else "amqp"
        host = f"[{self.host}]" if ":" in self.host else self.host
        credentials = f"{quote(self.user, safe='')}:{quote(self.password, safe='')}"
        vhost = "" if self.vhost == "/" else quote(self.vhost, safe="")
        return f"{scheme}://{credentials}@{host}:{self.port}/{vhost}"


def parse_url(text: str) -> AmqpUrl:
    """Parse an AMQP URL, or the first of several that are separated by commas.

    Raises:
        BrokerError: not an AMQP URL (exit code 2); the message does not contain the password
    """
    first = re.split(r"\s*,\s*(?=amqps?://)", text.strip().rstrip(","))[0]
    parts = urlsplit(first)
    try:
        port = parts.port
    except ValueError:
        port = 0
    cut = "@" in f"{parts.path}{parts.query}{parts.fragment}"
    if parts.scheme not in PORTS or not parts.hostname or port == 0 or cut:
        raise BrokerError(
            "GT_AMQP_URL is not an AMQP URL: expected amqp://user:password@host:port/vhost, "
            "with @, /, ? and # in the password as %40, %2F, %3F and %23",
            USAGE,
        )
    return AmqpUrl(
        host=parts.hostname,
        port=port or PORTS[parts.scheme],
        user=unquote(parts.username or "guest"),
        password=unquote(parts.password or "guest"),
        vhost=unquote(parts.path[1:]) or "/",
        tls=parts.scheme == "amqps",
    )


def configured_url(environment: Mapping[str, str], dotenv: Path) -> AmqpUrl:
    """Return the configured address: environment before `.env` before the default, as in every command.

    Raises:
        BrokerError: it is not an AMQP URL, or the file of GT_AMQP_URL_FILE is unreadable (exit code 2)
    """
    text = secret(environment, "GT_AMQP_URL") or secret(_read_dotenv(dotenv), "GT_AMQP_URL") or DEFAULT_URL
    return parse_url(text)


def _read_dotenv(path: Path) -> dict[str, str]:
    if not path.is_file():
        return {}
    lines = path.read_text(encoding="utf-8").splitlines()
    pairs = [line.strip().removeprefix("export ").partition("=") for line in lines]
    return {key.strip(): value.strip().strip("\"'") for key, separator, value in pairs if separator}
