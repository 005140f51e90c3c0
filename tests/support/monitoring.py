"""What is shipped for Prometheus and Grafana, and the names of metrics in it."""

import json
import re
from collections.abc import Iterator
from typing import Any

from imgsvc.web.prometheus.definitions import BUILD, DURATION, METRICS
from imgsvc.web.prometheus.metric import PREFIX
from tests.support.process import ROOT

PROMETHEUS = ROOT / "deploy" / "prometheus"
DASHBOARD = ROOT / "deploy" / "grafana" / "imgsvc.json"

OWN_NAMES = {
    *(metric.full_name for metric in METRICS),
    *(f"{PREFIX}{DURATION[0]}_{part}" for part in ("bucket", "sum", "count")),
    f"{PREFIX}{BUILD[0]}_info",
}


def names_in(text: str) -> set[str]:
    """Find the names of our metrics in a query or a text; those of recording rules have colons."""
    return set(re.findall(r"\bimgsvc_\w+", text))


def dashboard_queries() -> Iterator[tuple[str, str]]:
    """Give title and query of every target of every panel, variables filled in."""
    dashboard: dict[str, Any] = json.loads(DASHBOARD.read_text())
    for panel in dashboard["panels"]:
        for target in panel.get("targets", ()):
            yield panel["title"], filled(target["expr"])
    for annotation in dashboard["annotations"]["list"]:
        yield annotation["name"], filled(annotation["expr"])


def documented_queries() -> list[str]:
    """Give the queries that the operations page teaches."""
    page = (ROOT / "docs" / "operations.md").read_text()
    block = page.partition("in PromQL:\n\n```promql\n")[2].partition("\n```")[0]
    return [line for line in block.splitlines() if not line.startswith("#")]


def filled(query: str) -> str:
    """Put in for a variable what Grafana would where all is chosen."""
    return query.replace("$__rate_interval", "1m").replace("$job", ".*").replace("$instance", ".*")
