"""Logos drawn by code, without fonts and without SVG, and how they read."""

from typing import Any

import pyvips

from imgsvc.model.colours import Colour
from imgsvc.model.look import Theme
from imgsvc.vision.analysis import contrast_on
from imgsvc.vision.pixels import Pixels
from imgsvc.vision.theming import PageTheming
from tests.support import pictures

LIGHT, DARK = Theme.LIGHT.page, Theme.DARK.page
BLACK, WHITE = (0, 0, 0), (255, 255, 255)

SVG_WITH_SCHEMES = (
    b'<svg xmlns="http://www.w3.org/2000/svg" width="40" height="20"><style>rect{fill:#000}'
    b"@media (prefers-color-scheme: dark){rect{fill:#fff}}@media (prefers-color-scheme: light){rect{fill:#111}}"
    b'</style><rect x="4" y="4" width="8" height="12"/><rect x="18" y="4" width="16" height="4"/></svg>'
)
"""Black, but for one who prefers a scheme."""


def wordmark(ink: tuple[int, ...] = BLACK, width: int = 640, height: int = 320) -> Any:
    """Draw letters of one ink, as thick bars, on nothing."""
    image = pictures.filled((0, 0, 0, 0), width, height)
    bar = pictures.filled((*ink, 255), width // 12, height * 3 // 4)
    for place in (2, 4, 6, 8):
        image = image.insert(bar, width * place // 12, height // 8)
    return image.insert(pictures.filled((*ink, 255), width // 4, height // 10), width // 3, height * 2 // 5)


def reads(data: bytes, page: Colour) -> float:
    """Give the contrast of an answer's outline on a page."""
    return contrast_on(Pixels.of(pictures.decoded(data)), page)


def inks(data: bytes) -> set[tuple[float, ...]]:
    """Give the colours of what is opaque in a lossless answer."""
    image = pyvips.Image.new_from_buffer(data, "").copy_memory()
    values = image.write_to_memory()[:]
    return {tuple(p[:-1]) for p in zip(*(iter(bytes(values)),) * image.bands, strict=True) if p[-1] == 255}


class CountingTheming(PageTheming):
    """Counts its looks."""

    def __init__(self) -> None:
        self.looks = 0

    def see(self, image: Any, page: Colour) -> Any:
        self.looks += 1
        return super().see(image, page)
