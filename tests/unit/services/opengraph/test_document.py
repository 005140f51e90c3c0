"""What is written down of a page: read back as it was, and nothing else believed."""

import json
from dataclasses import asdict, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

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


WRITTEN = (
    b'{"url":"https://a.test/p?q=1","final_url":"https://a.test/q","data":{"title":'
    b'"Gr\xc3\xbc\xc3\x9fe \xf0\x9f\x90\xa6","description":"d","site_name":"s","type":"article","locale":"de_DE","images":[{"url":"https://a.test/i.jpg","tag":'
    b'"og:image","width":1200,"height":630,"alt":"alt","type":"image/jpeg"},{"url":"https://a.test/j.jpg","tag":"jsonld",'
    b'"width":null,"height":null,"alt":null,"type":null}],"video":"https://a.test/v.mp4","favicon":'
    b'"https://a.test/f.ico","theme_colour":"#fff","author":"Ada","published_time":"2026-01-02","twitter":{"card":'
    b'"summary","site":"@a","creator":"@b"},"described":{"type":"Article","name":"n","logo":null}},"fetched_at":1000.5,'
    b'"tried_at":1000.5,"fresh_until":2000.0,"is_declared":true,"picture":{"key":"images/opengraph/a-test-0f115db0.jpg",'
    b'"sha256":"abababababababababababababababababababababababababababababababab","image_format":"jpg","width_px":1200,'
    b'"height_px":630,"url":"https://a.test/i.jpg","chosen_at":1001.0,"last_modified":0},"chosen_until":5000.0,"version":1}'
)
"""As 0.1 wrote a document, by another library."""


def test_what_was_written_before():
    """A store that is older than this version is read, and written no other way."""
    known = document(picture=PICTURE, chosen_until=5000.0)

    assert PageDocument.parse_any(WRITTEN) == known
    assert known.to_json() == WRITTEN


TEXTS = st.none() | st.text()


@given(st.builds(
    ShareData, title=TEXTS, author=TEXTS, images=st.lists(
        st.builds(ShareImage, st.text(), st.text(), st.none() | st.integers(), alt=TEXTS), max_size=3
    ).map(tuple), twitter=st.builds(TwitterCard, TEXTS), described=st.none() | st.builds(Described, st.text()),
))  # fmt: skip
def test_whatever_a_page_says(data):
    """It is read back as it was written."""
    assert PageDocument.parse(document(data=data).to_json(), URL) == document(data=data)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"2000.0", b"NaN"), (b"2000.0", b"Infinity"), (b"2000.0", b"1e999"), (b"2000.0", b"null"),
        (b"2000.0", b'"2000.0"'), (b"true", b"1"), (b"true", b'"true"'), (b":1200", b":1200.5"), (b":1200", b":true"),
        (b":1200", b":" + b"9" * 5000), (b'"version":1', b'"version":"1"'), (b'"version":1', b'"version":1.0'),
        (b'"Ada"', b'"\\ud800"'), (b'"Ada"', b'"\xed\xa0\x80"'), (b'"Ada"', b'"\xff"'), (b'"Ada"', b'"\x00"'),
        (b'"Ada"', b"[" * 100_000 + b"]" * 100_000), (b'{"url"', b'{"x":' + b'{"x":' * 100_000 + b'"url"'),
        (b'"version":1', b'"x":' + b"[" * 100_000 + b"]" * 100_000), (b'"jpg"', b'"JPG"'), (b'"jpg"', b'"docx"'),
        (b'"version":1', b'"version":1,'), (b'{"url"', b'\xef\xbb\xbf{"url"'), (b'"version":1}', b'"version":1}{}'),
    ],
)  # fmt: skip
def test_what_was_never_written(old, new):
    """Values of another type, numbers without end, broken texts and endless nesting make it none."""
    assert old in WRITTEN
    assert PageDocument.parse_any(WRITTEN.replace(old, new, 1)) is None


def test_what_is_not_looked_at():
    """Members of a version to come do not matter; of two of the same name the last counts; whole numbers are times."""
    more = WRITTEN.replace(b'{"url"', b'{"of_tomorrow":[{}],"url":"x","url"', 1).replace(b"2000.0", b"2000")

    assert PageDocument.parse_any(more) == PageDocument.parse_any(WRITTEN)


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
