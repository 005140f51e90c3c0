"""Any bytes as a page: nothing raises, what comes out is sound and bounded, however the bytes arrive."""

import json
import re
from urllib.parse import urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imgsvc.model.hosts import normalise_url
from imgsvc.opengraph.data import ShareData
from imgsvc.opengraph.images import MAX_IMAGES
from imgsvc.pages.building import MAX_CONTENT_CHARS
from tests.unit.opengraph.pages import NAMES, Recorded, read

pytestmark = pytest.mark.slow

KEYS = [
    "og:title", "og:image", "og:image:url", "og:image:secure_url", "og:image:width", "og:image:alt", "og:image:type",
    "og:video", "og:type", "og:locale", "twitter:image", "twitter:image:src", "twitter:card", "twitter:site", "author",
    "description", "article:published_time", "theme-color", "image", "thumbnailUrl", "og:site_name",
]  # fmt: skip
CONTENTS = st.sampled_from(
    ["", " ", "a.jpg", "//b.test/x", "https://c.test:99/ü?q#f", "javascript:x", "data:image/png,x", "http://[", "https://",
     "../..", "1200", "9" * 99, "image/png", "2026-01-02", "2026-01-02\ud80003:04", "@a", "#fff", "&#x202e;&#7;&#0;x",
     "x" * 5000, "&amp;amp;", "en_GB", "\x00\x1b", "/favicon.ico"]
) | st.text(max_size=40)  # fmt: skip
VALUES = st.recursive(
    CONTENTS | st.none() | st.booleans() | st.integers() | st.floats(),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                ["@type", "@id", "@graph", "@value", "image", "thumbnailUrl", "url", "contentUrl", "width", "author",
                 "name", "headline", "logo", "publisher", "datePublished", "mainEntity", "uploadDate"]
            ),
            inner | st.sampled_from(["Article", "Organization", "ImageObject", "#a", "WebPage", "Person"]),
            max_size=6,
        )
    ),
    max_leaves=12,
)  # fmt: skip
TAGS = (
    st.builds(
        lambda attribute, key, content, mark: f"<meta {attribute}={mark}{key}{mark} content={mark}{content}{mark}>",
        st.sampled_from(["property", "name", "itemprop", "NAME"]), st.sampled_from(KEYS), CONTENTS,
        st.sampled_from(['"', "'", ""]),
    )
    | VALUES.map(lambda value: f"<script type='application/ld+json'>{json.dumps(value)}</script>")
    | st.builds(
        lambda rel, href: f"<link rel='{rel}' href='{href}'>",
        st.sampled_from(["icon", "image_src", "alternate icon"]), CONTENTS,
    )
    | st.sampled_from(
        ["<base href='/b/'>", "<base href='javascript:x'>", "</head>", "<body>", "<title>", "</title>", "<!--", "-->",
         "<svg>", "<noscript>", "<meta charset=utf-16>", "<meta charset=shift_jis>", '"', "'", "<", ">", " " * 4000]
    )
)  # fmt: skip
PAGES = (
    st.lists(TAGS, max_size=30).map(lambda tags: "".join(tags).encode("utf-8", "surrogatepass"))
    | st.binary(max_size=9000)
    | st.sampled_from(NAMES).map(lambda name: Recorded.load(name).markup[:20_000])
)
KINDS = st.sampled_from(
    ["", "text/html; charset=utf-8", "text/html; charset=windows-1251", "text/html; charset=utf-16"]
)

UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufeff]")


def texts_in(value: object) -> list[str]:
    """Give every text in frozen data."""
    if isinstance(value, str):
        return [value]
    if isinstance(value, tuple):
        return [text for each in value for text in texts_in(each)]
    names = getattr(value, "__struct_fields__", ())
    return [text for name in names for text in texts_in(getattr(value, name))]


def addresses_in(data: ShareData) -> list[str]:
    logo = data.described.logo if data.described else None
    return [url for url in (*(image.url for image in data.images), data.video, data.favicon, logo) if url]


@settings(max_examples=400, deadline=None, derandomize=True)
@given(PAGES, KINDS)
def test_whatever_a_page_holds(markup, content_type):
    """Texts are one clean line of bounded length, pictures few, sides sane, and each address can be fetched."""
    data = read(markup, content_type=content_type)

    for text in texts_in(data):
        assert text
        assert text == text.strip()
        assert len(text) <= MAX_CONTENT_CHARS
        assert not UNPRINTABLE.search(text)
    for address in addresses_in(data):
        assert normalise_url(address) == address
        assert urlsplit(address).scheme in ("http", "https")
    assert len(data.images) == len({image.url for image in data.images}) <= MAX_IMAGES
    assert all(side is None or 0 < side <= 100_000 for image in data.images for side in (image.width, image.height))


@settings(max_examples=200, deadline=None, derandomize=True)
@given(PAGES, KINDS, st.integers(1, 5000))
def test_however_it_arrives(markup, content_type, chunk_bytes):
    """The network's cuts change nothing."""
    arrived = read(markup, content_type=content_type, chunk_bytes=chunk_bytes)

    assert arrived == read(markup, content_type=content_type)
