"""Sources named in the path: what is taken for one, and which parameters are whose."""

from urllib.parse import quote, unquote

import pytest
from aiohttp.test_utils import make_mocked_request
from hypothesis import given
from hypothesis import strategies as st

from imgsvc.errors import BadPath, InvalidRequest
from imgsvc.model.spec import Output
from imgsvc.services.assets import Assets
from imgsvc.services.twitter import FOLDERS, Twitter
from imgsvc.settings import ProxySettings
from imgsvc.web.layout import Hints
from imgsvc.web.params import ImageQuestion
from imgsvc.web.proxies import asset_questions, read_path, twitter_questions

SETTINGS = ProxySettings.from_env({"ASSETS_BASE_URL": "https://assets.test", "ASSETS_BEARER_TOKEN": "t0ken"})
ID = "0192f3a0-4b5c-7d8e-9f00-112233445566"
TWITTER = "/api/twitter-image/"

GOOD = [
    "media/GabC-_12.jpg",
    "media/a.jpeg",
    "media/a.PNG",
    "media/a.webp",
    "profile_images/1234/x_normal.jpg",
    "ext_tw_video_thumb/12/pu/img/a-B_c.jpg",
    "media/a b.jpg",
    "media/\u5199\u771f.jpg",
    "media/a..b.jpg",
    "media/.a.jpg",
    "media/a@2x.jpg",
    "media/a:large.jpg",
]
TRAVERSALS = [
    "media/../x.jpg",
    "media/./x.jpg",
    "media//x.jpg",
    "/media/x.jpg",
    "../media/x.jpg",
    "media/x/../../y.jpg",
    "media/.../x.jpg",
    "media/%2e%2e/x.jpg",
    "media/%2E./x.jpg",
    "media/.%2e/x.jpg",
    "media/%2e/x.jpg",
    "media/..%2fx.jpg",
    "media%2f..%2fx.jpg",
    "media/%252e%252e/x.jpg",
    "media/%25252e%25252e/x.jpg",
    "media/..%252fx.jpg",
    "media/%2%65%2e/x.jpg",
    "media/..\\x.jpg",
    "media/..%5cx.jpg",
    "media\\..\\x.jpg",
    "media/%5c..%5cx.jpg",
    "media/..%255cx.jpg",
    "media/%c0%ae%c0%ae/x.jpg",
    "media/..%c0%afx.jpg",
    "media/%e0%80%ae%e0%80%ae/x.jpg",
    "media/%f0%80%80%ae/x.jpg",
    "media/..%c1%9cx.jpg",
    "media/%uff0e%uff0e/x.jpg",
    "media/%ef%bc%8e%ef%bc%8e/x.jpg",
    "media/%e2%80%a5/x.jpg",
    "media/..%ef%bc%8fx.jpg",
    "media/..;/x.jpg",
    "media/..%3b/x.jpg",
    "media/x;a.jpg",
    "media/%20../x.jpg",
    "media/..%20/x.jpg",
    "media/x.jpg%00.html",
    "media/x%00.jpg",
    "media/%00/x.jpg",
    "media/x%0a.jpg",
    "media/x%0d%0aHost:y.jpg",
    "media/x%7f.jpg",
    "media/x%1b.jpg",
    "media/x%c2%85.jpg",
    "media/x%e2%80%a8.jpg",
    "media/x%3fa.jpg",
    "media/x%23a.jpg",
    "media/%zz.jpg",
    "media/x%.jpg",
    "media/x%e2%80%8b.jpg",
]
OTHERS = [
    "",
    "media",
    "media/",
    "media/x",
    "media/x.html",
    "media/x.jpg/",
    "media/.jpg",
    "media/x.jpg.exe",
    "media/x.jpgx",
    "Media/x.jpg",
    "card_img/1/x.jpg",
    "mediax/x.jpg",
    "http://evil.test/media/x.jpg",
    "evil.test/media/x.jpg",
    "tweet_video/x.jpg",
    "x.jpg",
    "media.jpg",
    "media/" + "x" * 1100 + ".jpg",
]


def asked(target: str, **match_info: str) -> ImageQuestion:
    """Understand a request for either route."""
    request = make_mocked_request("GET", target, match_info=match_info)
    if target.startswith(TWITTER):
        return twitter_questions(Twitter(SETTINGS), width_ladder=False)(request, Hints(accept="image/webp"))
    return asset_questions(Assets(SETTINGS), width_ladder=False)(request, Hints(accept="image/webp"))


