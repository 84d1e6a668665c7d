"""The log contract: docs/logging.md lists the events that the code logs, with their fields and levels."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
SOURCES = ("common", "consumer", "producer", "ops")
LEVELS = {"debug", "info", "warning", "error", "critical", "exception"}
MAKERS = {"get_logger", "context_logger"}
SNAKE_CASE = re.compile(r"[a-z]+(_[a-z]+)*_(\w+ed|lost)")
ROW = re.compile(r"^\| `(?P<event>[^`]+)` \| (?P<part>\w+) \| (?P<levels>[\w, ]+) \|(?P<fields>[^|]*)\|")


@dataclass(frozen=True)
class Line:
    """What one log call writes."""

    part: str
    event: str
    level: str
    fields: frozenset[str]
    place: str


def lines_of(source: str, name: str) -> Iterator[Line]:
    """Find every log call of a module; one that cannot be read fails the test."""
    tree = ast.parse(source)
    parts = {
        ast.unparse(target): made_for(node.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign) and made_for(node.value)
        for target in node.targets
    }
    for node in ast.walk(tree):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
            continue
        level, logger = node.func.attr, node.func.value
        part = made_for(logger) or parts.get(ast.unparse(logger))
        if level not in LEVELS or not (part or "log" in ast.unparse(logger)):
            continue
        place = f"{name}:{node.lineno}"
        assert part, f"{place}: not a logger of get_logger"
        fields = {keyword.arg for keyword in node.keywords}
        assert None not in fields, f"{place}: ** hides the fields"
        names = {field for field in fields if field} - {"exc_info"}
        if "exc_info" in fields or level == "exception":
            names.add("exception")
        for event in events_of(node.args, place):
            yield Line(part, event, "error" if level == "exception" else level, frozenset(names), place)


def made_for(node: ast.expr) -> str:
    """Return the part of `get_logger("part")`; empty for anything else."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in MAKERS:
        return str(node.args[0].value) if isinstance(node.args[0], ast.Constant) else ""
    return ""


def events_of(arguments: list[ast.expr], place: str) -> list[str]:
    assert len(arguments) == 1, f"{place}: an event and fields by name, nothing else"
    choices = [arguments[0].body, arguments[0].orelse] if isinstance(arguments[0], ast.IfExp) else arguments
    assert all(isinstance(one, ast.Constant) for one in choices), f"{place}: the event is not a plain string"
    return [str(ast.literal_eval(one)) for one in choices]


def logged() -> list[Line]:
    """Return what all log calls of the project write."""
    paths = [path for folder in SOURCES for path in sorted((ROOT / folder).rglob("*.py"))]
    return [line for path in paths for line in lines_of(path.read_text(), str(path.relative_to(ROOT)))]


Entries = dict[tuple[str, str], tuple[set[str], set[str]]]


def written(page: str) -> Entries:
    """Return levels and fields of each (part, event) of the page's tables."""
    entries: Entries = {}
    for row in filter(None, map(ROW.match, page.splitlines())):
        key = (row["part"], row["event"])
        assert key not in entries, f"{key} has two rows"
        entries[key] = set(row["levels"].split(", ")), set(re.findall(r"`(\w+)`", row["fields"]))
    return entries


def found(lines: list[Line]) -> Entries:
    entries: Entries = defaultdict(lambda: (set(), set()))
    for line in lines:
        levels, fields = entries[line.part, line.event]
        assert not levels or fields == line.fields, f"{line.place}: other fields than elsewhere: {line}"
        levels.add(line.level)
        fields |= line.fields
    return dict(entries)


def test_the_page_lists_exactly_what_the_code_logs() -> None:
    assert written((ROOT / "docs" / "logging.md").read_text()) == found(logged())


def test_events_are_snake_case_and_end_with_a_verb_in_the_past_tense() -> None:
    assert [line for line in logged() if not SNAKE_CASE.fullmatch(line.event)] == []


@pytest.mark.parametrize(
    "call",
    [
        'log.info("the limiter failed")',
        'log.info("limiter_fails")',
        'log.info("limiterFailed")',
    ],
)
def test_a_name_outside_the_contract_is_seen(call: str) -> None:
    (line,) = lines_of(f'log = get_logger("p")\n{call}', "x")
    assert not SNAKE_CASE.fullmatch(line.event)


@pytest.mark.parametrize(
    "call",
    [
        'log.info(f"{count} lost")',
        'log.info("run_lost", **fields)',
        'self.log.warning("run_lost")',
        'log.info("run_lost", 7)',
    ],
)
def test_a_call_that_hides_what_it_logs_is_refused(call: str) -> None:
    with pytest.raises(AssertionError, match="x:2"):
        list(lines_of(f'log = get_logger("p")\n{call}', "x"))


@pytest.mark.parametrize(
    "call",
    [
        'log.info("run_found", seconds=1, exc_info=True)',
        'log.warning("run_lost", seconds=1, exc_info=True)',
        'log.info("run_lost", exc_info=True)',
        'log.info("run_lost", seconds=1)',
        'log.info("run_lost", seconds=1, more=2, exc_info=True)',
        "pass",
    ],
)
def test_a_renamed_event_another_level_and_a_missing_or_new_field_are_seen(call: str) -> None:
    page = "| `run_lost` | p | info | `seconds`, `exception` | no |  |\n"
    same = 'log.info("run_lost", seconds=1, exc_info=True)'
    head = 'log = get_logger("p")\n'
    assert written(page) == found(list(lines_of(head + same, "x")))
    assert written(page) != found(list(lines_of(head + call, "x")))
