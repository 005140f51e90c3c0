"""Making a logo read on a page: lightness is moved in OKLab, hue and alpha are kept."""

from collections.abc import Callable, Iterator
from itertools import chain
from typing import Any, Self

from msgspec import Struct
from msgspec.structs import replace

from imgsvc.model.colours import Colour
from imgsvc.vision.analysis import shows_page
from imgsvc.vision.greys import choose_greys, greys_of
from imgsvc.vision.islands import Islands
from imgsvc.vision.light import levels, tones
from imgsvc.vision.oklab import to_oklch, to_srgb
from imgsvc.vision.outline import REACH_PX, Outline, contrast_of
from imgsvc.vision.palette import Palette
from imgsvc.vision.pixels import Pixels
from imgsvc.vision.tones import Greys, Side, colourfulness, may_move, shifts

READS_WELL = 3.0
"""Contrast that an adapted logo has (WCAG 2.2, success criterion 1.4.11), and above which nothing is adapted."""

_AIMS = (3.15, 4.5, 7.0, 12.0)
"""What each attempt aims at: a little more than is wanted for the eight bits' sake, then more for faint ink's."""

_UNMOVED = 0.002
_FULL = 255
_TILE_PX = 64


class Adapted(Struct, frozen=True):
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


def adapt(pixels: Pixels, page: Colour, watch: Callable[[Any], Any] = lambda image: image) -> Adapted:
    """
    Make a picture read on a page, unless it is opaque or its outline has a contrast of 3 already.

    The same pixels and page always give the same pixels. Some 25 ms for 512 × 512 px, so call it in a thread.

    Args:
        pixels: the picture.
        page: the background.
        watch: is shown the images that all else is computed from, so that libvips can be told to stop reading them.
    """
    part = pixels.inked(REACH_PX + 1)
    for read in (part.pixels.colour, part.pixels.alpha):
        watch(read)
    cut_px = pixels.alpha.width * pixels.alpha.height - part.pixels.alpha.width * part.pixels.alpha.height
    colour, contrast = _best(part.pixels, page, lets_through=shows_page(part.pixels.transparent_share(cut_px)))
    if colour is None:
        return Adapted(pixels, changed=False, contrast=contrast)
    return Adapted(pixels.recoloured(pixels.colour.insert(colour, *part.corner_px)), changed=True, contrast=contrast)


def _best(pixels: Pixels, page: Colour, *, lets_through: bool) -> tuple[Any | None, float]:
    """Give the colours that read best, or None for those that there are; and their contrast."""
    inks = _Inks.of(pixels)
    best, contrast = None, inks.contrast(None, page)
    if inks.outline.is_empty or contrast >= READS_WELL or not lets_through:
        return None, contrast
    for holding, attempt in _attempts(inks, page):
        reached = holding.contrast(attempt, page)
        if reached > contrast:
            best, contrast = (holding, attempt), reached
        if reached >= READS_WELL:
            break
    return None if best is None else best[0].painted(best[1]), contrast


def _attempts(inks: "_Inks", page: Colour) -> Iterator[tuple["_Inks", Any]]:
    """Move the lightness of the inks as little as may do, then further; first with glyphs held in their icons."""
    colours, heights = inks.in_oklch(), tones(inks.light)
    side = Side.of(page, _AIMS[0])
    high, low = greys_of(inks.colours, heights, side)
    moves = (may_move(heights, colours[1], side) | inks.hidden).copy_memory()
    islands = None if moves.min() else Islands.of(inks.outline.is_visible, inks.spread(moves))
    for held in chain(islands.held() if islands else (), (None,)):
        holding = inks.holding(held)
        greys = choose_greys(holding.moving(high), holding.moving(low), inks.outline) if high.max() else Greys.KEEP
        for aim in _AIMS:
            yield holding, inks.moved(colours, heights.maplut(shifts(Side.of(page, aim), greys)).copy_memory())
            greys = Greys.SQUEEZE if greys is Greys.FLIP else greys