def of_twitter(target: str) -> ImageQuestion:
    return asked(TWITTER + target)


def of_asset(query: str) -> ImageQuestion:
    return asked(f"/api/assets/{ID}?{query}", assetId=ID)


@pytest.mark.parametrize("path", GOOD)
def test_paths(path):
    """What lies in one of the folders and ends as a picture passes, and is asked for in one spelling."""
    all_escaped = "/".join("".join(f"%{byte:02x}" for byte in name.encode()) for name in path.split("/"))

    assert unquote(read_path(quote(path), declared=False)) == path
    assert read_path(all_escaped, declared=False) == read_path(quote(path), declared=False)


@pytest.mark.parametrize("path", TRAVERSALS)
@pytest.mark.parametrize("declared", [False, True])
def test_no_way_leads_out(path, declared):
    """Every spelling of a dot segment, a separator or a control character is refused, not mended."""
    with pytest.raises(BadPath):
        read_path(path, declared=declared)


@pytest.mark.parametrize("path", OTHERS)
def test_other_paths(path):
    """So is what lies elsewhere, or is no picture by its name."""
    with pytest.raises(BadPath):
        read_path(path, declared=False)


@given(st.text(max_size=30).map(lambda text: quote(text, safe="/.%\\;")), st.sampled_from(FOLDERS), st.booleans())
def test_whatever_passes_is_below_its_folder(rest, folder, declared):
    """However a server reads the path once more, it stays below the folder."""
    try:
        path = read_path(f"{folder}/{rest}", declared=declared)
    except BadPath:
        return
    again = unquote(unquote(path))
    assert again.startswith(f"{folder}/")
    assert not {"", ".", ".."} & set(again.replace("\\", "/").split("/"))


def test_format_and_name_are_twitters():
    """They reach it as they were sent, and say nothing of our answer; its path need not end as a picture then."""
    question = of_twitter("media/X?format=jpg&name=large")

    assert question.source.url == "https://pbs.twimg.com/media/X?format=jpg&name=large"
    assert question.spec.output is Output.AUTO_WEBP
    assert question.ignored == ()


def test_our_parameters_are_not_sent():
    """Those of pictures, by any of their names, are ours; whatever else there is reaches the server as it was sent."""
    question = of_twitter("media/X?w=10&name=4096x4096&q=50&format=png&a=1+2&fm=png&cb=1&url=x&&b")

    assert question.source.url == "https://pbs.twimg.com/media/X?name=4096x4096&format=png&a=1+2&b"
    assert (question.spec.width, question.spec.output, question.spec.version) == (10, Output.PNG, "1")
    assert question.ignored == ("url",)


@pytest.mark.parametrize(
    ("query", "param"),
    [
        ("format=html", "format"),
        ("format=", "format"),
        ("format=jpg&format=png", "format"),
        ("format=../x", "format"),
        ("format=jpg&name=a&name=b", "name"),
        ("format=jpg&w=0", "w"),
        ("format=jpg&f=x", "f"),
        ("format=jpg&w=1&width=2", "w"),
    ],
)
def test_bad_parameters(query, param):
    """A value that makes no sense is refused by its name, and so are two that differ."""
    with pytest.raises(InvalidRequest) as caught:
        of_twitter(f"media/X?{query}")
    assert caught.value.param == param


def test_the_same_twice_is_once():
    """A parameter that is repeated with the same value is no mistake."""
    assert of_twitter("media/X?format=jpg&format=jpg").source.url.endswith("?format=jpg&format=jpg")


@pytest.mark.parametrize("query", ["", "v=2", "tag=a&forceRefresh=1", "name=large&url=x"])
def test_an_asset_as_it_is(query):
    """Who asks for nothing in particular gets the original, whatever the browser would rather have."""
    question = of_asset(query)

    assert question.spec.is_identity
    assert question.vary == ()
    assert of_asset(f"{query}&q=50").spec.output is of_asset("f=auto").spec.output is Output.AUTO_WEBP


def test_parameters_of_assets():
    """All parameters of pictures by all of their names, but for the one that would name another source."""
    question = of_asset("width=10&format=png&url=https://x.test/&name=large")

    assert question.source.asset_id == ID
    assert question.source.url == f"https://assets.test/api/assets/{ID}"
    assert (question.spec.width, question.spec.output) == (10, Output.PNG)
    assert question.ignored == ("url", "name")
