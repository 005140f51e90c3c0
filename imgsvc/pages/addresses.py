"""Where the links of a page lead."""

import re
from urllib.parse import urljoin

from imgsvc.errors import ImgsvcError
from imgsvc.model.hosts import MAX_URL_CHARS, normalise_url

MAX_DATA_URL_CHARS = 64 * 1024
"""Icons written out in the page are small; this is far above all that were seen."""

_DROPPED = re.compile(r"[\t\n\r]")
_ENDS = "".join(map(chr, range(0x21)))
# A host that is left empty; the library would take the page's.
_NO_HOST = re.compile(r"(?:https?:)?[/\\]{2,}(?:[?#]|\Z)", re.IGNORECASE)


def resolve(base: str, reference: str) -> str | None:
    """
    Give the absolute http(s) URL in normal form, or a ``data:`` URL of a picture as it is; None for all else.

    Read as in the WHATWG URL Standard, §4.4: controls and spaces at the ends, tabs and line feeds inside are dropped,
    a backslash in the path is a slash.

    Args:
        base: absolute and in normal form (:func:`~imgsvc.model.hosts.normalise_url`).
        reference: as it stands in the page, entities decoded; an empty one leads nowhere.
    """
    if len(reference) > MAX_DATA_URL_CHARS:
        return None
    reference = reference.strip(_ENDS)
    if is_data_url(reference):
        return reference if reference[5:11].lower() == "image/" else None
    if not reference or len(reference) > MAX_URL_CHARS or _NO_HOST.match(reference):
        return None
    path, mark, query = _DROPPED.sub("", reference).partition("?")
    try:
        address = normalise_url(urljoin(base, path.replace("\\", "/") + mark + query))
    except (ImgsvcError, ValueError):  # what cannot be fetched is as good as no link
        return None
    return address if len(address) <= MAX_URL_CHARS else None  # escaped it may be longer than it was


def is_data_url(reference: str) -> bool:
    """Whether a reference holds what it refers to."""
    return reference[:5].lower() == "data:"
