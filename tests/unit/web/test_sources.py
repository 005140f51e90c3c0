"""What may be named as a source."""

from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imgsvc.errors import (
    BadAssetId,
    BadKey,
    InvalidRequest,
    MissingUrl,
    ObjectNotFound,
    SchemeNotAllowed,
    UrlUndefined,
    UserinfoNotAllowed,
)
from imgsvc.web.sources import read_asset_id, read_source

SITE = "https://www.site.test/base/"
KEY = "images/image/0123/original"
ASSET = "0192f3a0-4b5c-7d8e-9f00-112233445566"


def encoded(text: str, times: int) -> str:
    for _ in range(times):
        text = quote(text, safe="")
    return text


@pytest.mark.parametrize("times", range(5))
def test_unwraps_what_was_wrapped(times):
    """Up to four encodings beyond the query's own are taken off, and none of the URL's own."""
    assert (
        read_source(encoded("https://x.test/a%2Fb%2525.jpg?u=%41", times)).url == "https://x.test/a%2Fb%2525.jpg?u=%41"
    )


def test_never_more_than_five():
    """A sixth encoding is nobody's proxy any more."""
    with pytest.raises(InvalidRequest):
        read_source(encoded("https://x.test/", 5))


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("HTTPS://X.test", "https://x.test/"),
        ("http%3a//x.test/100%.jpg", "http://x.test/100%25.jpg"),
        ("http://x.test/http://y.test/", "http://x.test/http://y.test/"),
    ],
)
def test_web(text, url):
    """Web sources are normalised."""
    assert read_source(text).url == url


@pytest.mark.parametrize("text", [f"s3://{KEY}", f"store:{KEY}", f"S3://{KEY}", encoded(f"store:{KEY}", 4)])
def test_stored(text):
    """Both spellings of a key name the same source."""
    source = read_source(text)
    assert (source.object_key, source.url) == (KEY, f"s3://{KEY}")


def test_key_is_literal():
    """An escape left in a key belongs to the key."""
    assert read_source(encoded("s3://images/image/a%2Fb", 1)).object_key == "images/image/a%2Fb"


@pytest.mark.parametrize(
    ("text", "error"),
    [
        (None, MissingUrl), ("", MissingUrl), ("  ", MissingUrl), ("%20", MissingUrl),
        ("undefined", UrlUndefined), ("NULL", UrlUndefined), ("NaN", UrlUndefined), ("[object Object]", UrlUndefined),
        ("%5Bobject%20object%5D", UrlUndefined), ("javascript:alert(1)", SchemeNotAllowed),
        ("data:image/png;base64,AAAA", SchemeNotAllowed), ("ftp://x.test/a", SchemeNotAllowed),
        ("file:///etc/passwd", SchemeNotAllowed), ("FILE:/etc", SchemeNotAllowed),
        ("blob%3Ahttps://x", SchemeNotAllowed),
        ("https://u:p@x.test/", UserinfoNotAllowed), ("https://@x.test/", UserinfoNotAllowed),
        ("s3://", BadKey), ("s3:///images/image/a", BadKey), ("store:images/image/../a", BadKey), ("s3://a//b", BadKey),
        ("s3://images/image/\x00", BadKey), ("s3://images/image/" + "a" * 500, BadKey),
        ("s3://images/assets/a", ObjectNotFound), ("store:purge/a.json", ObjectNotFound),
        ("s3://images/imagery", ObjectNotFound),
    ],
)  # fmt: skip
def test_refused_by_kind(text, error):
    """Each kind of mistake has its own error, which names the parameter as the client did."""
    with pytest.raises(error) as caught:
        read_source(text, param="src")

    assert caught.value.param == "src"


