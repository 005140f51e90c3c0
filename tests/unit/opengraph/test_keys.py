"""What the picture of a page is called in the store."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imgsvc.model.formats import ImageFormat
from imgsvc.model.source import Source
from imgsvc.opengraph.keys import SHARE_PREFIX, is_share_key, share_key


@pytest.mark.parametrize(
    ("host", "start"),
    [("example.com", "example-com"), ("www.example.com", "example-com"), ("www.www.test", "www-test"),
     ("a_b.test", "a_b-test"), ("10.0.0.1", "10-0-0-1"), ("2001:db8::1", "2001-db8--1"),
     ("xn--bcher-kva.de", "xn--bcher-kva-de")],
)  # fmt: skip
def test_a_person_can_read_it(host, start):
    """The host stands in it, with the page's digest and the format behind."""
    key = share_key(host, "https://example.com/", ImageFormat.PNG)

    assert key == f"{SHARE_PREFIX}{start}-0f115db0.png"
    assert is_share_key(key)


def test_pages_and_formats_are_told_apart():
    """Two pages of a host, and two formats of one page, lie beside each other."""
    pages = [f"https://a.test/?{number}" for number in range(100)]

    keys = {share_key("a.test", page, image_format) for page in pages for image_format in ImageFormat}

    assert len(keys) == len(pages) * len(ImageFormat)


@settings(derandomize=True)
@given(
    st.lists(st.text("abz09-_", min_size=1, max_size=60), min_size=1, max_size=4).map(".".join), st.text(),
    st.sampled_from(ImageFormat),
)  # fmt: skip
def test_every_name_is_one(host, path, image_format):
    """Whatever the page is, its picture's name is recognised."""
    page = Source(f"https://{host}/")

    assert is_share_key(share_key(page.host, page.url + path, image_format))


@pytest.mark.parametrize(
    "key",
    ["", SHARE_PREFIX, f"{SHARE_PREFIX}a-test.png", f"{SHARE_PREFIX}a-test-0f115db0",
     f"{SHARE_PREFIX}../a-0f115db0.png", f"{SHARE_PREFIX}a/b-0f115db0.png", "images/logos/a-test-0f115db0.png",
     f"{SHARE_PREFIX}A-0f115db0.png",
     f"{SHARE_PREFIX}a-0f115db0.png\n", f"{SHARE_PREFIX}-0f115db.png", f"{SHARE_PREFIX}{'a' * 301}-0f115db0.png"],
)  # fmt: skip
def test_others_are_none(key):
    """What is called otherwise is no picture of a page, so a damaged document leads nowhere else."""
    assert not is_share_key(key)
