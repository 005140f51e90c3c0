"""``make bench``: one script for each claim the README makes, one run, ratios; a table of the limits at its end."""

import platform
import sys
from pathlib import Path

import click
from rich.console import Console

from bench.runner import run, summary

PARTS = (
    "hits",
    "stale",
    "transforms",
    "queueing",
    "store",
    "coalescing",
    "logos",
    "sharing",
    "vision",
    "pages",
    "cards",
    "start",
)
"""Modules of this package, each with an ``async def measure() -> list[Line]``, in the order in which they run."""

PLAIN_COLUMNS = 160
"""How wide the table may be where it is written to a file."""


def machine() -> str:
    """Name the machine the figures are of."""
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    cpus = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return f"{len(cpus)} × {cpus[0] if cpus else platform.processor()}, Python {platform.python_version()}"


@click.command()
@click.argument("parts", nargs=-1, type=click.Choice(PARTS))
@click.option("--strict", is_flag=True, help="Exit with 1 when a limit is not reached or a part fails.")
def main(parts: tuple[str, ...], *, strict: bool) -> None:
    """Measure PARTS, or all of them, and print the figures beside their limits."""
    console = Console(width=None if sys.stdout.isatty() else PLAIN_COLUMNS)
    console.print(machine(), markup=False, highlight=False)
    outcomes = run(parts or PARTS, console)
    console.print(summary(outcomes), highlight=False)
    sys.exit(strict and not all(outcome.reached for outcome in outcomes))


if __name__ == "__main__":
    main()
