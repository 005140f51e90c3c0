"""
A figure that has a limit: what a part of ``make bench`` gives among its lines, so that the end can sum up.

::

    async def measure() -> list[Line]:
        return [f"store reads: {ours:.0f}/s", at_most("by an unsigned GET", ratio, 1.3)]
"""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class Figure:
    """
    A measured value and what it should be; as text one indented line that says whether it is.

    Args:
        name: what was measured, by what.
        value: what was found.
        limit: what it should be; itself within.
        below: whether the limit is the most it may be, else the least.
        unit: of both; empty for a ratio or a count.
        digits: behind the point, as printed; compared is what was found.
    """

    name: str
    value: float
    limit: float
    below: bool
    unit: str = ""
    digits: int = 2

    @property
    def holds(self) -> bool:
        """Whether the limit is kept."""
        return self.value <= self.limit if self.below else self.value >= self.limit

    @property
    def measured(self) -> str:
        """The value with its unit."""
        return self._said(self.value)

    @property
    def wanted(self) -> str:
        """The limit with its unit, and which way."""
        return f"{'at most' if self.below else 'at least'} {self._said(self.limit)}"

    @property
    def verdict(self) -> str:
        """The answer in a word or two."""
        return "ok" if self.holds else "not reached"

    def _said(self, value: float) -> str:
        return f"{value:.{self.digits}f} {self.unit}".rstrip()

    def __str__(self) -> str:
        return f"  {self.name}: {self.measured} ({self.wanted}: {self.verdict})"


Line = str | Figure
"""What a part gives: a line to print, or a figure with a limit."""


def at_most(name: str, value: float, limit: float, unit: str = "", *, digits: int = 2) -> Figure:
    """Make a figure that is good when it is small."""
    return Figure(name, value, limit, below=True, unit=unit, digits=digits)


def at_least(name: str, value: float, limit: float, unit: str = "", *, digits: int = 2) -> Figure:
    """Make a figure that is good when it is large."""
    return Figure(name, value, limit, below=False, unit=unit, digits=digits)


def dumped(lines: Iterable[Line]) -> str:
    """Write lines and figures for another process, see :func:`loaded`."""
    return json.dumps([line if isinstance(line, str) else asdict(line) for line in lines])


def loaded(text: str | bytes) -> list[Line]:
    """Read what a part that measures in a process of its own has written by :func:`dumped`."""
    return [line if isinstance(line, str) else Figure(**line) for line in json.loads(text)]
