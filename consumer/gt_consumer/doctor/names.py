"""The command `gossiptoon`, which GossipToon itself has as well: which of the two it is here."""

from __future__ import annotations

import sysconfig
from collections.abc import Iterator
from importlib.metadata import entry_points
from pathlib import Path

from gt_common.settings import Settings
from gt_consumer.doctor.finding import Finding, ok, warn

_NAME = "gossiptoon"
_CURE = "pip install --force-reinstall --no-deps "


def look_at_names(_settings: Settings) -> Iterator[Finding]:
    """Report which program `gossiptoon` is, where GossipToon itself is installed.

    pip overwrites one with the other, and uninstalling either removes the file of both.
    """
    targets = [point.value for point in entry_points(group="console_scripts", name=_NAME)]
    ours = [target for target in targets if target.startswith("gt_")]
    if len(ours) == len(targets):
        return
    try:
        script = (Path(sysconfig.get_path("scripts")) / _NAME).read_text(errors="replace")
    except OSError:
        package = "gt-producer" if ours else "GossipToon (or use `python -m gossiptoon.main`)"
        yield warn(_NAME, "the command is missing, although GossipToon is installed", _CURE + package)
        return
    if any(target.partition(":")[0] in script for target in ours):
        yield ok(_NAME, "this project's command, which hands GossipToon's own commands over to it")
    elif ours:
        yield warn(_NAME, "GossipToon's own command; this project's are gt-…", f"{_CURE}gt-producer")
