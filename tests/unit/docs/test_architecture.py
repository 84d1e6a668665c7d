"""The maps of docs/architecture.md match the code and the import contracts of pyproject.toml."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import grimp
import pytest

ROOT = Path(__file__).parents[3]
PACKAGES = {
    "gt_common": ROOT / "common" / "gt_common",
    "gt_producer": ROOT / "producer" / "gt_producer",
    "gt_consumer": ROOT / "consumer" / "gt_consumer",
}
PAGE = (ROOT / "docs" / "architecture.md").read_text()
Arrow = tuple[str, str]


@dataclass
class CodeMap:
    """A drawn map: its rooms with their labels, the arrows, and the rooms to which no arrows are drawn."""

    package: str
    rooms: dict[str, str] = field(default_factory=dict)
    arrows: set[Arrow] = field(default_factory=set)
    everywhere: set[str] = field(default_factory=set)


def drawn_maps() -> dict[str, CodeMap]:
    """Read every Mermaid block that names its package."""
    blocks = re.findall(r"```mermaid\n(.*?)```", PAGE, re.DOTALL)
    return {found.package: found for found in map(read_map, blocks)}


def read_map(block: str) -> CodeMap:
    """Read the nodes, arrows and the subgraph of one Mermaid block."""
    package = re.search(r"%% package (\w+)", block)
    assert package, "a map without its package"
    found = CodeMap(package[1])
    inside = False
    for line in map(str.strip, block.splitlines()):
        if line.startswith("subgraph everywhere"):
            inside = True
        elif line == "end":
            inside = False
        elif arrow := re.fullmatch(r"(\w+) --> (\w+)", line):
            found.arrows.add((arrow[1], arrow[2]))
        elif node := re.fullmatch(r'(\w+)(?:\["(.*)"\])?', line):
            found.rooms[node[1]] = node[2] or ""
            if inside:
                found.everywhere.add(node[1])
        else:
            assert not line or line.startswith(("flowchart", "%%")), f"not understood: {line}"
    return found


def real_rooms(package: str) -> set[str]:
    """Return the folders and modules at the top of a package."""
    folder = PACKAGES[package]
    rooms = {path.parent.name for path in folder.glob("*/__init__.py")}
    return rooms | {path.stem for path in folder.glob("*.py") if path.stem != "__init__"}


def real_arrows(graph: grimp.ImportGraph, package: str) -> set[Arrow]:
    """Return which room of a package imports which; its `__init__` only exports names and is left out."""

    def room(module: str) -> str:
        return module.split(".")[1]

    inside = [module for module in graph.modules if module.startswith(f"{package}.")]
    return {
        (room(module), room(imported))
        for module in inside
        for imported in graph.find_modules_directly_imported_by(module)
        if imported.startswith(f"{package}.") and room(module) != room(imported)
    }


def reachable(arrows: Iterable[Arrow]) -> set[Arrow]:
    """Return the arrows and all that follow from chains of them."""
    closure = set(arrows)
    while True:
        more = {(a, d) for a, b in closure for c, d in closure if b == c} - closure
        if not more:
            return closure
        closure |= more


@dataclass(frozen=True)
class Contracts:
    """The import contracts, as far as they speak of rooms."""

    entries: list[dict[str, list[str]]]

    @classmethod
    def read(cls) -> Contracts:
        """Read them from pyproject.toml."""
        return cls(tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"])

    def against(self, package: str, arrow: Arrow) -> Iterator[str]:
        """Yield the names of the contracts that do not allow an arrow between two rooms of a package."""
        source, target = (f"{package}.{room}" for room in arrow)
        for entry in self.entries:
            if (
                (entry.get("layers") and package in entry["containers"] and _upwards(entry["layers"], arrow))
                or (source in entry.get("source_modules", ()) and target in entry["forbidden_modules"])
                or (target in entry.get("protected_modules", ()) and source not in entry["allowed_importers"])
            ):
                yield str(entry["name"])


def _upwards(layers: list[str], arrow: Arrow) -> bool:
    """Whether an arrow goes up, or sideways, in layers whose rooms are written as `a | b`."""
    height = {room.strip(): -n for n, layer in enumerate(layers) for room in layer.split("|")}
    source, target = (height.get(room) for room in arrow)
    return source is not None and target is not None and source <= target


MAPS = drawn_maps()
EACH_PACKAGE = pytest.mark.parametrize("package", PACKAGES)


@pytest.fixture(scope="module")
def graph() -> grimp.ImportGraph:
    return grimp.build_graph(*PACKAGES, cache_dir=None)


@EACH_PACKAGE
def test_every_room_is_drawn_and_every_drawn_room_exists(package: str) -> None:
    assert set(MAPS[package].rooms) == real_rooms(package)


@EACH_PACKAGE
def test_rooms_within_rooms_are_named_in_their_label(package: str) -> None:
    for room, label in MAPS[package].rooms.items():
        inner = {path.parent.name for path in (PACKAGES[package] / room).glob("*/__init__.py")}
        assert set(re.findall(r"(\w+)/", label.split("<br/>")[0])) == inner, room


@EACH_PACKAGE
def test_every_arrow_is_an_import(graph: grimp.ImportGraph, package: str) -> None:
    assert MAPS[package].arrows - real_arrows(graph, package) == set()


@EACH_PACKAGE
def test_every_import_is_drawn_or_follows_from_arrows(graph: grimp.ImportGraph, package: str) -> None:
    drawn = MAPS[package]
    implied = reachable(drawn.arrows)
    missing = {arrow for arrow in real_arrows(graph, package) - implied if arrow[1] not in drawn.everywhere}
    assert missing == set()


@EACH_PACKAGE
def test_no_arrow_is_drawn_that_follows_from_others(package: str) -> None:
    arrows = MAPS[package].arrows
    assert {arrow for arrow in arrows if arrow in reachable(arrows - {arrow})} == set()


@EACH_PACKAGE
def test_every_arrow_is_allowed_by_the_contracts(package: str) -> None:
    contracts = Contracts.read()
    refused = {
        arrow: names for arrow in MAPS[package].arrows if (names := [*contracts.against(package, arrow)])
    }
    assert refused == {}


@EACH_PACKAGE
def test_every_room_has_its_paragraph(package: str) -> None:
    for room in set(MAPS[package].rooms) - MAPS[package].everywhere:
        assert f"**{room}**" in PAGE, room


@pytest.mark.parametrize(
    ("package", "arrow", "contract"),
    [
        ("gt_consumer", ("runner", "worker"), "the rooms that run a story are layers"),
        ("gt_consumer", ("batch", "doctor"), "the rooms that run a story are layers"),
        (
            "gt_consumer",
            ("report", "storage"),
            "aggregator, control, report and deadletters import common only",
        ),
        ("gt_consumer", ("worker", "studio"), "no room imports the studio"),
        ("gt_common", ("ledger", "report"), "the rooms of common are layers"),
    ],
)
def test_a_forbidden_arrow_would_be_found(package: str, arrow: Arrow, contract: str) -> None:
    assert contract in Contracts.read().against(package, arrow)


STEPS = PAGE.split("## The life of one message\n", 1)[1].split("\n## ", 1)[0]
PLACES = re.findall(r"`(\w+)`(?:\s+a\s+`\w+`)?\s+in\s+\[[^\]]*\]\(\.\./([^)]+)\)", STEPS)


def test_the_life_of_a_message_names_its_places() -> None:
    assert len(PLACES) >= 15
    assert len(re.findall(r"\]\(\.\./[^)]+\.py\)", STEPS)) == len(PLACES)


@pytest.mark.parametrize(("name", "path"), PLACES)
def test_the_places_of_the_life_of_a_message_exist(name: str, path: str) -> None:
    assert re.search(rf"^\s*(async def|def|class) {name}\b", (ROOT / path).read_text(), re.MULTILINE)
