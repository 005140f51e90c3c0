"""Sight for whoever makes pictures for a page: one look, one verdict, and the adaptation that follows."""

from collections.abc import Callable
from typing import Any

from msgspec import Struct

from imgsvc.model.colours import Colour, is_light
from imgsvc.model.look import Look, Theme
from imgsvc.vision.adapt import adapt
from imgsvc.vision.analysis import Analysis, analyse, contrast_on, is_lost
from imgsvc.vision.pixels import Pixels


class PageSight(Struct, frozen=True):
    """
    What was seen of a picture.

    Attributes:
        analysis: of it.
        page: the background that is asked about.
        contrast: of its outline there, 1–21.
    """

    analysis: Analysis
    page: Colour
    contrast: float

    def look(self, scheme: str, *, remembered: bool | None) -> Look:
        """
        Give the verdict, nothing being adapted yet.

        Args:
            scheme: ``light`` or ``dark``: for which of the two a page stands that is neither's own; empty = its own
                lightness tells.
            remembered: an earlier verdict, kept unless the contrast is clearly another.
        """
        contrasts = {theme: self.analysis.contrast(theme) for theme in Theme}
        if _theme_of(self.page) is None:
            contrasts[Theme(scheme) if scheme else _nearest_theme(self.page)] = self.contrast
        return Look(
            brightness=self.analysis.brightness,
            has_transparency=self.analysis.has_transparency,
            contrast_light=contrasts[Theme.LIGHT],
            contrast_dark=contrasts[Theme.DARK],
            needs_inversion=is_lost(self.analysis, self.contrast, remembered=remembered),
            inverted=False,
        )


class PageTheming:
    """Sees pictures on a page and adapts them to it; holds no state, so any number of threads may share one."""

    def see(self, image: Any, page: Colour) -> PageSight:
        """
        Look at an 8-bit picture, sRGB or grey, and at how it reads on *page*; some ms, so call it in a thread.

        Raises:
            pyvips.Error: the pixels cannot be decoded.
        """
        pixels = Pixels.of(image)
        analysis = analyse(pixels)
        theme = _theme_of(page)
        contrast = contrast_on(pixels, page) if theme is None else analysis.contrast(theme)
        return PageSight(analysis, page, contrast)

    def adapt(self, image: Any, page: Colour, watch: Callable[[Any], Any]) -> Any | None:
        """
        Make a picture read on a page.

        Args:
            image: 8-bit, sRGB or grey.
            page: the background.
            watch: is shown the images that all work reads from, so that it can be stopped.

        Returns:
            8-bit sRGB with alpha, in memory; None when nothing was to be done.

        Raises:
            pyvips.Error: the pixels cannot be decoded, or the work was stopped.
        """
        adapted = adapt(Pixels.of(image), page, watch)
        return adapted.pixels.image if adapted.changed else None


def _theme_of(page: Colour) -> Theme | None:
    """Say whose own page this is."""
    return next((theme for theme in Theme if theme.page == page), None)


def _nearest_theme(page: Colour) -> Theme:
    """Say what a page counts as: light where black text reads better on it than white."""
    return Theme.LIGHT if is_light(page) else Theme.DARK
