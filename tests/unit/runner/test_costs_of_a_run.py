"""What a run says of its cost: read, priced, added up; what is wrong is a warning and nothing else."""

from __future__ import annotations

import json
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path

import pytest
import structlog

from gt_common.errors import UsageError
from gt_common.messages import MAX_PROVIDERS
from gt_consumer.processes.costs import Spent, Used, WrongCost, spent, used
from gt_consumer.processes.protocol import Report, VideoMade, parse, parse_cost
from gt_consumer.runner.command_output import CommandOutput
from gt_consumer.runner.meter import OTHERS, Meter
from gt_consumer.runner.prices import Prices, read_prices

CHARACTER = ("elevenlabs", "character")


class Book:
    """A meter, and what it has told."""

    def __init__(self, prices: Prices | None = None) -> None:
        self.sums: list[Mapping[str, int]] = []
        self.meter = Meter(prices or Prices(), self.sums.append)


def cost(amount: object, provider: object = "elevenlabs") -> bytes:
    """Return the line of a cost."""
    return json.dumps({"cost": {"provider": provider, "amount": amount}}).encode()


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (cost(0.012), Spent("elevenlabs", Decimal("0.012"))),
        (cost("0.012"), Spent("elevenlabs", Decimal("0.012"))),
        (cost(0), Spent("elevenlabs", Decimal(0))),
        (
            b'{"usage": {"provider": "elevenlabs", "unit": "character", "quantity": 1200}}',
            Used("elevenlabs", "character", Decimal(1200)),
        ),
    ],
)
def test_a_line_says_a_cost(line: bytes, message: Report) -> None:
    assert parse(line) == parse_cost(line) == message


@pytest.mark.parametrize(
    ("line", "part"),
    [
        (cost(-1), "a number from 0 to 5,000,000, not -1"),
        (cost(float("nan")), "not nan"),
        (cost(5_000_001), "not 5000001"),
        (cost("much"), "not 'much'"),
        (cost(None), "not None"),
        (cost(1, provider=""), "name of a provider, not ''"),
        (cost(1, provider=7), "name of a provider, not 7"),
        (b'{"cost": 0.5}', 'write {"cost": {"provider": "elevenlabs", "amount": 0.012}}, not 0.5'),
        (b'{"usage": [1]}', "not [1]"),
        (b'{"usage": {"provider": "a", "quantity": 1}}', "name of a unit, not None"),
        (b'{"usage": {"provider": "a", "unit": "b", "quantity": -1}}', "10^12, not -1"),
    ],
)
def test_a_wrong_line_says_what_is_wrong(line: bytes, part: str) -> None:
    message = parse_cost(line)
    assert isinstance(message, WrongCost)
    assert part in message.wrong_cost


@pytest.mark.parametrize("line", [b"", b"cost", b'"cost"', b'["cost"]', b'{"a": "\\"cost\\""}', b'{"cost"'])
def test_other_lines_say_no_cost(line: bytes) -> None:
    assert parse_cost(line) is None


def test_amounts_add_up_exactly_and_are_told_each_time() -> None:
    book = Book()
    for _ in range(10):
        book.meter.take(spent("elevenlabs", 0.1))
    book.meter.take(spent("gemini", 0.0000004))
    book.meter.take(spent("gemini", 0.0000004))
    assert book.sums[0] == {"elevenlabs": 100_000}
    assert book.sums[-1] == {"elevenlabs": 1_000_000, "gemini": 1}


def test_the_first_zero_is_told_and_later_ones_are_not() -> None:
    book = Book()
    book.meter.take(spent("studio", 0))
    book.meter.take(spent("studio", 0))
    assert book.sums == [{"studio": 0}]


def test_usage_is_priced_and_an_unknown_unit_is_warned_of_once() -> None:
    prices = Prices({CHARACTER: Decimal("0.00001")})
    with structlog.testing.capture_logs() as lines:
        for book in (Book(prices), Book(prices)):
            book.meter.take(used(*CHARACTER, 1200))
            book.meter.take(used("elevenlabs", "second", 3))
            assert book.sums == [{"elevenlabs": 12_000}]
    assert [(line["event"], line["provider"], line["unit"]) for line in lines] == [
        ("price_missed", "elevenlabs", "second")
    ]


