"""Which of two programs the command `gossiptoon` is."""

from __future__ import annotations

import sysconfig
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from gt_common.settings import load_settings
from gt_consumer.doctor import names
from gt_consumer.doctor.names import look_at_names

OURS = EntryPoint("gossiptoon", "gt_producer.umbrella:main", "console_scripts")
THEIRS = EntryPoint("gossiptoon", "gossiptoon.main:cli", "console_scripts")


@pytest.mark.parametrize(
    ("installed", "script", "found"),
    [
        ([OURS, THEIRS], "from gt_producer.umbrella import main", ("ok", "hands GossipToon's own commands")),
        ([OURS, THEIRS], "from gossiptoon.main import cli", ("warn", "GossipToon's own command;")),
        ([THEIRS, OURS], None, ("warn", "is missing")),
        ([THEIRS], None, ("warn", "is missing")),
        ([OURS], "from gt_producer.umbrella import main", None),
        ([THEIRS], "from gossiptoon.main import cli", None),
        ([], None, None),
    ],
)
def test_it_says_which_program_the_command_is_where_both_are_installed(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    installed: list[EntryPoint],
    script: str | None,
    found: tuple[str, str] | None,
) -> None:
    monkeypatch.setattr(names, "entry_points", lambda **_: installed)
    monkeypatch.setattr(sysconfig, "get_path", lambda _: str(tmp_path))
    if script is not None:
        (tmp_path / "gossiptoon").write_text(script)
    findings = list(look_at_names(load_settings()))
    if found is None:
        assert findings == []
    else:
        [finding] = findings
        assert finding.level == found[0]
        assert found[1] in finding.says
