"""Habits of wording that do not come back: how docstrings begin, "is no X" for "is not an X", old words."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
PACKAGES = ("common", "producer", "consumer", "ops")
PROGRAMS = (ROOT / "ops" / "broker", ROOT / "ops" / "libraries", ROOT / "ops" / "rabbitmq" / "make_users")
OPENINGS = re.compile(r"(Give|Say|Tell)(s|ing)?\b")
IS_NO = re.compile(r"\b(?:is|are|was|were)\s+no\s+(?P<what>[\w'-]+)")
RIGHT_BEFORE = re.compile(r"\bthere\s+$", re.IGNORECASE)
RIGHT_AFTER = {"longer", "more", "less", "fewer", "later", "earlier", "larger", "greater"}
"""As in "is no longer" and "are no more than"."""
ARCHAIC = re.compile(r"\b(whoever|anew|lest|of ours|mend(s|ed|ing)?|unspent)\b", re.IGNORECASE)


def python_files() -> list[Path]:
    """Return the sources whose docstrings are read."""
    modules = chain.from_iterable((ROOT / folder).rglob("*.py") for folder in PACKAGES)
    return sorted(path for path in (*modules, *PROGRAMS) if "__pycache__" not in path.parts)


def texts() -> list[Path]:
    """Return everything that users and developers read: sources, pages, templates."""
    pages = chain(ROOT.glob("*.md"), (ROOT / "docs").rglob("*.md"), (ROOT / "findings").glob("*"))
    templates = (ROOT / "common").rglob("*.j2")
    return [*python_files(), *sorted(chain(pages, templates)), ROOT / "Makefile", ROOT / ".env.example"]


def docstrings(source: str) -> Iterator[tuple[int, str]]:
    """Yield every docstring with its line; also those that follow an assignment."""
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Expr(value=ast.Constant(value=str(text)), lineno=line):
                yield line, text.strip()


def is_no(text: str) -> Iterator[tuple[int, str]]:
    """Yield each "is no X" that means "is not an X", with its line."""
    # Comments and Markdown wrap, so that the words may lie on two lines.
    joined = re.sub(r"\n[ \t]*#? ?", lambda gap: "\n" + " " * (len(gap[0]) - 1), text)
    for found in IS_NO.finditer(joined):
        if found["what"] not in RIGHT_AFTER and not RIGHT_BEFORE.search(joined[: found.start()]):
            yield joined.count("\n", 0, found.start()) + 1, " ".join(found[0].split())


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", python_files(), ids=name)
def test_docstrings_say_what_it_is_for(path: Path) -> None:
    found = [
        f"{name(path)}:{line}: {text[:60]}"
        for line, text in docstrings(path.read_text())
        if OPENINGS.match(text)
    ]
    assert found == []


@pytest.mark.parametrize("path", texts(), ids=name)
def test_nothing_is_no_thing(path: Path) -> None:
    assert [f"{name(path)}:{line}: {words}" for line, words in is_no(path.read_text())] == []


@pytest.mark.parametrize("path", texts(), ids=name)
def test_words_are_those_of_today(path: Path) -> None:
    lines = enumerate(path.read_text().splitlines(), 1)
    assert [f"{name(path)}:{number}: {line.strip()}" for number, line in lines if ARCHAIC.search(line)] == []


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("A warning is no failure.", [1]),
        ("Lines that\nare no stories", [2]),
        ("# messages that are\n    # no stories", [1]),
        ("There is no broker, there are no\nstories, and it is no longer there.", []),
        ("where there\n    is no broker", []),
        ("It is not a failure; there was no story; these are no more than ten.", []),
    ],
)
def test_the_search_finds_what_is_meant(text: str, lines: list[int]) -> None:
    assert [line for line, _ in is_no(text)] == lines


def test_openings_are_found_wherever_docstrings_are() -> None:
    source = (
        '"""Say it."""\nX = 1\n"""Tells it."""\ndef f():\n    """Give it."""\nclass C:\n    """Sayings."""\n'
    )
    assert [line for line, text in docstrings(source) if OPENINGS.match(text)] == [1, 3, 5]
