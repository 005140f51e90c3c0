"""Whether bytes that are called something else are a page."""

import re

# What stands before the first tag is taken once and never given back: a comment ends where it first can, or many of
# them could be cut in more ways than there is time to try.
_BEGINNING = re.compile(
    rb"(?:\xef\xbb\xbf)?(?>\s|<\?xml[^>]*\?>|<!--.{0,200}?-->)*+"
    rb"<(?:!doctype\s+html|html|head|body|title|meta)[\s>]",
    re.IGNORECASE | re.DOTALL,
)


def looks_like_page(first: bytes) -> bool:
    """
    Judge by the first bytes, some dozen at the least, as browsers do (WHATWG MIME Sniffing, §7.1).

    Only tags that a whole document begins with count: what merely holds some markup is no page.
    """
    return _BEGINNING.match(first) is not None
