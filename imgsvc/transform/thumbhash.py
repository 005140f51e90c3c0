"""
ThumbHash: a picture in about 25 bytes, for a blurred stand-in while the real one loads.

The format is that published at https://evanw.github.io/thumbhash/: the lowest cosine coefficients of luminance, two
colour differences and alpha, each quantised to four bits. The transform is done first along rows, then along columns,
which makes it a millisecond of plain Python at the sizes wanted here.
"""

import math
from collections.abc import Sequence
from functools import partial
from itertools import starmap
from operator import mul

from msgspec import Struct

MAX_SIDE_PX = 100
"""The format's own limit; coefficients this low need far fewer pixels."""

_Plane = list[list[float]]


class _Channel(Struct, frozen=True):
    """A plane's cosine coefficients: the mean, and the others scaled into 0–1 around a half."""

    mean: float
    others: list[float]
    scale: float


def encode(width: int, height: int, rgba: bytes) -> bytes:
    """
    Give the ThumbHash of a picture.

    Args:
        width: in px, 1–100.
        height: likewise.
        rgba: pixels row by row, four bytes each, alpha straight.

    Raises:
        ValueError: the sides are out of range, or do not fit the number of bytes.
    """
    if not (0 < width <= MAX_SIDE_PX and 0 < height <= MAX_SIDE_PX and len(rgba) == width * height * 4):
        raise ValueError("A ThumbHash is made of 1 to 100 pixels a side.")
    luminance, yellow_blue, red_green, alpha = _planes(width, rgba)
    has_alpha = any(byte != 255 for byte in rgba[3::4])  # noqa: PLR2004 - an opaque byte
    most = 5 if has_alpha else 7  # alpha's coefficients are paid for with some of luminance's
    across, down = (max(1, _rounded(most * side / max(width, height))) for side in (width, height))
    channels = [
        _channel(luminance, max(3, across), max(3, down)),
        _channel(yellow_blue, 3, 3),
        _channel(red_green, 3, 3),
        *([_channel(alpha, 5, 5)] if has_alpha else []),
    ]
    shorter = down if width > height else across
    header = _header(channels, shorter, is_landscape=width > height)
    return header + _packed([value for channel in channels for value in channel.others])


def _planes(width: int, rgba: bytes) -> tuple[_Plane, ...]:
    """Split into the format's channels, in rows, with transparency filled up by the mean colour."""
    pixels = list(zip(*(iter(rgba),) * 4, strict=True))
    weight = sum(rgba[3::4])
    mean = [sum(map(mul, rgba[band::4], rgba[3::4])) / (255 * weight) if weight else 0.0 for band in range(3)]
    planes = list(zip(*starmap(partial(_split, mean), pixels), strict=True))
    starts = range(0, len(pixels), width)
    return tuple([list(plane[start : start + width]) for start in starts] for plane in planes)


def _split(mean: Sequence[float], red: int, green: int, blue: int, alpha: int) -> tuple[float, float, float, float]:
    opacity = alpha / 255
    r, g, b = (m * (1 - opacity) + opacity / 255 * value for m, value in zip(mean, (red, green, blue), strict=True))
    return (r + g + b) / 3, (r + g) / 2 - b, r - g, opacity


def _channel(plane: _Plane, across: int, down: int) -> _Channel:
    """Transform a plane and keep the coefficients in the triangle of the lowest frequencies, row by row."""
    width, height = len(plane[0]), len(plane)
    rows = [[sum(map(mul, row, wave)) for row in plane] for wave in _waves(width, across)]
    kept = [
        sum(map(mul, rows[x], wave)) / (width * height)
        for y, wave in enumerate(_waves(height, down))
        for x in range(across)
        if x * down < across * (down - y)
    ]
    mean, *others = kept
    scale = max(map(abs, others), default=0.0)
    return _Channel(mean, [0.5 + 0.5 / scale * value if scale else 0.0 for value in others], scale)


def _waves(length: int, count: int) -> list[list[float]]:
    return [[math.cos(math.pi / length * i * (x + 0.5)) for x in range(length)] for i in range(count)]


def _header(channels: list[_Channel], shorter: int, *, is_landscape: bool) -> bytes:
    luminance, yellow_blue, red_green, *alpha = channels
    colours = (
        _rounded(63 * luminance.mean)
        | _rounded(31.5 + 31.5 * yellow_blue.mean) << 6
        | _rounded(31.5 + 31.5 * red_green.mean) << 12
        | _rounded(31 * luminance.scale) << 18
        | bool(alpha) << 23
    )
    shape = shorter | _rounded(63 * yellow_blue.scale) << 3 | _rounded(63 * red_green.scale) << 9 | is_landscape << 15
    opacity = [_rounded(15 * a.mean) | _rounded(15 * a.scale) << 4 for a in alpha]
    return colours.to_bytes(3, "little") + shape.to_bytes(2, "little") + bytes(opacity)


def _packed(values: list[float]) -> bytes:
    """Write values of 0–1 as four bits each, the lower half of a byte first."""
    nibbles = [_rounded(15 * value) for value in values]
    nibbles += [0] * (len(nibbles) % 2)
    return bytes(low | high << 4 for low, high in zip(nibbles[::2], nibbles[1::2], strict=True))


def _rounded(value: float) -> int:
    """Round half up, as the format's reference does; Python rounds half to even."""
    return math.floor(value + 0.5)
