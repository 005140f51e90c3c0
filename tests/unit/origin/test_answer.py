"""What may be said back to a source of what it has said."""

import pytest

from imgsvc.origin.answer import Validators

URL = "https://a.test/x"
DATE = "Sun, 06 Nov 1994 08:49:37 GMT"


def test_conditions():
    """Both validators are sent, as they came, to their own URL."""
    validators = Validators(url=URL, etag='W/"1, é"', last_modified=DATE)
    assert validators.headers_for(URL) == {"If-None-Match": 'W/"1, é"', "If-Modified-Since": DATE}


@pytest.mark.parametrize("url", ["https://a.test/y", "https://a.test/x?", "http://a.test/x", "https://b.test/x", ""])
def test_other_urls(url):
    """No other URL is told anything."""
    assert Validators(url=URL, etag='"1"', last_modified=DATE).headers_for(url) == {}


@pytest.mark.parametrize(
    "text",
    [None, "", " ", '"1" ', '"1"\r\nX-Evil: 1', '"\n"', '"\x00"', '"\x7f"', '"\x85"', '"☃"', '"\udcff"', "x" * 1025],
)
def test_what_cannot_be_sent_is_left_away(text):
    """A text that never was a header's, because a record was tampered with, is not sent; the other one still is."""
    assert Validators(url=URL, etag=text, last_modified=DATE).headers_for(URL) == {"If-Modified-Since": DATE}
    assert Validators(url=URL, etag='"1"', last_modified=text).headers_for(URL) == {"If-None-Match": '"1"'}


def test_any_version():
    """A star would ask for any version at all, and be answered 304 for ever."""
    assert Validators(url=URL, etag="*").headers_for(URL) == {}
