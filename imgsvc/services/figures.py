"""Figures as JSON has them."""

from typing import TypedDict

from imgsvc.pressure.readings import Trend


class MemoryFigures(TypedDict):
    """
    One reading of the memory.

    Attributes:
        rss_bytes: resident size of this process and its workers.
        peak_bytes: the largest one read so far.
        budget_bytes: what they may use.
        ratio: of the resident size to the budget.
        state: the level of the ladder.
        since_s: how long it has been on that level.
        trend: where the size is going.
    """

    rss_bytes: int
    peak_bytes: int
    budget_bytes: int
    ratio: float
    state: str
    since_s: float
    trend: Trend
