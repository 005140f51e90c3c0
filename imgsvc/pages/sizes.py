"""The ``sizes`` of icons, in pages and in web app manifests."""

import re
from typing import NamedTuple

MAX_SIZES = 20

_SIZE = re.compile(r"\b([1-9][0-9]{0,4})\s*[xX×]\s*([1-9][0-9]{0,4})")


class Size(NamedTuple):
    """
    One size an icon is declared to have.

    Attributes:
        width_px: 1–99,999; 0 only in :data:`ANY`.
        height_px: likewise.
    """

    width_px: int
    height_px: int


ANY = Size(0, 0)
"""The keyword ``any``: the icon scales."""


def parse_sizes(text: str) -> tuple[Size, ...]:
    """
    Read a ``sizes`` attribute (HTML Standard, §4.6.7.10, "rel=icon"), in its order, each once, at most 20.

    Read more kindly than the standard does: ``180x180px`` and commas are understood, the rest is passed over.
    """
    text = text[: MAX_SIZES * 16]
    found = dict.fromkeys(Size(int(width), int(height)) for width, height in _SIZE.findall(text))
    scales = (ANY,) if "any" in text.lower().split() else ()
    return (*scales, *found)[:MAX_SIZES]
