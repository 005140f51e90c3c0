"""Where references lead."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imgsvc.model.hosts import normalise_url
from imgsvc.pages.addresses import MAX_DATA_URL_CHARS, resolve

BASE = "https://a.test/dir/page.html?q=1"


@pytest.mark.parametrize(
    ("reference", "address"),
    [
        ("x.png", "https://a.test/dir/x.png"), ("/x.png#f", "https://a.test/x.png"), ("../../x", "https://a.test/x"),
        ("//B.test/x", "https://b.test/x"), ("http://b.test:80", "http://b.test/"),
        ("?v=2", "https://a.test/dir/page.html?v=2"),
        (" \n/a\tb.png\x00", "https://a.test/ab.png"), ("img\\x.png?a\\b", "https://a.test/dir/img/x.png?a\\b"),
        ("/ä b.png", "https://a.test/%C3%A4%20b.png"),
        ("data:image/png;base64,AA==", "data:image/png;base64,AA=="), ("DATA:IMAGE/gif,x", "DATA:IMAGE/gif,x"),
        ("data:text/html,x", None), ("javascript:alert(1)", None), ("mailto:a@b.test", None), ("", None), ("  ", None),
        ("http://u:p@b.test/", None), ("http://[::1", None), ("//[", None), ("ftp://b.test/x", None), ("http://", None),
        ("https://", None), ("//", None), ("https:\\\\?x", None), ("///#x", None), ("/", "https://a.test/"),
        ("x" * 4000, None), ("data:image/png," + "x" * MAX_DATA_URL_CHARS, None),
    ],
)  # fmt: skip
def test_resolve(reference, address):
    """A reference leads to one absolute address, or nowhere."""
    assert resolve(BASE, reference) == address


@settings(deadline=None, derandomize=True)
@given(st.text() | st.text().map(lambda text: f"//{text}") | st.text().map(lambda text: f"http:{text}"))
def test_resolved_is_normal(reference):
    """Whatever stands in a page, what comes out is in normal form."""
    address = resolve(BASE, reference)

    assert address is None or address.lower().startswith("data:image/") or normalise_url(address) == address
