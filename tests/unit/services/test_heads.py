"""Heads of pages, told from pictures and other things by their first bytes."""

import pytest

from imgsvc.errors import NotAPage
from imgsvc.services.heads import UNDECLARED_BYTES, Head, HeadReader
from tests.support import pictures

PAGE = b"<!doctype html><head><title>t</title>" + b"<meta name=a content=b>" * 20 + b"</head>"


def read(data: bytes, content_type: str, piece_bytes: int) -> Head:
    reader = HeadReader("https://a.test/", content_type)
    for start in range(0, len(data), piece_bytes):
        if not reader.feed(data[start : start + piece_bytes]):
            break
    return reader.finish()


@pytest.mark.parametrize("piece_bytes", [1, 63, 10_000])
@pytest.mark.parametrize(
    ("content_type", "is_declared"),
    [("text/html; charset=utf-8", True), ("application/xhtml+xml", True), ("", True), ("image/png", False)],
)
def test_pages(content_type, is_declared, piece_bytes):
    """A page is read however it comes, and whatever it is called."""
    head = read(PAGE, content_type, piece_bytes)

    assert (head.page.title, head.is_declared, head.broke_off) == ("t", is_declared, False)


@pytest.mark.parametrize("piece_bytes", [1, 10_000])
@pytest.mark.parametrize("content_type", ["text/html", "image/jpeg", ""])
def test_pictures(content_type, piece_bytes):
    """A picture is none, and is known by its first dozen bytes."""
    with pytest.raises(NotAPage):
        read(pictures.jpeg()[:12], content_type, piece_bytes)


@pytest.mark.parametrize(("data", "content_type"), [(b"", "text/html"), (b"<p>", "text/html"), (b"words", "")])
def test_short_ones(data, content_type):
    """What is declared a page is one, be it empty."""
    assert not read(data, content_type, 1).page.title


def test_a_drawing_in_front():
    """A page may begin with a drawing."""
    assert read(pictures.SVG + b"<title>t</title>", "text/html", 100).is_declared


def test_other_things_are_not_read_to_their_end():
    """What is neither called a page nor looks like one is refused after so many bytes."""
    reader = HeadReader("https://a.test/", "text/plain")
    assert reader.feed(b"w" * (UNDECLARED_BYTES - 1))

    with pytest.raises(NotAPage):
        reader.feed(b"w")
