"""URLs with places for a domain and a size, as operators write them."""

import re
from urllib.parse import quote

from imgsvc.errors import InvalidRequest
from imgsvc.model.hosts import normalise_url

_PLACE = re.compile(r"\{(domain|size)\}")
_AUTHORITY_END = re.compile(r"[/?#]")


def check_template(text: str) -> str:
    """
    Let a template pass: an http(s) URL with ``{domain}`` and, where it has several sizes, ``{size}`` in px.

    Raises:
        ValueError: no ``{domain}`` in its path or query, other braces, or a place in its host, which would let a
            client's text choose whom we ask. The text is not repeated: it may hold a token.
    """
    rest = _PLACE.sub("", text)
    if "{domain}" not in text or "{" in rest or "}" in rest:
        raise ValueError("a template holds {domain}, may hold {size}, and no other braces")
    scheme, _, behind = text.partition("://")
    authority = _AUTHORITY_END.split(behind, maxsplit=1)[0]
    if "{" in scheme or "{" in authority or "{" in text.partition("#")[2]:
        raise ValueError("places stand in the path or the query of a template")
    try:
        normalise_url(_PLACE.sub("x", text))
    except InvalidRequest as error:
        raise ValueError(error.detail) from error
    return text


def fill_template(template: str, domain: str, size_px: int | None = None) -> str:
    """Give the normalised URL that a checked template stands for; *domain* is a normalised host."""
    values = {"domain": quote(domain, safe=""), "size": str(size_px)}
    return normalise_url(_PLACE.sub(lambda found: values[found[1]], template))


def has_size(template: str) -> bool:
    """Whether a template can ask for a size."""
    return "{size}" in template


def shown_template(template: str) -> str:
    """Give a template without what may be a secret in it, which is all behind the host."""
    scheme, _, rest = template.partition("://")
    host = _AUTHORITY_END.split(rest, maxsplit=1)[0]
    return f"{scheme}://{host}/***"
