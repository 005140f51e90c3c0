"""Pages that are called something else."""

import pytest

from imgsvc.pages.likeness import looks_like_page


@pytest.mark.parametrize(
    ("first", "is_page"),
    [
        (b"<!DOCTYPE html><html>", True), (b"\xef\xbb\xbf \n<!doctype HTML>", True), (b"<HTML lang=en>", True),
        (b"<?xml version='1.0'?>\n<!DOCTYPE html PUBLIC>", True), (b"<!-- a --><!-- b --> <head>", True),
        (b"<meta charset=utf-8>", True), (b"<title>x", True), (b"", False), (b"plain text <html>", False),
        (b"<metadata>", False), (b"<svg xmlns='http://www.w3.org/2000/svg'>", False), (b"{}", False),
        (b"<?xml version='1.0'?><rss>", False), (b"\x89PNG\r\n\x1a\n", False), (b"<!-- " + b"x" * 400, False),
    ],
)  # fmt: skip
def test_likeness(first, is_page):
    """What begins as a whole page does is one."""
    assert looks_like_page(first) is is_page


@pytest.mark.timeout(10)
@pytest.mark.parametrize("prologue", [b"<!---->" * 9000, b"<!-- -->" * 9000, b"<?xml ?>" * 9000, b"\n" * 60_000])
def test_long_prologues(prologue):
    """However much stands before the first tag, it is gone through once."""
    assert looks_like_page(prologue + b"<html>")
    assert not looks_like_page(prologue + b"text")
