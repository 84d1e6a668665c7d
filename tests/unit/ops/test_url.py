"""GT_AMQP_URL is read as every command reads it, and a password never appears in a message."""

from __future__ import annotations

from pathlib import Path

import pytest
from toolbox.broker.url import DEFAULT_URL, AmqpUrl, configured_url, parse_url
from toolbox.errors import USAGE, BrokerError

HIDDEN = "hunter2"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (DEFAULT_URL, AmqpUrl("127.0.0.1", 5672, "guest", "guest", "/", tls=False)),
        ("amqp://localhost", AmqpUrl("localhost", 5672, "guest", "guest", "/", tls=False)),
        ("amqps://u:p%2F%40@mq.example/v%2Fw", AmqpUrl("mq.example", 5671, "u", "p/@", "v/w", tls=True)),
        ("amqp://u:p,w@mq.example/", AmqpUrl("mq.example", 5672, "u", "p,w", "/", tls=False)),
        ("amqp://[::1]:5999/gt , amqp://b/", AmqpUrl("::1", 5999, "guest", "guest", "gt", tls=False)),
    ],
)
def test_an_amqp_url_is_taken_apart(text: str, expected: AmqpUrl) -> None:
    assert parse_url(text) == expected
    assert parse_url(expected.full) == expected


@pytest.mark.parametrize("sign", "?#/")
def test_a_bare_sign_in_a_password_makes_no_port_of_its_beginning(sign: str) -> None:
    with pytest.raises(BrokerError, match=r"with @, /, \? and # in the password as %40"):
        parse_url(f"amqp://u:12{sign}{HIDDEN}@host/")


@pytest.mark.parametrize(
    "text", ["http://x/", "amqp://", f"amqp://u:{HIDDEN}/x@host/", "amqp://host:0/", "nonsense"]
)
def test_what_is_no_amqp_url_is_refused_without_its_password(text: str) -> None:
    with pytest.raises(BrokerError, match="GT_AMQP_URL is not an AMQP URL") as caught:
        parse_url(text)
    assert caught.value.exit_code == USAGE
    assert HIDDEN not in str(caught.value)


def test_printing_an_address_shows_no_password() -> None:
    url = parse_url(f"amqp://me:{HIDDEN}@10.0.0.1:1234/")
    assert str(url) == "10.0.0.1:1234"
    assert HIDDEN not in repr(url)


@pytest.mark.parametrize(
    ("host", "loopback"),
    [("localhost", True), ("127.3.2.1", True), ("::1", True), ("10.0.0.1", False), ("mq", False)],
)
def test_loopback_is_told_from_other_machines(host: str, loopback: bool) -> None:
    assert AmqpUrl(host, 1, "u", "p", "/", tls=False).loopback is loopback


def test_environment_comes_before_dotenv_and_dotenv_before_the_default(tmp_path: Path) -> None:
    dotenv = tmp_path / ".env"
    assert configured_url({}, dotenv).port == 5672
    dotenv.write_text("# broker\nOTHER=1\nexport GT_AMQP_URL='amqp://127.0.0.1:6001/'\n")
    assert configured_url({}, dotenv).port == 6001
    assert configured_url({"GT_AMQP_URL": "amqp://127.0.0.1:6002/"}, dotenv).port == 6002
