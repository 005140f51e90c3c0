"""Reading what pages of 500 KB say of themselves, against a parse of all their bytes by the same library; A B A B."""

import asyncio
import itertools
import statistics
import time
from collections.abc import Callable

from lxml import etree

from bench.figures import Line, at_most
from imgsvc.opengraph.data import ShareData
from imgsvc.opengraph.metadata import share_data
from imgsvc.pages.collector import Extent
from imgsvc.pages.parser import MAX_HEAD_BYTES, PageReader
from tests.unit.opengraph.pages import PLACE

ROUNDS = 25
PAGE_BYTES = 500_000
CHUNK_BYTES = 65_536
URL = "https://www.harbourtimes.example/world/2026/03/05/ferry-strike"

ARTICLE = (PLACE / "news-article.html").read_bytes()
PARAGRAPH = (
    b'<div class="story__paragraph" data-index="7"><p>Talks between <a href="/topic/crews?from=story">crews</a> &amp; '
    b"owners go on in the harbour, said <b>Ines&nbsp;Falk</b>; the ferries stay where they are.</p></div>\n"
    b'<figure class="story__figure"><picture><source srcset="/a-480.webp 480w, /a-960.webp 960w" type="image/webp">'
    b'<img src="/a.jpg" alt="A ferry" loading="lazy" width="960" height="540"></picture></figure>\n'
)
STATE = (
    b'<script type="application/json" data-component="Story">{"props":{"id":4711,"title":"Ferries <stay> in port",'
    b'"tags":["harbour","strike"],"html":"<p>a &amp; b<\\/p>"}}</script>\n<style>.story__paragraph>p{margin:0 0 1.5em;'
    b"font:1.125rem/1.6 serif}</style>\n"
)


def padded(start: bytes, piece: bytes, end: bytes) -> bytes:
    """Fill up with *piece* to the size of all."""
    count = (PAGE_BYTES - len(start) - len(end)) // len(piece)
    return start + piece * count + end


def pages() -> dict[str, bytes]:
    """Make the pages, by what they are."""
    head, _, rest = ARTICLE.partition(b"</head>")
    opening, doctype, tags = head.partition(b'<meta charset="utf-8">')
    return {
        "usual: 60 KB of head": padded(head + STATE * 180 + b"</head><body>", PARAGRAPH, b"</body></html>"),
        "all of it head": padded(opening + doctype, STATE, tags + b"</head>" + rest),
        "no end of head written": padded(head, PARAGRAPH, b""),
    }


def read(data: bytes) -> ShareData:
    """Read as the service does, in pieces as they arrive."""
    reader = PageReader(URL, "text/html; charset=utf-8", max_bytes=MAX_HEAD_BYTES, extent=Extent.HEAD)
    for at in range(0, len(data), CHUNK_BYTES):
        if not reader.feed(data[at : at + CHUNK_BYTES]):
            break
    return share_data(reader.finish())


def milliseconds(work: Callable[[bytes], object], data: bytes) -> float:
    """Time one call on the processor."""
    started = time.process_time()
    work(data)
    return (time.process_time() - started) * 1000


def compared() -> list[Line]:
    """Give the lines to print."""
    lines: list[Line] = [
        f"share data of a page of {PAGE_BYTES // 1000} KB, CPU, beside a parse of all its bytes into a tree:"
    ]
    for name, data in pages().items():
        assert len(read(data).images) == 5
        works = itertools.cycle((read, etree.HTML))
        times = [milliseconds(next(works), data) for _ in range(2 * ROUNDS)]
        ours, tree = times[::2], times[1::2]
        ratio = statistics.median(one / other for one, other in zip(ours, tree, strict=True))
        lines += [
            at_most(f"page read, {name}", statistics.median(ours), 20, "ms", digits=1),
            f"    ratio {ratio:.2f}",
        ]
    return lines


async def measure() -> list[Line]:
    """Give the lines to print."""
    return await asyncio.to_thread(compared)
