"""From a query to the page that is meant."""

from urllib.parse import quote

import pytest

from imgsvc.errors import InvalidRequest, MissingUrl, SchemeNotAllowed, UrlUndefined, UserinfoNotAllowed
from imgsvc.web.opengraph.params import parse_page_query


@pytest.mark.parametrize("times", [0, 1, 2])
def test_the_page(times):
    """A page is named by its URL, encoded as often as proxies do, in normal form with its own query."""
    text = "https://A.test:443/p/../q?b=%2F&a=1&utm_source=x#top"
    for _ in range(times):
        text = quote(text, safe="")

    question = parse_page_query(f"url={quote(text, safe='')}")

    assert question.page.url == "https://a.test/q?b=%2F&a=1&utm_source=x"
    assert question.page.host == "a.test"


@pytest.mark.parametrize(
    ("query", "error"),
    [
        ("", MissingUrl), ("url=", MissingUrl), ("url=%20", MissingUrl), ("page=https://a.test/", MissingUrl),
        ("url=undefined", UrlUndefined), ("url=null", UrlUndefined), ("url=NULL", UrlUndefined),
        ("url=%5Bobject%20Object%5D", UrlUndefined), ("url=ftp://a.test/", SchemeNotAllowed),
        ("url=javascript:alert(1)", SchemeNotAllowed), ("url=/p", InvalidRequest), ("url=//a.test/", InvalidRequest),
        ("url=a.test", InvalidRequest), ("url=https://", InvalidRequest), ("url=http://u@a.test/", UserinfoNotAllowed),
        ("url=s3://images/image/x", InvalidRequest), ("url=store:images/image/x", InvalidRequest),
        ("url=https://a.test/&url=https://b.test/", InvalidRequest), ("src=https://a.test/", MissingUrl),
        ("url=https://a.test/" + "x" * 3072, InvalidRequest), ("url=%FF", InvalidRequest),
    ],
)  # fmt: skip
def test_what_names_no_page(query, error):
    """Nothing, a front end's nothing, other schemes, keys of the store and two pages at once are refused."""
    with pytest.raises(error) as caught:
        parse_page_query(query)

    assert caught.value.param == "url"


def test_what_is_ignored():
    """Parameters that are not known are named, and change nothing; the same page twice is one."""
    question = parse_page_query("w=5&url=https://a.test/&url=https://a.test/&kind=person")

    assert question.page.url == "https://a.test/"
    assert set(question.ignored) == {"w", "kind"}
