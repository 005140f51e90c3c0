"""
What two pictures have in common when they show the same thing at another size, in another colour or format.

A picture is first brought into a *normal form*: how far each pixel lies from the background, whatever the colours, so
that a black globe on nothing, a white one on a dark tile and a grey one are the same; then moved and scaled by its
centre of mass and its spread, which, unlike a bounding box, are exact to a fraction of a pixel and indifferent to a
stray one. The perceptual hash is the DCT hash of phash.org ("pHash": C. Zauner, Implementation and Benchmarking of
Perceptual Image Hash Functions, 2010, §3.1.1) with one change, told at :func:`perceptual_hash`.
"""

import hashlib
import math
from collections.abc import Iterator, Sequence
from itertools import accumulate, chain, compress
from operator import mul
from typing import Any, Self

import pyvips
from msgspec import Struct

from imgsvc.vision.pixels import Pixels

SIDE_PX = 16
"""Of a normal form: as much as a favicon has to say, so that no size has more than another."""

_WORKING_PX = 32
_OVERSAMPLING = 4
_LEAST_SPREAD_PX = 0.5
_SPREADS = 2.1
"""Half a normal form's side, in standard deviations: a full disc ends at 2."""

_NOISE = 0.1
_FAINTEST = 24
_DEAD_ZONE = 0.04
_HASH_SIDE = 8
_WAVES = [[math.cos(math.pi / SIDE_PX * i * (x + 0.5)) for x in range(SIDE_PX)] for i in range(_HASH_SIDE)]

Normal = bytes
"""A normal form: 16 × 16 values row by row, 0 for background, 255 for what is farthest from it."""

Shape = tuple[float, ...]
"""A normal form without its contrast."""


def digest(pixels: Pixels) -> str:
    """Give the SHA-256, in hex, of what is seen: size and pixels, without the colour that alpha 0 hides."""
    image = pixels.image
    seen = (image[3] == 0).ifthenelse([0, 0, 0, 0], image)
    return hashlib.sha256(f"{image.width}x{image.height}:".encode() + seen.write_to_memory()).hexdigest()


def normal_forms(pixels: Pixels) -> Iterator[Normal]:
    """Give what a picture shows against its background, then against its main colour, which may be a tile's."""
    small = _Small.of(pixels)
    ink = _distances(small.bands, [_median(band) for band in small.border()])
    for plane in (ink, _on_tile(small, ink)):
        if max(plane) >= _FAINTEST:
            yield _normal(plane, small.width)


def perceptual_hash(normal: Normal) -> int:
    """
    Give 64 bits, one for the sign of each of the lowest 8 × 8 coefficients of the cosine transform, rows first.

    Icons are symmetric, which makes most coefficients nothing but noise around zero. Where pHash compares with the
    median, a bit is therefore set only by what exceeds a share of the strongest coefficient.
    """
    rows = [normal[at : at + SIDE_PX] for at in range(0, len(normal), SIDE_PX)]
    across = [[sum(map(mul, row, wave)) for row in rows] for wave in _WAVES]
    coefficients = [sum(map(mul, column, wave)) for wave in _WAVES for column in across]
    coefficients[0] = 0.0  # the mean: how dark a picture is says nothing of what it shows
    least = _DEAD_ZONE * max(map(abs, coefficients))
    return sum(1 << bit for bit, value in enumerate(coefficients) if value > least)


def distance(one: int, other: int) -> int:
    """Give the Hamming distance of two hashes, 0-64."""
    return (one ^ other).bit_count()


def shape(normal: Normal) -> Shape:
    """Prepare a normal form for :func:`likeness`: mean 0, length 1."""
    mean = sum(normal) / len(normal)
    centred = [value - mean for value in normal]
    length = math.hypot(*centred) or 1.0
    return tuple(value / length for value in centred)


def likeness(one: Shape, other: Shape) -> float:
    """Give the correlation of two normal forms, 0-1 (negative ones are 0): 1 when they differ in contrast only."""
    return min(1.0, max(0.0, sum(map(mul, one, other), start=0.0)))


