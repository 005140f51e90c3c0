"""A picture that shapes, pictures and text are laid on, one after the other; only what shows is computed."""

from functools import cache, lru_cache
from typing import Any

import pyvips

from imgsvc.model.colours import Colour
from imgsvc.transform.runtime import KillSwitch

_GLOW_STEP_PX = 8
_GLOW_AT, _GLOW_REACH = (0.97, -0.04), (0.62, 0.95)  # of width and height
_GLOW_FALL = 2.2
_BAYER = ((0, 8, 2, 10), (12, 4, 14, 6), (3, 11, 1, 9), (15, 7, 13, 5))
_DITHER = 10.0
_BYTE = 255
_MASKS = 16


class Canvas:
    """
    Owns the picture; of one thread.

    Args:
        width_px: whole.
        height_px: likewise.
        ground: its colour.
        glow: what that turns to towards the upper corner where lines end.
        is_rtl: whether lines end on the left.
        switch: stops what is computed.
    """

    def __init__(
        self, width_px: int, height_px: int, ground: Colour, glow: Colour, switch: KillSwitch, *, is_rtl: bool
    ) -> None:
        self._width_px, self._height_px = width_px, height_px
        self._switch = switch
        shares = _glow(width_px, height_px)
        self._image = (shares.fliphor() if is_rtl else shares).maplut(_ramp(ground, glow))

    def shape(self, mask: Any, colour: Colour, left: int, top: int) -> None:
        """Fill with *colour* where *mask* (one 8-bit band) says so."""
        flat = mask.new_from_image(_parts(colour))
        self._lay(flat, mask, left, top)

    def picture(self, image: Any, left: int, top: int, mask: Any = None) -> None:
        """Lay an 8-bit RGBA picture on it; only where *mask* says so, if there is one."""
        alpha = image[3]
        if mask is not None:
            alpha = (alpha * mask / _BYTE).rint().cast("uchar")
        self._lay(image[0:3], alpha, left, top)

    def in_memory(self) -> Any:
        """Compute all of it."""
        return self._switch.in_memory(self._image.copy(interpretation="srgb"))

    def _lay(self, colours: Any, alpha: Any, left: int, top: int) -> None:
        """Blend; what hangs over the edge is cut off."""
        self._switch.check()
        x, y = max(left, 0), max(top, 0)
        right, bottom = min(left + alpha.width, self._width_px), min(top + alpha.height, self._height_px)
        if right <= x or bottom <= y:
            return
        place = (x, y, right - x, bottom - y)
        seen = (x - left, y - top, right - x, bottom - y)
        blended = alpha.crop(*seen).ifthenelse(colours.crop(*seen), self._image.crop(*place), blend=True)
        self._image = self._image.insert(blended, x, y)


def whole(width_px: int, height_px: int) -> Any:
    """Give a mask of a box with sharp corners."""
    return (pyvips.Image.black(width_px, height_px) + _BYTE).cast("uchar")


@lru_cache(_MASKS)
def rounded(width_px: int, height_px: int, radius_px: float) -> Any:
    """
    Give a mask of a box with round corners, its edges smooth; by the distance of pixels from its outline.

    A byte a pixel. Cards have but a few, which are kept.
    """
    places = pyvips.Image.xyz(width_px, height_px)
    beyond = [
        (places[axis] - (side - 1) / 2).abs() - (side / 2 - radius_px)
        for axis, side in enumerate((width_px, height_px))
    ]  # of the inner box, on whose corners the arcs have their centres
    over_x, over_y = ((part > 0).ifthenelse(part, 0) for part in beyond)
    distance = (over_x * over_x + over_y * over_y) ** 0.5 - radius_px
    return distance.linear(-_BYTE, _BYTE / 2).rint().cast("uchar").copy_memory()


def disc(diameter_px: int) -> Any:
    """Give a mask of a disc, its edge smooth."""
    return rounded(diameter_px, diameter_px, diameter_px / 2)


@cache
def _glow(width_px: int, height_px: int) -> Any:
    """Say how much of the glow each pixel has; the same for all cards, so made once and kept (a byte a pixel)."""
    columns, rows = width_px // _GLOW_STEP_PX + 2, height_px // _GLOW_STEP_PX + 2
    places = pyvips.Image.xyz(columns, rows)
    away = [
        (places[axis] * _GLOW_STEP_PX / side - at) / reach
        for axis, side, at, reach in zip(range(2), (width_px, height_px), _GLOW_AT, _GLOW_REACH, strict=True)
    ]
    share = ((away[0] * away[0] + away[1] * away[1]) * -_GLOW_FALL).exp() * _BYTE
    smooth = share.resize(_GLOW_STEP_PX, kernel="cubic").crop(0, 0, width_px, height_px)
    return (smooth + _threshold(width_px, height_px)).rint().cast("uchar").copy_memory()


def _threshold(width_px: int, height_px: int) -> Any:
    """
    Spread what rounds to one byte over what rounds to the next: ordered dither (B. E. Bayer, 1973), 4 × 4.

    A glow is some 24 bytes high; without it each is a stripe that can be seen.
    """
    pattern = pyvips.Image.new_from_array([[(value + 0.5) / 16 - 0.5 for value in row] for row in _BAYER])
    pattern = pattern.replicate(width_px // len(_BAYER) + 1, height_px // len(_BAYER) + 1)
    return pattern.crop(0, 0, width_px, height_px) * _DITHER


def _ramp(ground: Colour, glow: Colour) -> Any:
    """Give the 256 colours between two."""
    shares = pyvips.Image.identity() / _BYTE
    start, end = _parts(ground), _parts(glow)
    return (shares * [b - a for a, b in zip(start, end, strict=True)] + start).rint().cast("uchar")


def _parts(colour: Colour) -> list[float]:
    return [float(colour.red), float(colour.green), float(colour.blue)]
