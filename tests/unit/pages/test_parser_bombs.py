"""Pages made to be costly: bounded in time as a whole and slice by slice, and in memory."""

import time

import psutil
import pytest

from imgsvc.pages.json_ld import organisations
from imgsvc.pages.parser import MAX_PAGE_BYTES, SLICE_BYTES, PageReader

pytestmark = pytest.mark.slow

URL = "https://a.test/"

K = MAX_PAGE_BYTES
BOMBS = {
    "depth": b"<div>" * (K // 5), "depth, then ends": b"<b>" * 500 + b"</i>" * (K // 4), "nothing but tags": b"<" * K,
    "attributes": b"<a " + b" ".join(b"a%d=1" % n for n in range(10_000)) + b"><link rel=icon href=x>",
    "one attribute": b'<link rel=icon href="' + b"x" * K, "NULs": b"\0" * K, "references": b"&" * K + b"&#x110000;",
    "comment": b"<!--" + b"-" * K, "doctypes": b"<!doctype " * (K // 10), "script": b"<script>" + b"</s" * K,
    "quotes": b"<a " + b'"' * K,
    "title": b"<title>" + b"&lt" * K,
    "entities": b'<!DOCTYPE a [<!ENTITY b "' + b"&c;" * 9999 + b'">]>' + b"&b;" * 9999,
    "json": b'<script type="application/ld+json">' + b"[" * 60_000, "paragraphs": b"<p class=nav>" * (K // 13),
    "tables": b"<table><a>" * (K // 10),
    "sets": "é<p>".encode("utf-16") * 50_000, "classes": b'<p class="' + b"nav-header " * 50_000 + b'">',
    "rels": b"<link href=a rel='" + b"y " * K,
    "classes of many": (b"<div class='" + b"nav " * 400 + b"'></div>") * 300,
    "up": b"<link rel=icon href='../x'>" * 9999,
    "long addresses": (b"<link rel=preload href='" + b"../" * 1000 + b"x'>") * 170,
    "srcset": b"<img srcset='a, '>" * 9999,
    "deep json": b'<script type="application/ld+json">' + b'{"a":' * K,
    "half a bomb": b"<b>" * 505 + b"</x></b>" * 50_000,
    "sizes": b"<link rel=icon href=a sizes='" + b"1x" * K, "refresh": b"<meta http-equiv=refresh content='0" + b" " * K,
}  # fmt: skip


@pytest.mark.parametrize("name", BOMBS)
def test_bombs(name):
    """Pages made to be costly take a bounded time (0.2 s of work at most, when written; here up to 25 times that)."""
    reader, started = PageReader(URL), time.process_time()
    for at in range(0, len(BOMBS[name]), 65_536):
        reader.feed(BOMBS[name][at : at + 65_536])
    page = reader.finish()

    assert time.process_time() - started < 5
    assert page.url == URL
    assert organisations(page.json_ld, URL) == ()


@pytest.mark.parametrize("name", BOMBS)
def test_no_slice_holds_up_others(name):
    """However a page is made, 4 KiB of it are parsed quickly (1.5 ms, when written; here up to 60 times that)."""
    reader, worst_seconds = PageReader(URL), 0.0
    for at in range(0, len(BOMBS[name]), SLICE_BYTES):
        started = time.process_time()
        reader.feed(BOMBS[name][at : at + SLICE_BYTES])
        worst_seconds = max(worst_seconds, time.process_time() - started)

    assert worst_seconds < 0.1


@pytest.mark.parametrize("piece", [b"x", b"<div>", b"<a b='", b"\0", b"<script type='application/ld+json'>[", b"&amp;"])
def test_memory_does_not_grow_with_the_page(piece):
    """Of a page of 100 MB no more is kept than of one of 512 KiB."""
    chunk, reader = piece * (2**20 // len(piece)), PageReader(URL)
    before_bytes = psutil.Process().memory_info().rss

    wanted = [reader.feed(chunk) for _ in range(100)]

    assert not any(wanted)
    assert psutil.Process().memory_info().rss - before_bytes < 2**25
    assert reader.finish().links == ()