@pytest.mark.parametrize(
    "text",
    ["foo.jpg", "example.com/a.jpg", "localhost:3000/a.jpg", "x.test:80", "/a.jpg", "//x.test/a", "http:x",
     "https:/x.test",
     "http://", "https://exa mple.test/", "http://x.test:99999/", "?", "https://x.test/" + "a" * 3072,
     "https%3A//x/%E9",
     "http://x:8_0/", "\\\\x.test\\a"],
)  # fmt: skip
def test_refused(text):
    """What is no absolute URL is a bad parameter, by the name it was sent under."""
    with pytest.raises(InvalidRequest) as caught:
        read_source(text, param="src")
    assert type(caught.value) is InvalidRequest
    assert caught.value.param == "src"


@pytest.mark.parametrize("text", ["/a b.png?x=1", "%2Fa%20b.png%3Fx=1", encoded("/a b.png?x=1", 4)])
def test_relative(text):
    """On Next's route a path belongs to the site's root."""
    assert read_source(text, site_url=SITE, relative=True).url == "https://www.site.test/a%20b.png?x=1"


def test_relative_keeps_own_escapes():
    """A relative URL is not decoded beyond its first slash."""
    assert read_source("/a%252Fb", site_url=SITE, relative=True).url == "https://www.site.test/a%252Fb"


@pytest.mark.parametrize("text", ["//evil.test/a", "/\\evil.test/a", "%2F%2Fevil.test", "a.png", "../a.png"])
def test_relative_names_no_host(text):
    """A relative URL cannot leave the site."""
    with pytest.raises(InvalidRequest):
        read_source(text, site_url=SITE, relative=True)


@pytest.mark.parametrize("site", [None, "", "not a url"])
def test_relative_without_site(site):
    """Without a site the error says which setting is missing."""
    with pytest.raises(InvalidRequest, match="IMGSVC_SITE_URL"):
        read_source("/a.png", site_url=site, relative=True)


@given(st.text(max_size=30), st.integers(0, 4))
def test_path_survives(path, times):
    """However often the whole URL was encoded, the same source comes out."""
    url = f"https://x.test/{quote(path, safe='')}"
    assert read_source(encoded(url, times)) == read_source(url)


@pytest.mark.parametrize("text", ["s3://images/logos/a.png", "store:secret/a.png", "S3%3A%2F%2Fx", "s3://"])
def test_no_keys_where_none_are_taken(text):
    """There any key is a mistake of the request's, whether it is one or not."""
    with pytest.raises(InvalidRequest, match="A source here is an http or https URL") as caught:
        read_source(text, param="src", stored=False)
    assert type(caught.value) is InvalidRequest
    assert caught.value.param == "src"


@pytest.mark.parametrize("times", range(5))
@pytest.mark.parametrize("text", [ASSET, ASSET.upper(), ASSET.replace("-", ""), f"/api/assets/{ASSET}"])
def test_names_of_an_asset(text, times):
    """An asset is named by its id, or by the path of its route, however often that was encoded."""
    assert read_asset_id(encoded(text, times)) == ASSET


@pytest.mark.parametrize(
    "text",
    [
        "", "undefined", "https://x.test/a.png", f"https://x.test/api/assets/{ASSET}", f"s3://images/assets/{ASSET}",
        f"{ASSET}/..", f" {ASSET}", f"//x.test/api/assets/{ASSET}", f"/api/other/{ASSET}", f"api/assets/{ASSET}",
        f"/API/assets/{ASSET}", "images/logos/a.png",
    ],
)  # fmt: skip
def test_names_of_something_else(text):
    """Everything else may name another source, and names no asset."""
    assert read_asset_id(text) is None


@pytest.mark.parametrize(
    "text",
    ["/api/assets/", "/api/assets/x", f"/api/assets/{ASSET}/../x", f"/api/assets/{ASSET}?w=1", f"/api/assets//{ASSET}"],
)
def test_no_asset_below_its_path(text):
    """What is below the path of assets is one, or a mistake; it has the name under which it was sent."""
    with pytest.raises(BadAssetId) as caught:
        read_asset_id(text, param="src")
    assert caught.value.param == "src"


def test_an_asset_badly_encoded():
    """What cannot be read is a mistake of its own."""
    with pytest.raises(InvalidRequest, match="UTF-8") as caught:
        read_asset_id("%ff", param="src")
    assert caught.value.param == "src"
