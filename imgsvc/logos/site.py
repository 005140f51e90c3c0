"""What a page says of the organisation that it belongs to, and not of others it only mentions."""

from urllib.parse import urlsplit

from imgsvc.pages.json_ld import Organisation, organisations
from imgsvc.pages.tags import Page


def own_organisations(page: Page) -> tuple[Organisation, ...]:
    """
    Give the organisations in a page's JSON-LD that name no site, or the page's.

    A shop describes the brands it sells with the same words as itself, but with addresses of their own.
    """
    found = organisations(page.json_ld, page.base_url)
    return tuple(each for each in found if each.url is None or _is_one_site(each.url, page.url))


def _is_one_site(one: str, other: str) -> bool:
    """Whether one host is the other or lies below it, ``www.`` left out."""
    first, second = (f".{(urlsplit(url).hostname or '').removeprefix('www.')}" for url in (one, other))
    return first.endswith(second) or second.endswith(first)
