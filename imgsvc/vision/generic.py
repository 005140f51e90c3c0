"""
Icons that stand for any site and so for none: globes, blank pages, what templates bring; and pictures of nothing.

What is known is shipped in ``references/generic.json``, made from real pictures by ``scripts/make_references.py``.
"""

import json
from base64 import b64decode
from collections.abc import Iterator
from enum import StrEnum
from functools import cache
from importlib.resources import files
from itertools import pairwise
from typing import Any

from msgspec import Struct

from imgsvc.vision import fingerprint, templates
from imgsvc.vision.fingerprint import Normal
from imgsvc.vision.pixels import Pixels

MAX_DISTANCE = 8
"""Of 64 bits: how far a perceptual hash may be from a reference's."""

MIN_LIKENESS = 0.91
"""The second check, by correlation of pixels: between what references keep and what the likest logos reach."""

SMALL_PX = 32
MAX_SMALL_DISTANCE = 16
"""Up to 32 px pixels decide also where hashes differ more: few as they are, a line's place moves several bits."""

MAX_DIGEST_PX = 64
"""Digests of larger icons are not shipped, and cost more than the rest of a match."""

_WHITE = 255
_FLAT = 8
_UPSCALED_FROM_PX = 64
_STEEPNESS = 0.3
_EDGE = 0.15
_LEAST_FACTOR = 4
_LEAST_STEPS = 6


class Reason(StrEnum):
    """What gave a generic icon away."""

    DIGEST = "digest"
    HASH = "hash"
    PIXELS = "pixels"


class Match(Struct, frozen=True):
    """
    A generic icon recognised.

    Attributes:
        name: of the reference, such as ``lucide globe``.
        reason: the first check that it passed.
        similarity: 0-1, by pixels; 1 when these are the reference's very pixels.
        distance: of the perceptual hashes, 0-64.
    """

    name: str
    reason: Reason
    similarity: float
    distance: int


class _Reference(Struct, frozen=True):
    """A generic icon at one size."""

    name: str
    hash: int
    shape: fingerprint.Shape


class _References(Struct, frozen=True):
    """All that is known."""

    names: dict[str, str]
    icons: list[_Reference]


def match(pixels: Pixels, host: str = "") -> Match | None:
    """
    Recognise a generic icon of any size, colour and background; None for everything else.

    The first call reads the references, some milliseconds; later ones take 6 to 9 ms, most of it in Python.

    Args:
        pixels: of the icon.
        host: whose it is said to be; a framework's own logo is not generic there. Empty = nobody's.

    Raises:
        pyvips.Error: the pixels cannot be decoded.
    """
    known = _references()
    side_px = max(pixels.image.width, pixels.image.height)
    name = known.names.get(fingerprint.digest(pixels)) if side_px <= MAX_DIGEST_PX else None
    if name is not None:
        return Match(name, Reason.DIGEST, similarity=1.0, distance=0)
    if (template := templates.recognise(templates.look(pixels), host)) is not None:
        return Match(template[0], Reason.PIXELS, similarity=round(1 - template[1] / _WHITE, 4), distance=0)
    farthest = MAX_SMALL_DISTANCE if side_px <= SMALL_PX else MAX_DISTANCE
    found = [match for normal in fingerprint.normal_forms(pixels) for match in _compared(normal, known.icons, farthest)]
    return max(found, key=lambda match: match.similarity, default=None)


def _compared(normal: Normal, icons: list[_Reference], farthest: int) -> Iterator[Match]:
    """Give the references like *normal*, of those whose hash is no farther than *farthest* from its own."""
    hashed, shape = fingerprint.perceptual_hash(normal), fingerprint.shape(normal)
    for icon in icons:
        away = fingerprint.distance(hashed, icon.hash)
        if away <= farthest and (alike := fingerprint.likeness(shape, icon.shape)) >= MIN_LIKENESS:
            yield Match(icon.name, Reason.HASH if away <= MAX_DISTANCE else Reason.PIXELS, round(alike, 4), away)


@cache
def _references() -> _References:
    """Read what is shipped, once."""
    shipped = json.loads((files("imgsvc.vision") / "references" / "generic.json").read_text())
    names = {digest: reference["name"] for reference in shipped for digest in reference["digests"]}
    icons = [
        _Reference(reference["name"], int(form["hash"], 16), fingerprint.shape(b64decode(form["normal"])))
        for reference in shipped
        for form in reference["forms"]
    ]
    return _References(names, icons)


def is_blank(pixels: Pixels) -> bool:
    """
    Whether there is nothing to see: all transparent, or all of one colour, but for what lossy formats add.

    A silhouette in one colour is not blank, nor is a tile with round corners: transparency shows their shape.
    """
    return max(_ranges(pixels.image.premultiply())) <= _FLAT


def is_upscaled(pixels: Pixels) -> bool:
    """
    Whether a picture of 64 px or more is one of a quarter of the size, or less, blown up.

    Blown up smoothly, it has no edge that rises by more than its share a pixel, where a picture drawn at its own size
    has one that takes one or two pixels. Blown up in blocks, it has staircases: edges at many places across and down,
    but never two of them close together. Few edges far apart prove nothing: a flag has no more.
    """
    if max(pixels.image.width, pixels.image.height) < _UPSCALED_FROM_PX:
        return False
    image = pixels.image.premultiply().copy_memory()
    width, height = image.width - 1, image.height - 1
    contrast = max(_ranges(image))
    if contrast <= _FLAT or min(width, height) < 1:
        return False
    across = (image.crop(1, 0, width, image.height) - image.crop(0, 0, width, image.height)).abs()
    down = (image.crop(0, 1, image.width, height) - image.crop(0, 0, image.width, height)).abs()
    is_smooth = max(across.max(), down.max()) <= _STEEPNESS * contrast
    return is_smooth or all(_is_stepped(edges > _EDGE * contrast, at) for at, edges in enumerate((across, down)))


def _ranges(image: Any) -> list[float]:
    """Give the difference between the largest and the smallest value of each band."""
    rows = image.stats().tolist()[1:]  # the first is of all bands together
    return [row[1] - row[0] for row in rows]


def _is_stepped(edges: Any, direction: int) -> bool:
    """Whether there are edges at many columns (0) or rows (1), and none near the next."""
    counts = memoryview(edges.bandor().project()[direction].write_to_memory()).cast("I").tolist()
    places = [at for at, count in enumerate(counts) if count]
    return len(places) >= _LEAST_STEPS and all(b - a >= _LEAST_FACTOR for a, b in pairwise(places))