class _Inks(Struct, frozen=True):
    """
    What is to be moved: the colours of a palette, or where there are too many, those of each pixel.

    Attributes:
        pixels: the picture.
        outline: its own.
        palette: None = each pixel has a colour of its own.
        light: the :func:`levels` of the colours.
        counts: how many pixels of the outline have each colour of the palette, and behind these, how many that are
            held; None = that does not settle how they look, as ink is faint, or there is no palette.
        held: 255 where a pixel stays whatever its colour, elsewhere 0; None = nowhere.
    """

    pixels: Pixels
    outline: Outline
    palette: Palette | None
    light: Any
    counts: list[int] | None
    held: Any | None = None

    @classmethod
    def of(cls, pixels: Pixels) -> Self:
        """Look at a picture."""
        outline, palette = Outline.of(pixels.alpha), Palette.of(pixels)
        light = levels(palette.colours if palette else pixels.colour).copy_memory()
        if palette is None or outline.opacity is not None:
            return cls(pixels, outline, palette, light, None)
        return cls(pixels, outline, palette, light, outline.counts(palette.places, palette.colours.width))

    def holding(self, held: Any | None) -> Self:
        """Give the same with some pixels held."""
        counts = self.counts
        if held is not None and self.palette is not None and counts is not None:
            counted = (self.outline.counted & held).copy_memory()
            if counted.max():
                staying = replace(self.outline, counted=counted).counts(self.palette.places, len(counts))
                counts = [every - held for every, held in zip(counts, staying, strict=True)] + staying
        return replace(self, held=held, counts=counts)

    @property
    def colours(self) -> Any:
        """The colours, 8-bit sRGB."""
        return self.palette.colours if self.palette else self.pixels.colour

    @property
    def hidden(self) -> Any:
        """Say which of the colours are under alpha 0: 255 where they are, elsewhere 0."""
        return self.palette.hidden if self.palette else self.pixels.alpha == 0

    def in_oklch(self) -> Any:
        """Give the colours in OKLCH."""
        # In tiles, because one in which nothing moves then costs nothing, and all would be large.
        return to_oklch(self.colours).copy_memory() if self.palette else _tiled(to_oklch(self.colours))

    def spread(self, of_colours: Any) -> Any:
        """Give each pixel what was found for its colour."""
        return self.palette.paint(of_colours) if self.palette else of_colours

    def moving(self, of_colours: Any) -> Any:
        """Give each pixel what was found for its colour, 8-bit, but 0 where it is held."""
        found = self.spread(of_colours)
        return found if self.held is None else found & (self.held ^ _FULL)

    def moved(self, colours: Any, shift: Any) -> Any:
        """
        Move the lightness of the colours; what is not moved stays as it is, byte for byte.

        Args:
            colours: these :meth:`in_oklch`.
            shift: two bands, see :func:`imgsvc.vision.tones.shifts`.
        """
        to_move = (shift.abs() > _UNMOVED).bandor() > self.hidden
        moved = to_srgb(colours, shift[0] + shift[1] * colourfulness(colours[1]))
        if self.palette:
            return to_move.ifthenelse(moved, self.colours).copy_memory()
        return _tiled(to_move.copy_memory().ifthenelse(moved, self.colours)).copy_memory()

    def contrast(self, colours: Any | None, page: Colour) -> float:
        """Give the contrast of the outline when the inks have other *colours*; None = their own."""
        if self.counts is None:
            return self.outline.contrast(self.pixels.colour if colours is None else self.painted(colours), page)
        light = self.light if colours is None else levels(colours)
        has_held = len(self.counts) > self.light.width
        return contrast_of(self.counts, light.join(self.light, "horizontal") if has_held else light, page)

    def painted(self, colours: Any) -> Any:
        """Give the picture's colours when its inks have others; what is held stays as it was."""
        painted = self.spread(colours)
        return painted if self.held is None else self.held.ifthenelse(self.pixels.colour, painted)


def _tiled(image: Any) -> Any:
    return image.tilecache(tile_width=_TILE_PX, tile_height=_TILE_PX)
