"""The Grafana board and the alerts ask for series that are exported; promtool finds no fault in the rules."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from gt_common.metrics.catalogue import ALL

ROOT = Path(__file__).resolve().parents[3]
PROMETHEUS, GRAFANA = ROOT / "ops" / "prometheus", ROOT / "ops" / "grafana"
BOARD: dict[str, Any] = json.loads((GRAFANA / "boards" / "gossiptoon.json").read_text())
RULES: list[dict[str, Any]] = yaml.safe_load((PROMETHEUS / "alerts.yml").read_text())["groups"][0]["rules"]
SELECTOR = re.compile(r"\b(gt_\w+)(?:\{([^}]*)\})?")
MATCHER = re.compile(r"(\w+)\s*[!=]~?")
GROUPING = re.compile(r"\b(?:by|on) \(([^)]*)\)")
COMMANDS = {
    "check rules": ("check", "rules", "alerts.yml"),
    "test rules": ("test", "rules", "alerts.test.yml"),
    "check config": ("check", "config", "prometheus.yml"),
}


def series() -> dict[str, set[str]]:
    """Every series that the code exports, with its labels, those that Prometheus adds included."""
    found: dict[str, set[str]] = {}
    for metric in ALL:
        labels = {*metric.labels, "instance", "job"}
        if metric.kind == "histogram":
            found |= {f"{metric.name}_{end}": labels for end in ("sum", "count")}
            found[f"{metric.name}_bucket"] = labels | {"le"}
        else:
            found[metric.name] = labels
    return found


EXPORTED = series()


def expressions() -> Iterator[str]:
    for panel in BOARD["panels"]:
        yield from (target["expr"] for target in panel["targets"])
    yield from (rule["expr"] for rule in RULES)


@pytest.mark.parametrize("expression", list(expressions()))
def test_each_series_that_is_asked_for_exists_with_its_labels(expression: str) -> None:
    asked = SELECTOR.findall(expression)
    assert asked
    for name, matchers in asked:
        assert name in EXPORTED
        assert set(MATCHER.findall(matchers)) <= EXPORTED[name]
    grouped = {label for group in GROUPING.findall(expression) for label in re.split(r",\s*", group)}
    assert grouped <= set().union(*(EXPORTED[name] for name, _ in asked))


def test_the_board_shows_every_metric() -> None:
    shown = {name for panel in BOARD["panels"] for target in panel["targets"]
             for name, _ in SELECTOR.findall(target["expr"])}  # fmt: skip
    assert {re.sub("_bucket$", "", name) for name in shown} == {metric.name for metric in ALL}


def test_the_panels_of_the_board_lie_beside_each_other() -> None:
    taken: set[tuple[int, int]] = set()
    for panel in BOARD["panels"]:
        place = panel["gridPos"]
        columns, rows = range(place["x"], place["x"] + place["w"]), range(place["y"], place["y"] + place["h"])
        cells = {(column, row) for column in columns for row in rows}
        assert not cells & taken, panel["title"]
        assert max(columns) < 24
        taken |= cells
    assert len({panel["id"] for panel in BOARD["panels"]}) == len(BOARD["panels"])


def test_grafana_finds_the_board_and_prometheus() -> None:
    provided = yaml.safe_load((GRAFANA / "provisioning" / "dashboards" / "gossiptoon.yml").read_text())
    assert provided["providers"][0]["options"]["path"] == "/etc/grafana/boards"
    [source] = yaml.safe_load((GRAFANA / "provisioning" / "datasources" / "prometheus.yml").read_text())[
        "datasources"
    ]
    assert source["type"] == "prometheus"
    # The board asks whichever source of this type is chosen at its top.
    [variable] = BOARD["templating"]["list"]
    assert (variable["type"], variable["query"]) == ("datasource", "prometheus")
    assert all(panel["datasource"]["uid"] == f"${{{variable['name']}}}" for panel in BOARD["panels"])


def test_every_alert_is_tried_where_it_fires_or_where_it_must_not() -> None:
    tests = yaml.safe_load((PROMETHEUS / "alerts.test.yml").read_text())["tests"]
    tried = {case["alertname"] for test in tests for case in test["alert_rule_test"]}
    assert tried == {rule["alert"] for rule in RULES}


@pytest.mark.parametrize("name", COMMANDS)
def test_promtool_finds_no_fault(name: str) -> None:
    promtool = os.environ.get("GT_TEST_PROMTOOL") or shutil.which("promtool")
    if promtool is None:
        if os.environ.get("GITHUB_ACTIONS"):
            pytest.fail("promtool is missing: the workflow installs it with Debian's package prometheus")
        pytest.skip("promtool is missing: install Debian's package prometheus, or set GT_TEST_PROMTOOL")
    done = subprocess.run(
        [promtool, *COMMANDS[name]], cwd=PROMETHEUS, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stdout + done.stderr
