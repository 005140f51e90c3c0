"""
What a start imports and what that takes, by ``-X importtime``: the table of ``docs/start.md``.

``python -m scripts.measure_start FOLDER`` compares this tree with another one, such as a checkout of an earlier commit:
both in turn. Each module counts with the least time of all runs, without what it imports itself.
"""

import argparse
import datetime as dt
import os
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path

from bench.__main__ import machine

RUNS = 9
MOST_ROWS = 26
BARE = "import gc; gc.disable(); import pyvips; from aiohttp import web"
OURS = f"""
{BARE}
import os
from imgsvc import allocator
try:
    import imgsvc.commands.serving, imgsvc.commands.streams
except ImportError:
    import imgsvc.cli
os.environ.update(getattr(allocator, 'BEFORE_LIBRARIES', {{}}))
import imgsvc.settings, imgsvc.app, imgsvc.web.tracing
"""
"""What ``serve`` imports, in one thread; of an earlier commit, by way of click."""

_LINE = re.compile(r"import time:\s+(\d+) \|\s+\d+ \|\s*(\S+)")


def imported(statements: str, tree: Path) -> dict[str, int]:
    """Run *statements* in a Python of their own; give µs by module."""
    environ = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ} | {"PYTHONPATH": str(tree)}
    command = [sys.executable, "-X", "importtime", "-c", statements]
    said = subprocess.run(command, cwd=tree, env=environ, capture_output=True, text=True, check=True).stderr
    return {match[2]: int(match[1]) for line in said.splitlines() if (match := _LINE.match(line))}


def least(runs: Iterable[Mapping[str, int]]) -> dict[str, int]:
    """Give the least µs of each module."""
    least: dict[str, int] = {}
    for run in runs:
        for name, us in run.items():
            least[name] = min(us, least.get(name, us))
    return least


def group_of(module: str) -> str:
    """Give what a module is counted with: its package, of our own the room."""
    parts = module.split(".")
    return ".".join(parts[:2]) if parts[0] == "imgsvc" and len(parts) > 1 else parts[0]


def grouped(times: Mapping[str, int]) -> tuple[Counter[str], Counter[str]]:
    """Give the number of modules and their µs by group."""
    counts, totals = Counter(), Counter()
    for name, us in times.items():
        counts[group_of(name)] += 1
        totals[group_of(name)] += us
    return counts, totals


def cells(counts: Counter[str], totals: Counter[str], names: Iterable[str]) -> str:
    """Write number and time of some groups together."""
    names = list(names)
    count, us = sum(counts[name] for name in names), sum(totals[name] for name in names)
    return f"{count} | {us / 1000:.1f}" if count else "– | –"


def table(bare: Mapping[str, int], before: Mapping[str, int], after: Mapping[str, int]) -> list[str]:
    """Write both beside each other, by what takes the most time beyond what the bare application imports too."""
    sides = [grouped({n: us for n, us in side.items() if n not in bare}) for side in (before, after)]
    names = [name for name, _ in (sides[0][1] | sides[1][1]).most_common()]
    rows = [(f"`{name}`", [name]) for name in names[:MOST_ROWS]]
    rows += [("all others", names[MOST_ROWS:]), ("**beyond the bare application**", names)]
    return [
        "| package or room | modules before | ms | modules after | ms |",
        "|---|---|---|---|---|",
        *(f"| {title} | {' | '.join(cells(*side, group) for side in sides)} |" for title, group in rows),
        f"| the bare application, in the same runs | {' | '.join([cells(*grouped(bare), grouped(bare)[0])] * 2)} |",
    ]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("before", type=Path)
    before, here = parser.parse_args().before, Path(__file__).parents[1]
    plan = ((BARE, here), (OURS, before), (OURS, here))
    runs = [[imported(statements, tree) for statements, tree in plan] for _ in range(RUNS)]
    print(f"{dt.datetime.now(dt.UTC):%Y-%m-%d}, {machine()}, the least of {RUNS} runs in turn\n")
    print("\n".join(table(*(least(side) for side in zip(*runs, strict=True)))))


if __name__ == "__main__":
    main()
