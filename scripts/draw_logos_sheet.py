"""Draw the labelled set of logos on a light and on a dark page, before and after, with what was measured."""

from collections.abc import Iterator
from html import escape
from pathlib import Path

import pyvips

from imgsvc.vision.adapt import Adapted, adapt
from imgsvc.vision.analysis import Theme, analyse, needs_inversion
from imgsvc.vision.pixels import Pixels
from tests.unit.vision.drawn import LOGOS, Logo

SHEET = Path(__file__).parent.parent / "docs" / "logos-sheet.png"

LOGO_PX = 120
CELL_PX = 136
ROW_PX = 112
NAME_PX = 18
COLUMNS = 2
BLOCK_PX = 4 * CELL_PX + 12  # and a gutter


def cell(pixels: Pixels, page: Theme, caption: str) -> pyvips.Image:
    """Show a logo on a page with a line of text below."""
    ink = "#333" if page is Theme.LIGHT else "#ccc"
    text = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{CELL_PX}" height="{ROW_PX - NAME_PX}">'
        f'<rect width="100%" height="100%" fill="#{page.page}"/>'
        f'<text x="8" y="{ROW_PX - NAME_PX - 5}" font-family="sans-serif" font-size="10" fill="{ink}">{caption}</text>'
        "</svg>"
    )
    behind = pyvips.Image.svgload_buffer(text.encode())
    return behind.composite2(pixels.image, "over", x=8, y=3).cast("uchar")


def cells(logo: Logo) -> Iterator[pyvips.Image]:
    """Show a logo on both pages, each before and after."""
    pixels = logo.pixels(LOGO_PX)
    analysis = analyse(pixels)
    for theme in Theme:
        needed = needs_inversion(analysis, theme)
        contrast = analysis.contrast(theme)
        after = adapt(pixels, theme.page) if needed else Adapted(pixels, changed=False, contrast=contrast)
        verdict = "needs inversion" if needed else "reads" if analysis.has_transparency else "opaque"
        yield cell(pixels, theme, f"{contrast:.1f} {verdict}")
        yield cell(after.pixels, theme, f"{after.contrast:.1f} {'adapted' if after.changed else 'as it is'}")


def block(logo: Logo) -> pyvips.Image:
    """Put a logo's name above its four cells."""
    name = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{BLOCK_PX}" height="{ROW_PX}"><rect width="100%" height="100%"'
        f' fill="#8a93a3"/><text x="4" y="13" font-family="sans-serif" font-size="11" fill="#000">{escape(logo.name)}'
        "</text></svg>"
    )
    image = pyvips.Image.svgload_buffer(name.encode())
    for at, shown in enumerate(cells(logo)):
        image = image.insert(shown, at * CELL_PX, NAME_PX)
    return image


def main() -> None:
    """Write the sheet."""
    sheet = pyvips.Image.arrayjoin([block(logo) for logo in LOGOS], across=COLUMNS)
    sheet.flatten().pngsave(str(SHEET), palette=True, Q=100, dither=1.0, compression=9, effort=10, keep="none")


if __name__ == "__main__":
    main()
