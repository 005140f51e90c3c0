"""What a person sees: lines that move on a terminal, and plain ones everywhere else."""

import logging
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from imgsvc.commands import printable

if TYPE_CHECKING:
    from imgsvc.services.logos.explaining import ExplainedCandidate, Explanation

HEADS = ("#", "Source", "Declared", "Real", "Format", "Points", "Verdict", "URL")
_RIGHT = {"#", "Declared", "Real", "Points"}

LINES_OF_PROGRESS = 20
"""How many lines tell of the progress, at the most, where there is no terminal."""

Count = Callable[[int], None]
"""Told, each time something ends, how much of all has failed so far."""


def error_console() -> Console:
    """Give standard error, as a terminal where it is one."""
    return Console(stderr=True, highlight=False, soft_wrap=True)


class _ConsoleHandler(logging.Handler):
    """Writes log lines so that what moves on the terminal stays whole."""

    def __init__(self, console: Console) -> None:
        super().__init__(logging.WARNING)
        self._console = console

    def emit(self, record: logging.LogRecord) -> None:
        self._console.print(Text(self.format(record)))


@contextmanager
def warnings_on(console: Console) -> Iterator[None]:
    """Write warnings, and nothing less, to *console* until the end of the block."""
    root = logging.getLogger()
    handler = _ConsoleHandler(console)
    handler.setFormatter(logging.Formatter("imgsvc: %(name)s: %(message)s"))
    before = root.level
    root.addHandler(handler)
    root.setLevel(logging.WARNING)
    try:
        yield
    finally:
        root.removeHandler(handler)
        root.setLevel(before)


@contextmanager
def searching(console: Console, text: str) -> Iterator[None]:
    """Show that work is going on until the end of the block; nothing where there is no terminal."""
    if not console.is_terminal:
        yield
        return
    spinner = "dots" if console.encoding.startswith("utf") else "line"
    with console.status(Text(printable(text)), spinner=spinner):
        yield


@contextmanager
def counting(console: Console, total: int) -> Iterator[Count]:
    """Show how much of *total* has ended, called with the failures so far: a bar, or a line now and then."""
    if not console.is_terminal:
        yield _Lines(console, total).count
        return
    columns = (BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(), TextColumn("{task.fields[failed]} failed"))
    with Progress(*columns, console=console) as progress:
        bar = progress.add_task("", total=total, failed=0)
        yield lambda failed: progress.update(bar, advance=1, failed=failed)


class _Lines:
    """Writes a line for each twentieth that has ended, but none for the last: a summary follows."""

    def __init__(self, console: Console, total: int) -> None:
        self._console = console
        self._total = total
        self._every = -(-total // LINES_OF_PROGRESS) or 1
        self._ended = 0

    def count(self, failed: int) -> None:
        self._ended += 1
        if self._ended % self._every == 0 and self._ended < self._total:
            self._console.print(Text(f"{self._ended} of {self._total}, {failed} failed"))


def show_candidates(explained: "Explanation") -> None:
    """Show a search on standard output: a table on a terminal, else plain columns with two spaces between them."""
    rows = candidate_rows(explained)
    if not sys.stdout.isatty():
        click.echo("\n".join([headline(explained), *plain_columns((HEADS, *rows))]))
        return
    console = Console(highlight=False)
    table = Table(title=Text(headline(explained)), title_justify="left")
    for head in HEADS:
        table.add_column(head, justify="right" if head in _RIGHT else "left", overflow="fold")
    for row, candidate in zip(rows, explained["candidates"], strict=True):
        table.add_row(*map(Text, row), style="bold green" if candidate["chosen"] else None)
    console.print(table)


def headline(explained: "Explanation") -> str:
    """Say whose logo was searched for and when, from what ``/api/logo/candidates`` answers."""
    if explained["domain"] is None:
        return "no domain is known for this name"
    return (
        f"{explained['domain']} at {explained['size']} px: {len(explained['candidates'])} candidates, "
        f"searched {explained['searched']}, good until {explained['fresh_until']}"
    )


def candidate_rows(explained: "Explanation") -> list[tuple[str, ...]]:
    """Give a row for each candidate, with the columns of :data:`HEADS`; ``-`` where nothing is known."""
    return [_row(rank, candidate) for rank, candidate in enumerate(explained["candidates"], start=1)]


def _row(rank: int, candidate: "ExplainedCandidate") -> tuple[str, ...]:
    width, height = candidate["width"], candidate["height"]
    points = ", ".join(f"{name} {worth:+g}" for name, worth in candidate["points"].items())
    verdict = f"rejected: {candidate['rejected']}" if candidate["rejected"] else points
    return (
        str(rank),
        candidate["source"],
        _known(candidate["declared_size"]),
        f"{width:g} x {height:g}" if width and height else "-",
        _known(candidate["format"]),
        "-" if candidate["score"] is None else f"{candidate['score']:g}",
        f"chosen: {verdict}" if candidate["chosen"] else verdict,
        candidate["url"],
    )


def _known(value: object) -> str:
    return "-" if value is None else str(value)


def plain_columns(rows: tuple[tuple[str, ...], ...]) -> list[str]:
    """Pad all columns but the last to the width of their longest cell."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
