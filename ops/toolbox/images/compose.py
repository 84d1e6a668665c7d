"""The services of docker-compose.yml: what is run, as whom, with which environment and folders."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import yaml

from toolbox.errors import BrokerError

_VARIABLE = re.compile(r"\$\{(?P<name>[A-Z_]+)(?::(?P<kind>[-?])(?P<rest>[^}]*))?\}")


@dataclass(frozen=True)
class Mount:
    """A folder or file of the host, or a named volume, at a place in the container."""

    source: str
    target: str
    read_only: bool


@dataclass(frozen=True)
class Service:
    """What compose would start. `entrypoint` and `command` are None where the image's are used."""

    name: str
    image: str
    dockerfile: str | None
    entrypoint: tuple[str, ...] | None
    command: tuple[str, ...] | None
    user: str
    working_dir: str
    environment: Mapping[str, str]
    mounts: tuple[Mount, ...]
    tmpfs: tuple[str, ...]
    read_only: bool
    cap_add: tuple[str, ...]
    pids_limit: int


def read_services(path: Path, variables: Mapping[str, str]) -> dict[str, Service]:
    """Return the services of a compose file, with variables filled in as compose does.

    Raises:
        BrokerError: a variable that must be set is missing
    """
    text = _VARIABLE.sub(lambda match: _value(match, variables), path.read_text(encoding="utf-8"))
    return {name: _service(name, raw) for name, raw in yaml.safe_load(text)["services"].items()}


def _value(match: re.Match[str], variables: Mapping[str, str]) -> str:
    value = variables.get(match["name"], "")
    if value or match["kind"] is None:
        return value
    if match["kind"] == "?":
        raise BrokerError(f"{match['name']}: {match['rest']}")
    return match["rest"]


def _service(name: str, raw: Mapping[str, object]) -> Service:
    build, environment = raw.get("build"), raw.get("environment")
    return Service(
        name=name,
        image=str(raw["image"]),
        dockerfile=str(build["dockerfile"]) if isinstance(build, dict) else None,
        entrypoint=_words(raw, "entrypoint") if "entrypoint" in raw else None,
        command=_words(raw, "command") if "command" in raw else None,
        user=str(raw.get("user", "")),
        working_dir=str(raw.get("working_dir", "")),
        environment=_strings(environment) if isinstance(environment, dict) else {},
        mounts=tuple(_mount(text) for text in _words(raw, "volumes")),
        tmpfs=_words(raw, "tmpfs"),
        read_only=raw.get("read_only") is True,
        cap_add=_words(raw, "cap_add"),
        pids_limit=int(str(raw.get("pids_limit", 0))),
    )


def _words(raw: Mapping[str, object], key: str) -> tuple[str, ...]:
    value = raw.get(key, [])
    return tuple(str(word) for word in value) if isinstance(value, list) else ()


def _strings(raw: Mapping[object, object]) -> dict[str, str]:
    return {str(name): "" if value is None else str(value) for name, value in raw.items()}


def _mount(text: str) -> Mount:
    source, target, *mode = text.split(":")
    return Mount(source, target, read_only=mode == ["ro"])
