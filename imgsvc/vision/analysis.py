"""What a logo looks like, and whether it reads on a light and on a dark page."""

from msgspec import Struct

from imgsvc.model.colours import Colour
from imgsvc.model.look import Theme
from imgsvc.vision.inks import Inks, sample_step_px
from imgsvc.vision.light import levels
from imgsvc.vision.outline import REACH_PX, Outline
from imgsvc.vision.pixels import Pixels

READS_BELOW = 2.0
"""Contrast below which a logo does not read and is adapted."""

_TRANSPARENT_SHARE = 0.02
_STILL_READS = 1.8
_READS_AGAIN = 2.2


class Analysis(Struct, frozen=True, kw_only=True):
    """
    What is to be known of a picture's visible colours; what lies hidden under alpha 0 counts nothing.

    Attributes:
        brightness: mean relative luminance weighted by alpha, 0–1; 0 when nothing is visible.
        transparent_share: of all pixels those of alpha below 250, 0–1.
        has_transparency: whether that is enough to show the page: 2 % or more.
        dominant_colour: of the largest group of like colours; white when nothing is visible.
        chroma: mean OKLCH chroma weighted by alpha, 0–0.33.
        is_monochrome: whether all is drawn in one colour.
        contrast_light: WCAG contrast of the outline against white, 1–21.
        contrast_dark: likewise against ``#0b0f19``.
        is_blank: whether nothing is visible.
    """

    brightness: float
    transparent_share: float
    has_transparency: bool
    dominant_colour: Colour
    chroma: float
    is_monochrome: bool
    contrast_light: float
    contrast_dark: float
    is_blank: bool

    def contrast(self, theme: Theme) -> float:
        """Give the contrast against a theme's page."""
        return self.contrast_light if theme is Theme.LIGHT else self.contrast_dark


def analyse(pixels: Pixels) -> Analysis:
    """Look at a picture; some milliseconds, so call it in a thread."""
    share, step_px = pixels.transparent_share(), sample_step_px(pixels)
    part = pixels.inked(REACH_PX + 1, step_px).pixels
    light = levels(part.colour).copy_memory()
    inks = Inks.of(part, light, step_px)
    outline = Outline.of(part.alpha)
    on_light, on_dark = outline.contrasts(part.colour, (Theme.LIGHT.page, Theme.DARK.page), light)
    return Analysis(
        brightness=inks.brightness,
        transparent_share=share,
        has_transparency=shows_page(share),
        dominant_colour=inks.dominant,
        chroma=inks.chroma,
        is_monochrome=inks.is_one,
        contrast_light=on_light,
        contrast_dark=on_dark,
        is_blank=outline.is_empty,
    )


def shows_page(transparent_share: float) -> bool:
    """Say whether the page shows through: an alpha channel alone is no transparency, nor are a few soft pixels."""
    return transparent_share >= _TRANSPARENT_SHARE


def contrast_on(pixels: Pixels, page: Colour) -> float:
    """Give the contrast of a picture's outline against any page, 1–21, as :class:`Analysis` has it for two."""
    part = pixels.inked(REACH_PX + 1).pixels
    return Outline.of(part.alpha).contrast(part.colour, page)


def needs_inversion(analysis: Analysis, theme: Theme, *, remembered: bool | None = None) -> bool:
    """
    Say whether a logo has to be adapted to be read on a theme's page.

    Args:
        analysis: of the logo as it is.
        theme: the page's.
        remembered: an earlier verdict on the same logo, which is kept unless the contrast is clearly another.
    """
    return is_lost(analysis, analysis.contrast(theme), remembered=remembered)


def is_lost(analysis: Analysis, contrast: float, *, remembered: bool | None = None) -> bool:
    """
    Give the verdict of :func:`needs_inversion` for a contrast that is known, such as that of :func:`contrast_on`.

    What is opaque brings a background of its own and is never lost.
    """
    if not analysis.has_transparency or analysis.is_blank:
        return False
    if remembered is None:
        return contrast < READS_BELOW
    return contrast < (_READS_AGAIN if remembered else _STILL_READS)
