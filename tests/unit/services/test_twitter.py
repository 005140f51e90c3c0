"""Twitter's picture server."""

import pytest

from imgsvc.errors import InvalidRequest
from imgsvc.model.source import Source
from imgsvc.services.twitter import FRESH_SECONDS, Twitter
from imgsvc.settings import ProxySettings


def twitter(base: str = "") -> Twitter:
    return Twitter(ProxySettings.from_env({"IMGSVC_TWITTER_BASE_URL": base} if base else {}))


@pytest.mark.parametrize(
    ("base", "url"),
    [
        ("", "https://pbs.twimg.com/media/X?format=jpg"),
        ("http://mirror.test:81/", "http://mirror.test:81/media/X?format=jpg"),
        ("https://mirror.test/pbs", "https://mirror.test/pbs/media/X?format=jpg"),
    ],
)
def test_where_it_is(base, url):
    """A path lies below the setting's URL, the query behind it."""
    assert twitter(base).source("media/X", "format=jpg") == Source(url)
    assert twitter(base).source("media/X.jpg", "").url == url.replace("X?format=jpg", "X.jpg")


def test_too_long():
    """A URL has its bounds here too."""
    with pytest.raises(InvalidRequest):
        twitter().source("media/X", "x" * 4000)


@pytest.mark.parametrize(
    ("url", "is_known"),
    [
        ("https://pbs.twimg.com/media/X", True), ("https://pbs.twimg.com/profile_images/1/a.jpg", True),
        ("https://pbs.twimg.com/medial/X", False), ("https://pbs.twimg.com/card_img/X", False),
        ("http://pbs.twimg.com/media/X", False), ("https://pbs.twimg.com.test/media/X", False),
    ],
)  # fmt: skip
def test_how_long_it_is_fresh(url, is_known):
    """A day, for what lies in one of the folders, however it was named."""
    assert twitter().fresh_seconds(Source(url)) == (FRESH_SECONDS if is_known else None)
