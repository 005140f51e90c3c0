"""What was seen of a picture: how light it is, and whether it reads on a page."""

import math
from enum import StrEnum
from typing import Self

from msgspec import Struct

from imgsvc.model.colours import Colour

_PLACES = 4
_PARTS = 6


class Theme(StrEnum):
    """The page that a logo is shown on; the value is the one of ``prefers-color-scheme`` (Media Queries 5 §12.5)."""

    LIGHT = "light"
    DARK = "dark"

    @property
    def page(self) -> Colour:
        """The page's background."""
        return _PAGES[self]


_PAGES = {Theme.LIGHT: Colour(255, 255, 255), Theme.DARK: Colour(0x0B, 0x0F, 0x19)}


class Look(Struct, frozen=True, kw_only=True):
    """
    What an answer says of a picture that was looked at for the sake of a page.

    Attributes:
        brightness: mean relative luminance of what is visible, weighted by alpha, 0–1.
        has_transparency: whether the page shows through.
        contrast_light: WCAG contrast of the outline on a light page, 1–21.
        contrast_dark: likewise on a dark one; where an exact page was asked for, that stands in for one of the two.
        needs_inversion: whether it does not read on the page that was asked for.
        inverted: whether it was adapted to that page.
    """

    brightness: float
    has_transparency: bool
    contrast_light: float
    contrast_dark: float
    needs_inversion: bool
    inverted: bool

    def to_text(self) -> str:
        """Write as a short ASCII text without spaces, fit for the metadata of an object."""
        numbers = (self.brightness, self.contrast_light, self.contrast_dark)
        switches = (self.has_transparency, self.needs_inversion, self.inverted)
        return ";".join([*(f"{number:.{_PLACES}f}" for number in numbers), *(str(int(switch)) for switch in switches)])

    @classmethod
    def parse(cls, text: str) -> Self | None:
        """Read what :meth:`to_text` wrote; None when it is anything else."""
        parts = text.split(";")
        if len(parts) != _PARTS or not set(parts[3:]) <= {"0", "1"}:
            return None
        try:
            brightness, light, dark = map(float, parts[:3])
        except ValueError:
            return None
        if not all(map(math.isfinite, (brightness, light, dark))):
            return None
        transparent, needed, inverted = (part == "1" for part in parts[3:])
        return cls(
            brightness=brightness,
            has_transparency=transparent,
            contrast_light=light,
            contrast_dark=dark,
            needs_inversion=needed,
            inverted=inverted,
        )
