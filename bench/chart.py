"""Line charts as SVG text, and as PNG by way of libvips: no plotting library is needed for one picture."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path

import pyvips

WIDTH, HEIGHT = 900, 520
LEFT, RIGHT, TOP, BOTTOM = 80, 40, 92, 68
COLOURS = ("#b3261e", "#1f5fa8", "#2e7d32", "#8a5a00")
STEPS = (1, 2, 5, *(part * power for power in (1, 10, 100, 1000) for part in (10, 20, 25, 50)), 100_000)
TICKS = 7


@dataclass(frozen=True, slots=True)
class Line:
    """One line: points in the units of the axes, by rising x."""

    name: str
    points: Sequence[tuple[float, float]]


@dataclass(frozen=True, slots=True)
class Chart:
    """
    Lines on two axes that begin at zero.

    Attributes:
        title: above it all.
        x_label: with the unit.
        y_label: with the unit.
        lines: drawn in this order, four at most.
        mark: an x to draw an upright line at, and what to write beside it.
    """

    title: str
    x_label: str
    y_label: str
    lines: Sequence[Line]
    mark: tuple[float, str] | None = None

    def svg(self) -> str:
        """Draw it."""
        parts = [
            (
                f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{HEIGHT}" '
                f'role="img" aria-label="{escape(self.title)}" '
                'font-family="DejaVu Sans, Arial, sans-serif" font-size="14" fill="#222">'
            ),
            f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/>',
            _text(LEFT, 30, self.title, size=18),
            *self._axes(),
            *self._mark(),
            *(part for n, line in enumerate(self.lines) for part in self._line(n, line)),
            "</svg>",
        ]
        return "\n".join(parts)

    def save(self, path: Path) -> None:
        """Draw it into a file: SVG where the name says so, else PNG, twice as large to be sharp on dense screens."""
        if path.suffix == ".svg":
            path.write_text(self.svg() + "\n")
            return
        image = pyvips.Image.svgload_buffer(self.svg().encode(), scale=2).flatten(background=[255, 255, 255])
        image.pngsave(str(path), palette=True, compression=9)

    def _most(self, axis: int) -> float:
        most = max(point[axis] for line in self.lines for point in line.points)
        step = _step(most)
        return (int(most / step - 1e-9) + 1) * step

    def _at(self, x: float, y: float) -> tuple[float, float]:
        across, up = WIDTH - LEFT - RIGHT, HEIGHT - TOP - BOTTOM
        return LEFT + across * x / self._most(0), HEIGHT - BOTTOM - up * y / self._most(1)

    def _axes(self) -> list[str]:
        (left, bottom), (right, top) = self._at(0, 0), self._at(self._most(0), self._most(1))
        parts = []
        for value in _ticks(self._most(1)):
            y = self._at(0, value)[1]
            parts += [_stroke(left, y, right, y, "#ddd"), _text(left - 8, y + 5, f"{value:g}", anchor="end")]
        for value in _ticks(self._most(0)):
            x = self._at(value, 0)[0]
            parts += [_stroke(x, bottom, x, bottom + 5), _text(x, bottom + 22, f"{value:g}", anchor="middle")]
        return [
            *parts,
            _stroke(left, bottom, right, bottom),
            _stroke(left, top, left, bottom),
            _text((left + right) / 2, HEIGHT - 16, self.x_label, anchor="middle"),
            (
                f'<g transform="translate(16 {(top + bottom) / 2:.1f}) rotate(-90)">'
                f"{_text(0, 0, self.y_label, anchor='middle')}</g>"
            ),
        ]

    def _mark(self) -> list[str]:
        if self.mark is None:
            return []
        x, top = self._at(self.mark[0], self._most(1))
        dashed = _stroke(x, top, x, self._at(0, 0)[1], "#888").replace("/>", ' stroke-dasharray="5 5"/>')
        return [dashed, _text(x + 6, self._at(0, 0)[1] - 8, self.mark[1], colour="#555")]

    def _line(self, number: int, line: Line) -> list[str]:
        colour, left = COLOURS[number], LEFT + number * (WIDTH - LEFT - RIGHT) / len(self.lines)
        corners = " ".join(f"{x:.1f},{y:.1f}" for x, y in (self._at(*point) for point in line.points))
        return [
            f'<polyline points="{corners}" fill="none" stroke="{colour}" stroke-width="1.6" stroke-linejoin="round"/>',
            _stroke(left, 56, left + 24, 56, colour).replace("/>", ' stroke-width="3"/>'),
            _text(left + 32, 61, line.name),
        ]


def _step(most: float) -> int:
    return next((step for step in STEPS if most / step <= TICKS), STEPS[-1])


def _ticks(most: float) -> list[int]:
    return list(range(0, int(most) + 1, _step(most)))


def _stroke(x1: float, y1: float, x2: float, y2: float, colour: str = "#222") -> str:
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{colour}"/>'


def _text(x: float, y: float, text: str, *, size: int = 14, anchor: str = "start", colour: str = "#222") -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" text-anchor="{anchor}" fill="{colour}">{escape(text)}</text>'
    )
