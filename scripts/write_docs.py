"""Write the pages of ``docs/`` that are made from the code: settings, command line and metrics."""

from collections.abc import Iterator
from pathlib import Path
from typing import Literal, get_args, get_origin

from imgsvc.settings import documented
from imgsvc.settings.setting import Setting
from imgsvc.settings.values import shown
from imgsvc.web.metrics import BOUNDS, PER_DECADE
from imgsvc.web.prometheus.definitions import BUILD, DURATION, GROUPS, LEFT_OUT
from imgsvc.web.prometheus.metric import PREFIX
from scripts.command_page import page as commands_page

DOCS = Path(__file__).parent.parent / "docs"

_UNITS = {"seconds": "s", "bytes": "bytes", "px": "px", "pixels": "px"}
"""How a field's own name says its unit, and how the page does."""

_CONFIGURATION_HEAD = """\
# Configuration

*Made from the settings' own definitions by `make docs`; do not edit.*

All settings are read once, at start, from the environment and from a `.env` file in the working directory; the
environment wins. A value that makes no sense ends the program with exit code 2 and one line for each fault; an unknown
`IMGSVC_*` name is a warning with the nearest known one. `imgsvc config` prints what is in force.
`S3_SERVER_URL` is another name for `S3_ENDPOINT_URL`.
"""

_METRICS_HEAD = """\
# Metrics

*Made from the metrics' own definitions by `make docs`; do not edit.*

`GET /metrics` gives these for Prometheus; `GET /api/health/metrics` gives the same numbers as JSON. Counters begin at 0
with the process, and a label's value appears with its first sample. No label holds what a client or a source has sent:
`route` is one of the routes or `unknown`, all others come from short lists in the code. `process_*` and `python_info`
are the client library's own.
"""


def configuration() -> str:
    """Make ``docs/configuration.md``."""
    return "\n".join([_CONFIGURATION_HEAD, *_rows()]) + "\n"


def _rows() -> Iterator[str]:
    seen = ""
    for group_name, group, setting in documented():
        if group_name != seen:
            seen = group_name
            yield f"\n## {group_name.capitalize()}\n\n{group.__doc__}\n"
            yield "| setting | default | takes | |\n|---|---|---|---|"
        default = shown(setting.default)
        text = setting.env.description.replace("|", "\\|") + (" A secret: shown as `***`." if setting.is_secret else "")
        yield f"| `{setting.name}` | {f'`{default}`' if default else ''} | {_takes(setting)} | {text} |"


def _takes(setting: Setting) -> str:
    """Say which words a setting takes, or in which unit it is; empty = its sentence says so."""
    if setting.kind is bool:
        return "`0`, `1`"
    if get_origin(setting.kind) is Literal:
        return ", ".join(f"`{choice}`" for choice in get_args(setting.kind))
    return _UNITS.get(setting.attribute.rpartition("_")[2], "")


def metrics() -> str:
    """Make ``docs/metrics.md``."""
    return "\n".join([_METRICS_HEAD, *_metric_rows(), *_left_out_rows()]) + "\n"


def _metric_rows() -> Iterator[str]:
    for group, members in GROUPS:
        yield f"## {group}\n\n| metric | labels | |\n|---|---|---|"
        for metric in members:
            yield _metric_row(metric.full_name, metric.labels, metric.text)
        if group == "Requests":
            bounds = ", ".join(f"{bound:g}" for bound in BOUNDS[:: PER_DECADE // 2])
            text = f"{DURATION[1]} A histogram with the bounds {bounds} s."
            yield _metric_row(PREFIX + DURATION[0], ("route", "tier"), text)
        if group == "Health":
            yield _metric_row(f"{PREFIX}{BUILD[0]}_info", ("version",), BUILD[1])
        yield ""


def _metric_row(name: str, labels: tuple[str, ...], text: str) -> str:
    return f"| `{name}` | {', '.join(f'`{label}`' for label in labels)} | {text} |"


def _left_out_rows() -> Iterator[str]:
    yield "## What has no metric\n\n| in the JSON | why |\n|---|---|"
    for path, why in LEFT_OUT.items():
        yield f"| `{path}` | {why} |"


if __name__ == "__main__":
    (DOCS / "configuration.md").write_text(configuration())
    (DOCS / "commands.md").write_text(commands_page())
    (DOCS / "metrics.md").write_text(metrics())
