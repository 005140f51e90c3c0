"""Recorded-style pages: markup as real sites have it, and the whole answer, written from the specification."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from imgsvc.opengraph.data import ShareData
from imgsvc.opengraph.metadata import share_data
from imgsvc.pages.collector import Extent
from imgsvc.pages.parser import MAX_HEAD_BYTES, PageReader
from imgsvc.pages.tags import Page

PLACE = Path(__file__).parent / "fixtures"
NAMES = sorted(path.stem for path in PLACE.glob("*.html"))
URL = "https://a.test/dir/page"


def read_page(
    markup: str | bytes, url: str = URL, content_type: str = "text/html", chunk_bytes: int = MAX_HEAD_BYTES
) -> Page:
    """Read a page's head as it would arrive, by default in one piece."""
    data = markup.encode() if isinstance(markup, str) else markup
    reader = PageReader(url, content_type, max_bytes=MAX_HEAD_BYTES, extent=Extent.HEAD)
    for at in range(0, len(data), chunk_bytes):
        if not reader.feed(data[at : at + chunk_bytes]):
            break
    return reader.finish()


def read(head: str | bytes, **arrival: Any) -> ShareData:
    """Read what a page says of itself."""
    return share_data(read_page(head, **arrival))


@dataclass(frozen=True)
class Recorded:
    """
    One page.

    Attributes:
        markup: as it is sent.
        content_type: its header.
        answer: what ``/api/og-data`` says of it, but for when it was fetched and which tier it came from.
    """

    markup: bytes
    content_type: str
    answer: dict[str, Any]

    @classmethod
    def load(cls, name: str) -> "Recorded":
        facts = json.loads((PLACE / f"{name}.json").read_text("utf-8"))
        return cls((PLACE / f"{name}.html").read_bytes(), facts.get("content_type", "text/html"), facts["answer"])
