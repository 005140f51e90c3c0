"""Alerts and dashboard speak of metrics that exist, and every alert says what to do."""

import json
import re
import subprocess

import pytest
import yaml

from tests.support.monitoring import DASHBOARD, OWN_NAMES, PROMETHEUS, dashboard_queries, names_in
from tests.support.process import ROOT
from tests.support.tools import require_tool

RULES = [
    rule
    for group in yaml.safe_load((PROMETHEUS / "alerts.yml").read_text())["groups"]
    for rule in group["rules"]
]  # fmt: skip
ALERTS = {rule["alert"]: rule for rule in RULES if "alert" in rule}
OPERATIONS = (ROOT / "docs" / "operations.md").read_text()


def test_rules_ask_for_metrics_that_exist():
    """No alert waits for a metric that nobody gives."""
    asked = {name for rule in RULES for name in names_in(rule["expr"])}

    assert asked
    assert asked <= OWN_NAMES


@pytest.mark.parametrize("name", ALERTS)
def test_an_alert_says_what_to_do(name):
    """Each has a summary, a description, and a section of its own in the operations page."""
    annotations = ALERTS[name]["annotations"]

    assert annotations["summary"]
    assert annotations["description"].endswith(".")
    assert annotations["runbook"] == f"docs/operations.md#{name.lower()}"
    assert re.search(rf"^### {name}\n\n\S", OPERATIONS, re.MULTILINE)


def test_no_section_is_about_an_alert_that_is_gone():
    """The sections of the operations page and the alerts are the same."""
    assert set(re.findall(r"^### (Imgsvc\w+)$", OPERATIONS, re.MULTILINE)) == set(ALERTS)


def test_the_operations_page_names_metrics_that_exist():
    """What an operator is told to look at is there."""
    assert names_in(OPERATIONS) <= OWN_NAMES


def test_every_alert_is_tried():
    """Each is expected to fire somewhere in the rules' own tests."""
    tried = "".join(path.read_text() for path in PROMETHEUS.glob("*.test.yml"))

    assert {name for name in ALERTS if f'alertname="{name}"' not in tried} == set()


@pytest.mark.slow
@pytest.mark.parametrize(
    "command",
    ["check config prometheus.yml", "check rules alerts.yml", "test rules alerts.test.yml alerts.day.test.yml"],
)
def test_promtool_agrees(command):
    """The files are well-formed, and alerts fire when they should and not before."""
    checked = subprocess.run(
        [require_tool("promtool"), *command.split()], cwd=PROMETHEUS, capture_output=True, text=True, check=False
    )
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_the_dashboard_asks_for_metrics_that_exist():
    """Every query of every panel names metrics of ours, or the client library's."""
    queries = dict(dashboard_queries())

    assert len(queries) > 20
    for title, query in queries.items():
        names = names_in(query) | set(re.findall(r"\bprocess_\w+", query))
        assert names, title
        assert names - {"process_cpu_seconds_total", "process_start_time_seconds"} <= OWN_NAMES, title


def test_panels_lie_beside_each_other():
    """No panel covers another, none is out of the grid of 24 columns, and no number is given twice."""
    panels = json.loads(DASHBOARD.read_text())["panels"]
    cells = [
        (x, y)
        for place in (panel["gridPos"] for panel in panels)
        for x in range(place["x"], place["x"] + place["w"])
        for y in range(place["y"], place["y"] + place["h"])
    ]

    assert len(cells) == len(set(cells))
    assert max(x for x, _ in cells) == 23
    assert len({panel["id"] for panel in panels}) == len(panels)
