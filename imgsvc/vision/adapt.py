"""Making a logo read on a page: lightness is moved in OKLab, hue and alpha are kept."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from imgsvc.model.spec import Colour
from imgsvc.vision.analysis import shows_page
from imgsvc.vision.greys import choose_greys
from imgsvc.vision.light import levels, tones
from imgsvc.vision.oklab import to_oklch, to_srgb
from imgsvc.vision.outline import Outline
from imgsvc.vision.pixels import Pixels
from imgsvc.vision.tones import Greys, Side, colourfulness, shifts

READS_WELL = 3.0
"""Contrast that an adapted logo has (WCAG 2.2, success criterion 1.4.11), and above which nothing is adapted."""

_AIMS = (3.15, 4.5, 7.0, 12.0)
"""What each attempt aims at: a little more than is wanted for the eight bits' sake, then more for faint ink's."""

_UNMOVED = 0.002
_TILE_PX = 64


@dataclass(frozen=True, slots=True)
class Adapted:
    """
    A picture that reads as well as could be reached.

    Attributes:
        pixels: alpha is as it was, and so is colour that is hidden.
        changed: whether anything was done; if not, *pixels* are those that were given.
        contrast: of its outline on the page, 1–21.
    """

    pixels: Pixels
    changed: bool
    contrast: float


def adapt(pixels: Pixels, page: Colour) -> Adapted:
    """
    Make a picture read on a page, unless it is opaque or its outline has a contrast of 3 already.

    The same pixels and page always give the same pixels. Some 30 ms for 512 × 512 px, so call it in a thread.
    """
    outline = Outline.of(pixels.alpha)
    light = levels(pixels.colour).copy_memory()
    best = Adapted(pixels, changed=False, contrast=outline.contrast(pixels.colour, page, light))
    if outline.is_empty or best.contrast >= READS_WELL or not shows_page(pixels.transparent_share()):
        return best
    for attempt in _attempts(pixels, tones(light).copy_memory(), outline, page):
        contrast = outline.contrast(attempt.colour, page)
        if contrast > best.contrast:
            best = Adapted(attempt, changed=True, contrast=contrast)
        if contrast >= READS_WELL:
            break
    return best


def _attempts(pixels: Pixels, heights: Any, outline: Outline, page: Colour) -> Iterator[Pixels]:
    """Move lightness as little as may do, then further."""
    greys = choose_greys(pixels, heights, Side.of(page, _AIMS[0]), outline)
    for aim in _AIMS:
        yield _moved(pixels, heights.maplut(shifts(Side.of(page, aim), greys)).copy_memory())
        greys = Greys.SQUEEZE if greys is Greys.FLIP else greys


def _moved(pixels: Pixels, shift: Any) -> Pixels:
    """
    Move the lightness of what is visible; what is not moved stays as it is, byte for byte.

    Args:
        pixels: the picture.
        shift: two bands, see :func:`imgsvc.vision.tones.shifts`.
    """
    # What is read more than once is kept, or libvips computes it anew each time; in tiles, because one in which nothing
    # moves then costs nothing.
    colours = _tiled(to_oklch(pixels.colour))
    to_move = ((shift.abs() > _UNMOVED).bandor() & (pixels.alpha > 0)).copy_memory()
    moved = to_srgb(colours, shift[0] + shift[1] * colourfulness(colours[1]))
    colour = to_move.ifthenelse(moved, pixels.colour)
    return Pixels.of(_tiled(colour.bandjoin(pixels.alpha).copy(interpretation="srgb")))


def _tiled(image: Any) -> Any:
    return image.tilecache(tile_width=_TILE_PX, tile_height=_TILE_PX)
