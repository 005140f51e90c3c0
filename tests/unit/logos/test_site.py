"""What a page says of its own organisation."""

import json

import pytest

from imgsvc.logos.site import is_offer, own_organisations
from tests.unit.logos.pages import read_page


@pytest.mark.parametrize(
    ("url", "own"),
    [
        (None, True), ("https://a.example/", True), ("https://www.a.example/about", True),
        ("http://shop.a.example", True),
        ("https://b.example/", False), ("https://ba.example/", False), ("https://example/", True), ("/", True),
    ],
)  # fmt: skip
def test_own(url, own):
    """An organisation is the page's own unless it says that it lives on another site."""
    text = json.dumps({"@type": "Organization", "name": "A", "logo": "/l.png"} | ({"url": url} if url else {}))

    page = read_page(f'<script type="application/ld+json">{text}</script>')

    assert bool(own_organisations(page)) is own


LOGO = {"@type": "Organization", "name": "B", "logo": "/b.png"}


@pytest.mark.parametrize(
    ("value", "own"),
    [
        ({"@type": "Product", "brand": LOGO}, False), ({"@type": "Review", "author": LOGO}, False),
        ({"@type": "Review", "itemReviewed": {"@type": "Product", "brand": LOGO}}, False),
        ({"@type": "Article", "publisher": LOGO}, True), ({"@graph": [{"@type": "WebSite", "publisher": LOGO}]}, True),
        ({"@type": "WebPage", "about": LOGO}, True), ({"@type": "Product", "brand": LOGO | {"url": "/"}}, True),
        ({"@type": "Article", "author": {"@type": "Person", "worksFor": LOGO}}, False),
    ],
)  # fmt: skip
def test_mentioned(value, own):
    """Brands that are sold, authors and what is reviewed are not the site; its publisher is."""
    page = read_page(f'<script type="application/ld+json">{json.dumps(value)}</script>')

    assert bool(own_organisations(page)) is own


@pytest.mark.parametrize(
    ("title", "host", "offer"),
    [
        ("AcmeWidgets.com is for sale | HugeDomains", "acmewidgets.com", True),
        ("The domain name acmewidgets.com is for sale", "www.acmewidgets.com", True),
        ("acmewidgets.com – zu verkaufen", "acmewidgets.com", True), ("Homes for sale", "acmewidgets.com", False),
        ("acmewidgets.com is now Acme Group", "acmewidgets.com", False),
        ("a.example: 1,000 names for sale", "a.example", False),
        ("shop.a.example is for sale", "shop.a.example", False),
    ],
)  # fmt: skip
def test_offers(title, host, offer):
    """A page on another site that offers the host by name is a dealer's; one that has moved there is the host's own."""
    assert is_offer(read_page(f"<title>{title}</title>"), host) is offer