class _Small(Struct, frozen=True):
    """The bands of a picture of 32 px a side at most, row by row, colour multiplied by alpha; and its width in px."""

    bands: list[bytes]
    width: int

    @classmethod
    def of(cls, pixels: Pixels) -> Self:
        image = pixels.image
        if max(image.width, image.height) > _WORKING_PX:
            image = image.thumbnail_image(_WORKING_PX, height=_WORKING_PX, size="down", no_rotate=True)
        data = bytes(image.premultiply().rint().cast("uchar").write_to_memory())
        return cls([data[band :: image.bands] for band in range(image.bands)], image.width)

    def border(self) -> Iterator[bytes]:
        """Give the outermost pixels, band by band."""
        for band in self.bands:
            yield band[: self.width] + band[-self.width :] + band[:: self.width] + band[self.width - 1 :: self.width]


def _median(values: bytes) -> int:
    return sorted(values)[len(values) // 2] if values else 0


def _distances(bands: Sequence[bytes], colour: Sequence[int]) -> bytes:
    """Give how far each pixel is from *colour*, 0-255, in the band where it is farthest."""
    away = [
        band.translate(bytes(abs(value - mine) for value in range(256)))
        for band, mine in zip(bands, colour, strict=True)
    ]
    return bytes(map(max, *away))


def _on_tile(small: _Small, ink: bytes) -> bytes:
    """Take the main colour of what stands out from the background for a tile's; give what is on it or cut from it."""
    strongest = max(ink) or 1
    tile = [_median(bytes(compress(band, (value > strongest / 2 for value in ink)))) for band in small.bands]
    # A high power: the pixels of a tile's own edge are of another colour too, but only half within.
    within = [(value / strongest) ** 4 for value in _hull(ink, small.width)]
    return bytes(map(int, map(mul, _distances(small.bands, tile), within)))


def _hull(ink: bytes, width: int) -> bytes:
    """Fill what has ink on both sides, across or down: an icon on its tile may be as white as the page."""
    rows = [ink[at : at + width] for at in range(0, len(ink), width)]
    by_row = b"".join(map(_between, rows))
    columns = [_between(ink[x::width]) for x in range(width)]
    by_column = bytes(chain.from_iterable(zip(*columns, strict=True)))
    return bytes(map(max, by_row, by_column))


def _between(line: bytes) -> bytes:
    """Give the lesser of the strongest before and the strongest after, each including the place itself."""
    before = accumulate(line, max)
    after = reversed(list(accumulate(reversed(line), max)))
    return bytes(map(min, before, after))


def _normal(ink: bytes, width: int) -> Normal:
    """Cut noise off, stretch the rest to 0-255, and move and scale it by its centre and spread."""
    strongest = max(ink)
    least = _NOISE * strongest
    clean = bytes(round(max(0.0, value - least) * 255 / (strongest - least)) for value in ink)
    columns = [sum(clean[x::width]) for x in range(width)]
    rows = [sum(clean[at : at + width]) for at in range(0, len(clean), width)]
    (centre_x, spread_x), (centre_y, spread_y) = _moments(columns), _moments(rows)
    spread = max(math.hypot(spread_x, spread_y) / math.sqrt(2), _LEAST_SPREAD_PX)
    image = pyvips.Image.new_from_memory(clean, width, len(rows), 1, "uchar")
    return _drawn(image, SIDE_PX / (2 * _SPREADS * spread), centre_x, centre_y)


def _moments(weights: Sequence[int]) -> tuple[float, float]:
    """Give the mean and the standard deviation, both in px, of positions so weighted."""
    total = sum(weights)
    centre = sum(map(mul, weights, range(len(weights)))) / total
    return centre, math.sqrt(sum(weight * (at - centre) ** 2 for at, weight in enumerate(weights)) / total)


def _drawn(image: Any, scale: float, centre_x: float, centre_y: float) -> Normal:
    """Bring *centre* into the middle of 16 × 16 px; drawn larger first, for bilinear interpolation skips pixels."""
    scale *= _OVERSAMPLING
    drawn_px = SIDE_PX * _OVERSAMPLING
    middle = (drawn_px - 1) / 2
    drawn = image.affine(
        [scale, 0, 0, scale],
        odx=middle - scale * centre_x,
        ody=middle - scale * centre_y,
        oarea=[0, 0, drawn_px, drawn_px],
        interpolate=pyvips.Interpolate.new("bilinear"),
    )
    return bytes(drawn.shrink(_OVERSAMPLING, _OVERSAMPLING).write_to_memory())
