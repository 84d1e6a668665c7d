"""Variables that are almost settings."""

from __future__ import annotations

import pytest

from gt_common.log import configure_logging
from gt_common.log.mistyped import mistyped
from gt_common.settings import Settings, load_settings

KNOWN = [f"GT_{field.upper()}" for field in Settings.model_fields]


@pytest.mark.parametrize(
    ("name", "meant"),
    [("GT_MAX_ATEMPTS", "GT_MAX_ATTEMPTS"), ("GT_OUTPT", "GT_OUTPUT"), ("GT_PREFECTH", "GT_PREFETCH")],
)
def test_a_name_that_is_almost_a_setting_is_found(name: str, meant: str) -> None:
    assert mistyped([name], KNOWN) == {name: meant}


@pytest.mark.parametrize(
    "name",
    [
        "GT_OUTPUT",
        "GT_STUDIO_VOICES",
        "GT_TEST_AMQP_URL",
        "GT_STORY_FILE",
        "GT_RESULT_FD",
        "GT_BATCH",
        "GT_CHAOS",
    ],
)
def test_a_name_with_a_meaning_of_its_own_is_not(name: str) -> None:
    assert mistyped([name], KNOWN) == {}


def test_a_command_warns_of_it(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("GT_MAX_ATEMPTS", "5")
    configure_logging(load_settings(log_format="json"))
    said = capsys.readouterr().err
    assert '"name": "GT_MAX_ATEMPTS", "hint": "did you mean GT_MAX_ATTEMPTS?"' in said
    assert said.count("variable_ignored") == 1
