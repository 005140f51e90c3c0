"""The colour that a site calls its own."""

import re
from collections.abc import Iterator

from msgspec.structs import replace

from imgsvc.model.colours import Colour, colour
from imgsvc.model.look import Theme
from imgsvc.model.media import is_for
from imgsvc.pages.manifest import Manifest
from imgsvc.pages.tags import Page

MAX_COLOUR_CHARS = 40

_RGB = re.compile(r"rgba?\(\s*(\d{1,3})\s*[,\s]\s*(\d{1,3})\s*[,\s]\s*(\d{1,3})\s*(?:[,/].*)?\)")
_LEAST_SPREAD = 24
"""Of 255: what differs less between its parts is a grey, which is the colour of a bar and not of a brand."""


def site_colour(page: Page, manifest: Manifest | None = None) -> Colour | None:
    """
    Give the colour of a site's own palette, opaque; None when it names none but greys.

    The likeliest to be the brand's first: that of its pinned tab, of its tile, of the browser's bar, of its manifest.
    """
    named = (parse_colour(text) for text in _said(page, manifest))
    return next((each for each in named if each is not None and _is_coloured(each)), None)


def parse_colour(text: str) -> Colour | None:
    """Read a colour of CSS: hexadecimal (the ``#`` may be missing), ``rgb()`` or a name; None for all else."""
    text = text.strip()[:MAX_COLOUR_CHARS]
    if found := _RGB.fullmatch(text.lower()):
        return Colour(*(min(255, int(part)) for part in found.groups()))
    try:
        named = colour(text)
    except ValueError:
        return None
    return None if named is None else replace(named, alpha=255)


def _said(page: Page, manifest: Manifest | None) -> Iterator[str]:
    yield from (link.colour for link in page.links if "mask-icon" in link.rels)
    yield page.content("msapplication-tilecolor")
    colours = (meta for meta in page.metas if meta.is_called("theme-color"))
    yield from (meta.content for meta in colours if is_for(meta.media, Theme.LIGHT))
    yield manifest.theme_colour if manifest else ""


def _is_coloured(colour: Colour) -> bool:
    parts = (colour.red, colour.green, colour.blue)
    return max(parts) - min(parts) >= _LEAST_SPREAD
