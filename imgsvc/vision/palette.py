"""The colours of a picture, each once: a logo of 262,144 pixels mostly has some hundred."""

import re
from array import array
from bisect import bisect
from collections.abc import Iterable
from functools import cache
from itertools import accumulate
from sys import byteorder
from typing import Any, Self

import pyvips
from msgspec import Struct

from imgsvc.vision.pixels import Pixels

MAX_COLOURS = 16_384
"""More are a photograph's, in which looking at each pixel is no more work."""

_BYTE = 256
_CELLS = _BYTE * _BYTE
_FLIPPED = 2 * _BYTE - 1
_TYPECODES = {"ushort": "H", "int": "i"}


class Palette(Struct, frozen=True):
    """
    Which colour each pixel has.

    Attributes:
        places: 16-bit, of the picture's size: where each pixel's colour is among *colours*.
        colours: 8-bit sRGB, a row of at most :data:`MAX_COLOURS`.
        hidden: a row of as many, 255 where a colour lies under alpha 0, else 0; one that is seen too is there twice.
    """

    places: Any
    colours: Any
    hidden: Any

    @classmethod
    def of(cls, pixels: Pixels) -> Self | None:
        """Find the colours; None where they are too many, or too scattered for tables of 16 bits."""
        # Two bands of 8 bits read as one of 16, in this machine's order of bytes.
        halves = pixels.image.copy(bands=2, format="ushort", interpretation="multiband")
        red_green, blue = halves[0].copy_memory(), halves[1].maplut(_blue_table()).copy_memory()
        pairs = _hit(red_green)
        if len(pairs) > MAX_COLOURS:
            return None
        starts, shifts = _ranges(red_green, blue, pairs)
        if starts[-1] > _CELLS:
            return None
        cells = (red_green.maplut(_tabled(pairs, shifts, "int")) + blue).cast("ushort").copy_memory()
        hit = _hit(cells)
        if len(hit) > MAX_COLOURS:
            return None
        owners = ((cell, bisect(starts, cell) - 1) for cell in hit)
        found = [(pairs[at].to_bytes(2, byteorder), cell - shifts[at]) for cell, at in owners]
        colours = _row(b"".join(pair + bytes((blue % _BYTE,)) for pair, blue in found), "uchar", 3)
        hidden = _row(bytes((_BYTE - 1) * (blue >= _BYTE) for _, blue in found), "uchar")
        places = cells.maplut(_tabled(hit, range(len(hit)), "ushort")).copy_memory()
        return cls(places, colours.copy(interpretation="srgb"), hidden)

    def paint(self, of_colours: Any) -> Any:
        """Give each pixel what a row of as many as the colours has for its own."""
        return self.places.maplut(of_colours)


@cache
def _blue_table() -> Any:
    """Make the table that tells blue, and from 256 on blue that is hidden, from blue and alpha read as 16 bits."""
    halves = (cell.to_bytes(2, byteorder) for cell in range(_CELLS))
    return _row(array("H", (blue if alpha else _BYTE + blue for blue, alpha in halves)), "ushort")


def _ranges(red_green: Any, blue: Any, pairs: list[int]) -> tuple[list[int], list[int]]:
    """
    Give each pair of red and green a range of cells, one for each blue that may stand with it.

    Returns:
        Where each begins, and at last where all end; and what is to be added to a blue to find its cell.
    """
    span = int(blue.max()) + 1
    if len(pairs) * span <= _CELLS:
        starts = list(range(0, len(pairs) * span + 1, span))
        return starts, starts[:-1]
    # Blues that stand with one pair lie close together.
    numbers = red_green.maplut(_tabled(pairs, range(len(pairs)), "ushort"))
    least = blue.bandjoin(blue ^ _FLIPPED).hist_find_indexed(numbers, combine="min").cast("ushort")
    both = memoryview(least.write_to_memory()).cast("B").cast("H").tolist()
    lows, highs = both[::2], [flipped ^ _FLIPPED for flipped in both[1::2]]
    starts = list(accumulate((high - low + 1 for low, high in zip(lows, highs, strict=True)), initial=0))
    return starts, [start - low for start, low in zip(starts, lows, strict=False)]


def _hit(cells: Any) -> list[int]:
    """Give the values that 16-bit pixels have, each once, in order."""
    is_hit = bytes((cells.hist_find() > 0).write_to_memory())
    return [found.start() for found in re.finditer(b"\xff", is_hit)]


def _tabled(keys: Iterable[int], values: Iterable[int], band_format: str) -> Any:
    """Make the table that gives for each of the keys, which are below 65536, its value."""
    table = array(_TYPECODES[band_format], [0]) * _CELLS
    for key, value in zip(keys, values, strict=True):
        table[key] = value
    return _row(table, band_format)


def _row(values: "array[int] | bytes", band_format: str, bands: int = 1) -> Any:
    """Make a picture one pixel high."""
    width = len(values) // bands
    return pyvips.Image.new_from_memory(bytes(values), width, 1, bands, band_format)
