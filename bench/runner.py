"""Runs the parts of ``make bench`` one after another, whatever becomes of each, and sums up."""

import asyncio
import importlib
import time
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import pytest
from rich.console import Console
from rich.progress import Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from bench.figures import Figure, Line


@dataclass(frozen=True)
class Outcome:
    """What a part has come to: its lines, or why there are none."""

    part: str
    lines: Sequence[Line] = ()
    left_out: str = ""
    failure: str = ""

    @property
    def figures(self) -> list[Figure]:
        """Those of its lines that have a limit."""
        return [line for line in self.lines if isinstance(line, Figure)]

    @property
    def reached(self) -> bool:
        """Whether it was measured, or could not be here, and every limit is kept."""
        return not self.failure and all(figure.holds for figure in self.figures)


def outcome_of(part: str) -> Outcome:
    """Run ``bench.<part>``'s ``measure()``; a failure is printed and is an outcome, as is a program that lacks."""
    try:
        return Outcome(part, asyncio.run(importlib.import_module(f"bench.{part}").measure()))
    except pytest.skip.Exception as lacking:  # what require_tool() says where there is no test
        return Outcome(part, left_out=str(lacking))
    except Exception as error:  # noqa: BLE001 - whatever it is, the other parts are measured
        traceback.print_exc()
        return Outcome(part, failure=f"{type(error).__name__}: {error}")


def run(parts: Sequence[str], console: Console) -> list[Outcome]:
    """Run *parts* in their order; print which one is at work, and its lines when they are there."""
    began, outcomes = time.monotonic(), []
    for n, part in enumerate(parts, 1):
        console.print(f"[{part}] {n} of {len(parts)}, {time.monotonic() - began:.0f} s", markup=False, highlight=False)
        with _clock(part, console):
            outcome = outcome_of(part)
        for line in _lines(outcome):
            console.print(str(line), markup=False, highlight=False, soft_wrap=True)
        outcomes.append(outcome)
    return outcomes


def _lines(outcome: Outcome) -> list[Line]:
    if outcome.left_out or outcome.failure:
        return [f"  left out: {outcome.left_out}" if outcome.left_out else f"  failed: {outcome.failure}"]
    return list(outcome.lines)


@contextmanager
def _clock(part: str, console: Console) -> Iterator[None]:
    """Show on a terminal how long the part has been at work, once a second: it must not cost what is measured."""
    columns = (TextColumn("{task.description}"), TimeElapsedColumn())
    quiet = not console.is_terminal
    with Progress(*columns, console=console, transient=True, refresh_per_second=1, disable=quiet) as progress:
        progress.add_task(part, total=None)
        yield


def summary(outcomes: Sequence[Outcome]) -> Table:
    """Draw the table of all that has a limit, and of what was not measured."""
    table = Table("part", "figure", "measured", "limit", "holds", box=None, pad_edge=False)
    for outcome in outcomes:
        for figure in outcome.figures:
            table.add_row(outcome.part, figure.name, figure.measured, figure.wanted, figure.verdict)
        if outcome.left_out:
            table.add_row(outcome.part, outcome.left_out, "", "", "left out")
        if outcome.failure:
            table.add_row(outcome.part, outcome.failure, "", "", "failed")
    return table
