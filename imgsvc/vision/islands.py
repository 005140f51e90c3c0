"""Which ink lies in the middle of colour that stays, and so may stay itself: a glyph in an icon."""

from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any, Self

import pyvips
from msgspec import Struct

_FULL = 255
_WITHIN, _OUT, _KINDS = 1, 2, 4
_MOST_ISLANDS = 65_536 // _KINDS
_PARTLY = 0.25
"""Of an island's border that may be open to the page: of a letter that runs to its icon's edge, not of a stripe."""


class Islands(Struct, frozen=True):
    """
    The connected parts of what would move, each with how much of its border is open to the page.

    A part is held or moved as a whole. Where it meets what stays its own shift has faded out already, so that whichever
    is done, neither a gradient nor an anti-aliased edge jumps.

    Attributes:
        places: 16-bit, of the picture's size: four times the number of the part that each pixel belongs to, and 1 more
            where the pixel touches what stays, 2 more where it touches transparency.
        end: above all places.
        open_shares: for four times the number of each part that touches what stays: of its border what is to
            transparency and not to that, 0–1.
        is_visible: 255 where alpha is 128 or more; what is fainter is an edge, and goes with what it is the edge of.
    """

    places: Any
    end: int
    open_shares: dict[int, float]
    is_visible: Any

    @classmethod
    def of(cls, visible: Any, moves: Any) -> Self | None:
        """
        Find them; None where nothing that moves touches anything that stays, or where all is specks.

        Args:
            visible: 255 where alpha is 128 or more, elsewhere 0; in memory.
            moves: 255 where a pixel's colour is one that may be moved, elsewhere 0.
        """
        land = (moves & visible).copy_memory()
        beside = (land < visible).bandjoin(visible ^ _FULL).morph(_cross(), "dilate")
        borders = (beside & land).copy_memory()
        if not borders[0].max():
            return None
        regions, found = land.labelregions(segments=True)
        if found["segments"] > _MOST_ISLANDS:
            return None
        places = ((regions << 2) | (borders & [_WITHIN, _OUT]).bandor()).cast("ushort").copy_memory()
        counts = memoryview(places.hist_find().write_to_memory()).cast("B").cast("I").tolist()
        counts += [0] * (-len(counts) % _KINDS)
        shares = {}
        for at in range(0, len(counts), _KINDS):
            within = counts[at + _WITHIN] + counts[at + _WITHIN + _OUT]
            out = counts[at + _OUT] + counts[at + _WITHIN + _OUT]
            if within:
                shares[at] = out / (out + within)
        return cls(places, len(counts), shares, visible)

    def held(self) -> Iterator[Any]:
        """Give what may stay, as pictures of 255 there and 0 elsewhere: the most that may first; none twice."""
        chosen = [tuple(at for at, share in self.open_shares.items() if share <= most) for most in (_PARTLY, 0.0)]
        return (self._mask(each) for each in dict.fromkeys(chosen) if each)

    def _mask(self, chosen: Sequence[int]) -> Any:
        table = bytearray(self.end)
        for at in chosen:
            table[at : at + _KINDS] = bytes([_FULL] * _KINDS)
        parts = self.places.maplut(pyvips.Image.new_from_memory(bytes(table), len(table), 1, 1, "uchar")).copy_memory()
        if not any(self.open_shares[at] for at in chosen):
            return parts
        return (parts | (parts.morph(_cross(), "dilate") > self.is_visible)).copy_memory()


@cache
def _cross() -> Any:
    """Give a pixel and the four beside it, as a mask for libvips' morphology; so regions are connected as well."""
    return pyvips.Image.new_from_array([[128, 255, 128], [255, 255, 255], [128, 255, 128]])
