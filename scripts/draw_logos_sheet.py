"""Draw the labelled set of logos on a light and on a dark page, before and after, with what was measured."""

from collections.abc import Iterator
from html import escape
from pathlib import Path

import pyvips

from imgsvc.model.look import Theme
from imgsvc.vision.adapt import Adapted, adapt
from imgsvc.vision.analysis import READS_BELOW, analyse, needs_inversion
from imgsvc.vision.pixels import Pixels
from tests.unit.vision.drawn import LOGOS, Logo

SHEET = Path(__file__).parent.parent / "docs" / "logos-sheet.png"

LOGO_PX = 120
CELL_PX = 148
SHOWN_PX = 116
ROW_PX = 22 + SHOWN_PX
GUTTER_PX = 20
BLOCK_PX = 4 * CELL_PX
COLUMNS = 2
MARGIN_PX = 28
HEAD_PX = 104

GROUND, INK, FAINT = "#e9edf3", "#1c2430", "#5d6878"
GOOD, BAD, QUIET = "#2f9e6e", "#d9485f", "#8b96a8"
FONT = 'font-family="DejaVu Sans, Helvetica, Arial, sans-serif"'


def drawn(width_px: int, height_px: int, body: str) -> pyvips.Image:
    """Draw an SVG of that size."""
    text = f'<svg xmlns="http://www.w3.org/2000/svg" width="{width_px}" height="{height_px}">{body}</svg>'
    return pyvips.Image.svgload_buffer(text.encode())


def text(x: float, y: float, size: int, colour: str, words: str, more: str = "") -> str:
    """Write a line."""
    return f'<text x="{x}" y="{y}" {FONT} font-size="{size}" fill="{colour}" {more}>{escape(words)}</text>'


def cell(pixels: Pixels, page: Theme, contrast: float, verdict: str, dot: str) -> pyvips.Image:
    """Show a logo on a page, and below it its contrast with a coloured dot and a word."""
    ink = "#39424f" if page is Theme.LIGHT else "#c3ccd9"
    behind = drawn(
        CELL_PX, SHOWN_PX,
        f'<rect width="100%" height="100%" fill="#{page.page}"/>'
        f'<circle cx="18" cy="{SHOWN_PX - 15}" r="4" fill="{dot}"/>'
        + text(28, SHOWN_PX - 11, 11, ink, f"{contrast:.1f}", 'font-weight="bold"')
        + text(62, SHOWN_PX - 11, 11, ink, verdict),
    )  # fmt: skip
    return behind.composite2(pixels.image, "over", x=(CELL_PX - LOGO_PX) // 2, y=12).cast("uchar")


def cells(logo: Logo) -> Iterator[pyvips.Image]:
    """Show a logo on both pages, each before and after."""
    pixels = logo.pixels(LOGO_PX)
    analysis = analyse(pixels)
    for theme in Theme:
        needed = needs_inversion(analysis, theme)
        contrast = analysis.contrast(theme)
        after = adapt(pixels, theme.page) if needed else Adapted(pixels, changed=False, contrast=contrast)
        verdict = "is lost" if needed else "reads" if analysis.has_transparency else "opaque"
        yield cell(pixels, theme, contrast, verdict, BAD if needed else QUIET)
        yield cell(
            after.pixels, theme, after.contrast, "adapted" if after.changed else "as it is", GOOD if needed else QUIET
        )


def block(logo: Logo) -> pyvips.Image:
    """Put a logo's name above its four cells."""
    name = text(0, 14, 12, INK, logo.name, 'font-weight="bold"')
    image = drawn(BLOCK_PX, ROW_PX, f'<rect width="100%" height="100%" fill="{GROUND}"/>{name}')
    for at, shown in enumerate(cells(logo)):
        image = image.insert(shown, at * CELL_PX, ROW_PX - SHOWN_PX)
    return image


def head(width_px: int) -> pyvips.Image:
    """Say what is shown, and above each column of cells what it is."""
    said = (
        f"Each logo on a light and on a dark page, before and after, with the contrast of its outline. "
        f"Below {READS_BELOW:.0f} it is lost there, and its lightness is moved; what is opaque brings its own page."
    )
    columns = (
        text(MARGIN_PX + side * (BLOCK_PX + GUTTER_PX) + at * CELL_PX, HEAD_PX - 8, 11, FAINT, words)
        for side in range(COLUMNS)
        for at, words in enumerate(("light, before", "light, after", "dark, before", "dark, after"))
    )
    title = text(MARGIN_PX, 44, 22, INK, "The labelled set", 'font-weight="bold"')
    body = f'<rect width="100%" height="100%" fill="{GROUND}"/>{title}{text(MARGIN_PX, 66, 12, FAINT, said)}'
    return drawn(width_px, HEAD_PX, body + "".join(columns))


def main() -> None:
    """Write the sheet."""
    ground = [int(GROUND[at : at + 2], 16) for at in (1, 3, 5)]
    blocks = [block(logo).flatten(background=ground) for logo in LOGOS]
    rows = pyvips.Image.arrayjoin(blocks, across=COLUMNS, shim=GUTTER_PX, background=ground)
    width_px = rows.width + 2 * MARGIN_PX
    framed = rows.embed(MARGIN_PX, 0, width_px, rows.height + MARGIN_PX, extend="background", background=ground)
    sheet = head(width_px).flatten(background=ground).join(framed, "vertical")
    sheet.pngsave(str(SHEET), palette=True, Q=100, dither=1.0, compression=9, effort=10, keep="none")


if __name__ == "__main__":
    main()
