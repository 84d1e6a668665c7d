"""The figures that the page shows: kept in benchmarks/results.json, with what they were measured on."""

from __future__ import annotations

import json
import os
import platform
import sqlite3
import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import psutil

from bench.figures import Figure
from bench.places import ROOT

FILE = ROOT / "benchmarks" / "results.json"
LIBRARIES = ("aio-pika", "celery", "dramatiq", "faststream", "taskiq", "pydantic", "SQLAlchemy", "psycopg")

Key = tuple[str, str, str]


@dataclass(frozen=True)
class Measured:
    """The figures of a script."""

    script: str
    figures: tuple[Figure, ...]
    seconds: float = 0.0
    failure: str = ""


@dataclass(frozen=True)
class Results:
    """Figures of the whole benchmark and of its quick set, by script.

    Parameters:
        surroundings: machine and versions, as words by name
        against: the revision of `before`; empty if there was none
    """

    surroundings: Mapping[str, str] = field(default_factory=dict)
    against: str = ""
    full: tuple[Measured, ...] = ()
    quick: tuple[Measured, ...] = ()

    def shown(self) -> tuple[Measured, ...]:
        """Return the figures of the table: of a full run, or of a quick one for a script without such."""
        full = {measured.script: measured for measured in self.full}
        quick = {measured.script: measured for measured in self.quick}
        return tuple((quick | full)[script] for script in sorted(quick | full))

    def replaced(self, fresh: Results) -> Results:
        """Return these results with the scripts of a fresh run replaced, the others kept."""

        def merged(old: Iterable[Measured], new: Iterable[Measured]) -> tuple[Measured, ...]:
            found = {measured.script: measured for measured in (*old, *new)}
            return tuple(found[script] for script in sorted(found))

        return Results(
            fresh.surroundings,
            fresh.against or self.against,
            merged(self.full, fresh.full),
            merged(self.quick, fresh.quick),
        )

    def write(self, file: Path = FILE) -> None:
        """Write the file."""
        document = {
            "surroundings": dict(self.surroundings),
            "against": self.against,
            "full": [_plain(measured) for measured in self.full],
            "quick": [_plain(measured) for measured in self.quick],
        }
        file.write_text(json.dumps(document, indent=1) + "\n")

    @classmethod
    def load(cls, file: Path = FILE) -> Results:
        """Read the file; no results if there is none."""
        if not file.exists():
            return cls()
        document = json.loads(file.read_text())
        full, quick = (tuple(map(_measured, document[name])) for name in ("full", "quick"))
        return cls(document["surroundings"], document["against"], full, quick)


def ratios(measured: Iterable[Measured]) -> dict[Key, float]:
    """Return the ratios by script, measure and what it is beside."""
    return {
        (one.script, figure.measure, figure.beside): figure.ratio
        for one in measured
        for figure in one.figures
        if figure.ratio is not None
    }


def surroundings(broker: str) -> dict[str, str]:
    """Return what the figures depend on: day, revision, machine and versions."""
    model = next(
        (
            line.split(":", 1)[1].strip()
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if line.startswith("model name")
        ),
        platform.machine(),
    )
    memory = psutil.virtual_memory().total / 2**30
    return {
        "day": datetime.now(UTC).date().isoformat(),
        "revision": _revision(),
        "machine": f"{os.cpu_count()} cores of {model}, {memory:.0f} GiB of memory",
        "load before": f"{os.getloadavg()[0]:.1f} processes",
        "system": f"{platform.system()} {platform.release()}, Python {platform.python_version()}",
        "broker": broker,
        "SQLite": sqlite3.sqlite_version,
        "libraries": ", ".join(f"{name} {found}" for name in LIBRARIES if (found := _version(name))),
    }


def _version(library: str) -> str:
    try:
        return version(library)
    except PackageNotFoundError:
        return ""


def _revision() -> str:
    command = ["git", "describe", "--always", "--dirty", "--abbrev=12", "--exclude=*"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    return done.stdout.strip() or "unknown"


def _plain(measured: Measured) -> dict[str, object]:
    document = asdict(measured)
    figures = [json.loads(figure.line()) for figure in measured.figures]
    return document | {"figures": figures, "seconds": round(measured.seconds, 1)}


def _measured(document: dict[str, object]) -> Measured:
    figures = document["figures"]
    assert isinstance(figures, list)
    lines = tuple(Figure.read(json.dumps(figure)) for figure in figures)
    return Measured(str(document["script"]), lines, float(str(document["seconds"])), str(document["failure"]))
