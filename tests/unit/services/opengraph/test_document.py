"""What is written down of a page: read back as it was, and nothing else believed."""

import json

import pytest
from msgspec.structs import asdict, replace

from imgsvc.model.formats import ImageFormat
from imgsvc.opengraph.data import Described, ShareData, ShareImage, TwitterCard
from imgsvc.services.opengraph.document import (
    DOCUMENT_PREFIX,
    DOCUMENT_VERSION,
    PageDocument,
    SharePicture,
    document_key,
    shown,
)

URL = "https://a.test/p?q=1"
PICTURE = SharePicture(
    key="images/opengraph/a-test-0f115db0.jpg", sha256="ab" * 32, image_format=ImageFormat.JPEG, width_px=1200,
    height_px=630, url="https://a.test/i.jpg", chosen_at=1001.0,
)  # fmt: skip
DATA = ShareData(
    title="Grüße 🐦", description="d", site_name="s", type="article", locale="de_DE",
    images=(
        ShareImage("https://a.test/i.jpg", "og:image", 1200, 630, "alt", "image/jpeg"),
        ShareImage("https://a.test/j.jpg", "jsonld"),
    ),
    video="https://a.test/v.mp4", favicon="https://a.test/f.ico", theme_colour="#fff", author="Ada",
    published_time="2026-01-02", twitter=TwitterCard("summary", "@a", "@b"), described=Described("Article", "n", None),
)  # fmt: skip


def document(**more) -> PageDocument:
    values = {
        "url": URL, "final_url": "https://a.test/q", "data": DATA, "fetched_at": 1000.5, "tried_at": 1000.5,
        "fresh_until": 2000.0,
    }  # fmt: skip
    return PageDocument(**(values | more))


@pytest.mark.parametrize("more", [{}, {"data": ShareData()}, {"picture": PICTURE, "chosen_until": 5000.0}])
def test_round_trip(more):
    """A document reads back as it was written."""
    written = document(**more)

    assert PageDocument.parse(written.to_json(), URL) == written
    assert PageDocument.parse_any(written.to_json()) == written


def test_another_page_is_none():
    """Two pages whose digests clash never share a document."""
    assert PageDocument.parse(document().to_json(), "https://a.test/p?q=2") is None


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b"null", b"{}", b"\xff", b'{"url": 1}'])
def test_what_is_none(data):
    """Damage, and JSON of another kind, are misses and no errors."""
    assert PageDocument.parse_any(data) is None


@pytest.mark.parametrize(
    "change",
    [
        {"version": DOCUMENT_VERSION + 1}, {"fetched_at": -1}, {"tried_at": 1e12}, {"fresh_until": 1e300},
        {"chosen_until": -5}, {"url": None}, {"data": []}, {"data": {"title": 7}},
        {"picture": {"key": "images/logos/x.png"}}, {"data": {"images": [{"url": "x"}]}},
    ],
)  # fmt: skip
def test_what_is_not_believed(change):
    """Another version, impossible times and values of another kind make it none: others write to the store, too."""
    members = json.loads(document().to_json()) | change

    assert PageDocument.parse_any(json.dumps(members).encode()) is None


@pytest.mark.parametrize("key", ["images/logos/a-test-0f115db0.jpg", "images/opengraph/../a-0f115db0.jpg", ""])
def test_a_picture_lies_where_such_pictures_lie(key):
    """A document cannot make the service read, or delete, another object."""
    assert PageDocument.parse_any(document(picture=replace(PICTURE, key=key)).to_json()) is None


def test_where_it_lies():
    """Each page has a place of its own, below one prefix, named by its digest."""
    assert document().key == document_key(URL)
    assert document().key.startswith(DOCUMENT_PREFIX)
    assert len({document_key(URL), document_key(URL + "&"), document_key(URL.upper())}) == 3


def test_freshness():
    """It is fresh until, not at, its end; what fails holds on for a while, and is not asked for again meanwhile."""
    extended = document().extended(3000, 60)

    assert document().is_fresh(1999.9)
    assert not document().is_fresh(2000)
    assert (extended.fetched_at, extended.tried_at, extended.fresh_until) == (1000.5, 3000, 3060)
    assert extended.data == DATA


def test_shown():
    """An answer holds what the page says, of its first picture also by itself, and where it came from."""
    answer = json.loads(json.dumps(shown(document(), "store"), default=asdict))

    assert answer["images"][0] == {
        "url": "https://a.test/i.jpg", "tag": "og:image", "width": 1200, "height": 630, "alt": "alt",
        "type": "image/jpeg",
    }  # fmt: skip
    assert (answer["image"], answer["imageAlt"]) == ("https://a.test/i.jpg", "alt")
    assert (answer["imageWidth"], answer["imageHeight"]) == (1200, 630)
    assert (answer["url"], answer["finalUrl"], answer["source"]) == (URL, "https://a.test/q", "store")
    assert (answer["fetchedAt"], answer["themeColor"]) == ("1970-01-01T00:16:40Z", "#fff")
    assert answer["twitter"] == {"card": "summary", "site": "@a", "creator": "@b"}
    assert answer["jsonld"] == {"type": "Article", "name": "n", "logo": None}


def test_shown_of_nothing():
    """What is absent is null, and never missing."""
    answer = json.loads(json.dumps(shown(document(data=ShareData()), "origin"), default=asdict))

    assert list(answer) == list(shown(document(), "origin"))
    assert {key for key, value in answer.items() if value is not None} == {
        "url", "finalUrl", "images", "twitter", "fetchedAt", "source"
    }  # fmt: skip
    assert (answer["images"], set(answer["twitter"].values())) == ([], {None})
