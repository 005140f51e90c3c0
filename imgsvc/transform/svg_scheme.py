"""
A drawing's own colour schemes: ``@media (prefers-color-scheme: …)``, which what draws it does not know.

Blocks that hold for the scheme that is wanted become rules like all others, in their place; of the rest nothing is ever
drawn. A block that asks for no scheme, or for something that is not known here, is left as it is.
"""

import re
from collections.abc import Iterator

from lxml import etree

from imgsvc.model.look import Theme
from imgsvc.model.media import SCHEME, schemes_of
from imgsvc.transform.svg_colours import MENTIONS, write_plainly
from imgsvc.transform.svg_css import blocks
from imgsvc.transform.svg_names import SVG_NAMESPACE
from imgsvc.transform.svg_sanitiser import parse
from imgsvc.transform.svg_variables import put_in

_MEDIA = re.compile(r"@media\b(.*)", re.IGNORECASE | re.DOTALL)
_STYLE = f"{{{SVG_NAMESPACE}}}style"


def in_scheme(data: bytes, scheme: str) -> bytes:
    """
    Write a drawing as it looks where *scheme* is preferred, its variables put in, its colours such as are drawn.

    One that has neither of them comes back as it is.

    CPU only; call it in a thread.

    Args:
        data: sanitised.
        scheme: ``light`` or ``dark``; empty = no preference is known, and no block is drawn.

    Raises:
        CorruptImage: no SVG.
        SourceTooLarge: more than 1 MiB, before or after.
    """
    # Mostly none of the words is there at all, and nothing need be parsed.
    words = data.lower()
    has_scheme, has_variables = scheme != "" and SCHEME.encode() in words, b"var(" in words
    has_colours = any(mention in words for mention in MENTIONS)
    if not (has_scheme or has_variables or has_colours):
        return data
    root = parse(data)
    if has_scheme:
        for style in root.iter(_STYLE, "style"):
            style.text = "".join(_unwrapped(_text_of(style), Theme(scheme)))
    if has_variables:
        put_in(root)
    if has_colours:
        write_plainly(root, scheme)
    return etree.tostring(root, encoding="utf-8", xml_declaration=False)


def _text_of(style: etree._Element) -> str:
    return "".join(str(text) for text in style.itertext())


def _unwrapped(css: str, theme: Theme) -> Iterator[str]:
    """Give the rules with those of the blocks that hold for *theme* among them, and without those that do not."""
    for prelude, block in blocks(css):
        themes = _themes_for(prelude)
        if themes is None:
            yield f"{prelude}{{{block}}}"
        elif theme in themes:
            yield from _unwrapped(block, theme)


def _themes_for(prelude: str) -> frozenset[Theme] | None:
    """Say for which schemes a block holds; None when it asks for none, or for something that is not known."""
    media = _MEDIA.fullmatch(prelude.strip())
    return schemes_of(media[1]) if media is not None and SCHEME in media[1].lower() else None