def test_something_wrong_is_one_warning_per_run() -> None:
    book = Book()
    with structlog.testing.capture_logs() as lines:
        book.meter.take(spent("elevenlabs", -1))
        book.meter.take(spent("", 1))
    assert [(line["event"], line["log_level"]) for line in lines] == [("cost_ignored", "warning")]
    assert book.sums == []


def test_an_amount_that_cannot_be_printed_is_a_warning_too() -> None:
    said = spent("elevenlabs", 10**5000)
    assert isinstance(said, WrongCost)
    assert said.wrong_cost.endswith("not this int")


def test_more_providers_than_an_event_has_room_for_share_one() -> None:
    book = Book()
    for number in range(MAX_PROVIDERS + 10):
        book.meter.take(spent(f"p{number}", 1))
    assert len(book.sums[-1]) == MAX_PROVIDERS
    assert book.sums[-1][OTHERS] == 11_000_000


def test_prices_are_read_exactly(tmp_path: Path) -> None:
    file = tmp_path / "prices.toml"
    file.write_text('elevenlabs.character = 0.00001\n[gemini]\nimage = 1\n"1k tokens" = 0.1\n')
    prices = read_prices(file)
    assert prices.cost_of(Used(*CHARACTER, Decimal(3))) == Decimal("0.00003")
    assert prices.cost_of(Used("gemini", "1k tokens", Decimal(3))) == Decimal("0.3")


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("elevenlabs = 3", "elevenlabs: write PROVIDER.UNIT = PRICE, such as elevenlabs.character = 0.00001"),
        ("a.b = -1", "a.b: a price is a number from 0 to 5,000,000, not -1"),
        ('a.b = "1"', "a.b: a price is a number from 0 to 5,000,000, not '1'"),
        ("a.b = nan", "a.b: a price is"),
        ("a.b.c = 1", "a.b: a price is a number from 0 to 5,000,000, not {'c': 1}"),
        ("a.b =", "is not a TOML file"),
        ("\xff", "is not a TOML file"),
    ],
)
def test_a_wrong_price_is_named(tmp_path: Path, content: str, problem: str) -> None:
    file = tmp_path / "prices.toml"
    file.write_bytes(content.encode("latin-1"))
    with pytest.raises(UsageError) as raised:
        read_prices(file)
    assert str(raised.value).startswith(f"GT_PRICES: {file}")
    assert problem in str(raised.value)


def test_a_missing_file_of_prices_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"GT_PRICES: .*none\.toml cannot be read: No such file"):
        read_prices(tmp_path / "none.toml")


class Listener:
    """Takes what a program prints, and what it reports in it."""

    def __init__(self) -> None:
        self.reports: list[Report] = []
        self.output = CommandOutput(self.hear)

    def hear(self, report: Report) -> None:
        """Take a report."""
        self.reports.append(report)


def test_a_program_says_costs_on_any_line_of_its_own() -> None:
    listener = Listener()
    listener.output.stdout(cost(1))
    listener.output.stdout(b'{"output_path": "a.mp4", "cost": {"provider": "gemini", "amount": 2}}')
    listener.output.close()
    assert listener.reports == [Spent("elevenlabs", Decimal(1)), Spent("gemini", Decimal(2))]
    assert listener.output.results == [VideoMade("a.mp4")]


def test_costs_on_the_descriptor_end_those_on_standard_output() -> None:
    listener = Listener()
    for take, amount in [
        (listener.output.stdout, 1),
        (listener.output.result, 2),
        (listener.output.stdout, 3),
        (listener.output.result, 4),
    ]:
        take(cost(amount))
    assert listener.reports == [Spent("elevenlabs", Decimal(amount)) for amount in (1, 2, 4)]
    assert '"amount": 3' in listener.output.log.last_lines()
