"""Pages made to be costly: what is read, kept and worked on is bounded, whatever they hold."""

import json
import time
import tracemalloc
from collections.abc import Iterable
from itertools import chain, repeat

import pytest

from imgsvc.opengraph.data import ShareData
from imgsvc.opengraph.metadata import share_data
from imgsvc.pages.collector import MAX_JSON_LD, MAX_METAS, Extent
from imgsvc.pages.parser import MAX_HEAD_BYTES, MAX_PAGE_BYTES, SLICE_BYTES, PageReader
from tests.unit.opengraph.pages import URL

pytestmark = pytest.mark.slow

K = 64 * 1024
OPENED = b"<head><title>t</title><meta property=og:image content=first.jpg>"


def script(value: object) -> bytes:
    text = value if isinstance(value, bytes) else json.dumps(value).encode()
    assert len(text) < K  # or it were left out
    return b'<script type="application/ld+json">' + text + b"</script>"


def arrived(chunks: Iterable[bytes]) -> tuple[ShareData, int]:
    """Read a page until no more is wanted; gives what it says and how many bytes were taken."""
    reader, taken_bytes = PageReader(URL, max_bytes=MAX_HEAD_BYTES, extent=Extent.HEAD), 0
    for chunk in chunks:
        taken_bytes += len(chunk)
        if not reader.feed(chunk):
            break
    return share_data(reader.finish()), taken_bytes


PICTURES = {"@type": "Article", "image": ["x"] * 8, "logo": ["y"] * 8, "author": {"name": "a"}}
REFERENCES = [{"@type": "Article", "@id": f"#{n}", "image": {"@id": f"#{n + 1}"}} for n in range(700)]
HEADS = {
    "metas": b"<meta property=og:image content=/x.jpg><meta property=og:image:width content=1>" * 9000,
    "properties of one picture": b"<meta property=og:image:alt content=''>" * 9000,
    "icons": b"<link rel=icon href='/../../x'><link rel=image_src href='y'>" * 9000,
    "pictures in JSON-LD": script([PICTURES] * 400) * MAX_JSON_LD,
    "references": script(REFERENCES) * MAX_JSON_LD,
    "deep JSON-LD": script(b'{"mainEntity":' * 4000),
    "long addresses": (b"<meta property=og:image content='" + b"../" * 1000 + b"x'>") * 300,
    "long keys": b"<meta property='og:image:" + b"x" * 9000 + b"' content=x>" * 100,
    "long types": script({"@type": ["A" * 60_000]}) * MAX_JSON_LD,
    "long times": b"<meta name=date content='" + b"2026-01-02T" + b"0:" * 2000 + b"'>" * 200,
    "colours": b"<meta name=theme-color content='rgb(" + b"1" * 4000 + b"'>" * 400,
    "addresses for names": b"<meta name=author content='" + b"a@" * 2000 + b"'>" * 400,
}  # fmt: skip


@pytest.mark.parametrize("name", HEADS)
def test_costly_heads(name):
    """However a head is filled, what it says is found in a bounded time (0.3 s at most, when written; here 5)."""
    started = time.process_time()
    data, _ = arrived([OPENED + HEADS[name]])

    assert time.process_time() - started < 5
    assert data.title == "t"
    assert "https://a.test/dir/first.jpg" in {image.url for image in data.images}


@pytest.mark.parametrize("piece", [b"<meta name=a content=b>", b"<script>x", b"<!-- ", b"<link rel=icon href=i>", b" "])
def test_an_endless_head(piece):
    """A head without an end is read up to the limit and no further; what it holds before is found."""
    data, taken_bytes = arrived(chain([OPENED], repeat(piece * (K // len(piece)))))

    assert MAX_HEAD_BYTES <= taken_bytes < MAX_HEAD_BYTES + 2 * K
    assert (data.title, len(data.images)) == ("t", 1)


def test_an_endless_body():
    """A page that writes no end of its head is read up to the lower limit."""
    _, taken_bytes = arrived(chain([OPENED], repeat(b"<p>text</p>" * 4096)))

    assert MAX_PAGE_BYTES <= taken_bytes < MAX_PAGE_BYTES + K


def test_what_comes_behind_the_head_is_not_waited_for():
    """Behind the end of the head no more is taken than what came with it."""
    _, taken_bytes = arrived(chain([OPENED + b"</head>"], repeat(b"<p>text</p>".ljust(SLICE_BYTES))))

    assert taken_bytes < 3 * SLICE_BYTES


@pytest.mark.parametrize(
    "piece", [b"<meta name=a content=" + b"b" * 200 + b">", b"<link rel=icon href=i>", b"<title>t</title>", b"text "]
)
def test_memory_of_an_endless_head(piece):
    """Of 20 MB of head no more is held than a small multiple of what is kept of it."""
    chunk, reader = piece * (K // len(piece)), PageReader(URL, max_bytes=MAX_HEAD_BYTES, extent=Extent.HEAD)
    tracemalloc.start()
    for _ in range(320):
        reader.feed(chunk)
    page = reader.finish()
    _, peak_bytes = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert len(page.metas) <= MAX_METAS
    assert peak_bytes < 4 * MAX_HEAD_BYTES
