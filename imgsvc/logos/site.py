"""What a page says of the organisation that it belongs to, and not of others it only mentions."""

import re
from urllib.parse import urlsplit

from imgsvc.pages.json_ld import Organisation, organisations
from imgsvc.pages.tags import Page

# What dealers write: HugeDomains, Dan, Sedo, Afternic, GoDaddy.
_OFFER = re.compile(
    r"\b(?:for sale|parked|buy (?:this|the) domain|domain(?: name)? (?:is )?available"
    r"|zu verkaufen|te koop|à vendre|en venta|in vendita)\b",
    re.IGNORECASE,
)


def is_offer(page: Page, host: str) -> bool:
    """Say whether *host* has led to a page elsewhere that, by its title, offers it for sale: its icon is a dealer's."""
    is_elsewhere = not _is_one_site(f"https://{host}/", page.url)
    return is_elsewhere and host.removeprefix("www.") in page.title.lower() and bool(_OFFER.search(page.title))


def own_organisations(page: Page) -> tuple[Organisation, ...]:
    """
    Give the organisations in a page's JSON-LD that name the page's site, or none and are not merely mentioned.

    A shop describes the brands it sells with the same words as itself, and a review whom it is about.
    """
    found = organisations(page.json_ld, page.base_url)
    return tuple(each for each in found if _is_own(each, page.url))


def _is_own(organisation: Organisation, url: str) -> bool:
    return not organisation.is_mentioned if organisation.url is None else _is_one_site(organisation.url, url)


def _is_one_site(one: str, other: str) -> bool:
    """Whether one host is the other or lies below it, ``www.`` left out."""
    first, second = (f".{(urlsplit(url).hostname or '').removeprefix('www.')}" for url in (one, other))
    return first.endswith(second) or second.endswith(first)
