"""What the answer says of a logo."""

import time

import pytest
from aiohttp.test_utils import make_mocked_request

from imgsvc.model.blob import MAX_LINK_CHARS, Blob
from imgsvc.model.look import Look
from imgsvc.model.source import Source
from imgsvc.services.access import Grant
from imgsvc.services.answers import ImageRequest, Served, Tier
from imgsvc.services.logos.answers import LogoServed
from imgsvc.settings import ServerSettings
from imgsvc.web.logos.headers import terms_of_logo, terms_of_picture
from imgsvc.web.logos.parameters import INVERT
from imgsvc.web.logos.params import parse_logo_query
from imgsvc.web.logos.questions import LogoUnderstood
from imgsvc.web.params import Hints
from imgsvc.web.responses import answer
from tests.support.blobs import meta_of
from tests.unit.web.logos.asking import ask

DATA = b"picture"
STORED = Source.stored("images/logos/acme.test.png")
LOOK = Look(
    brightness=0.01234, has_transparency=True, contrast_light=19.5555, contrast_dark=1.0, needs_inversion=True,
    inverted=False,
)  # fmt: skip
LOOK_HEADERS = {
    "X-Needs-Inversion": "true", "X-Logo-Inverted": "0", "X-Has-Transparency": "true", "X-Brightness": "0.012",
    "X-Logo-Contrast-Light": "19.56", "X-Logo-Contrast-Dark": "1.00",
}  # fmt: skip


def served(*, source: Source = STORED, look: str = "", age: int = 0, tier: Tier = Tier.MEMORY, **more) -> Served:
    meta = meta_of(DATA, fetched_at=int(time.time()) - age, lifetime_seconds=1000, look=look)
    return Served(Blob(data=DATA, meta=meta, key="images/logos/k.webp", source=source, **more), tier, hit=True)


def found(answered: Served, *, left_seconds: float = 5000, **more) -> LogoServed:
    values = {"source": "link-icon", "domain": "acme.test", "fresh_until": time.time() + left_seconds}
    return LogoServed(answered, **(values | more))


def said(query: str, logo: LogoServed, refresh: str = "") -> dict[str, str]:
    return dict(terms_of_logo(ask(f"f=png&{query}"), logo, refresh).headers)


async def sent(logo: LogoServed):
    request = make_mocked_request("GET", "/")
    return await answer(request, logo.served, terms_of_logo(ask(), logo), ServerSettings(), 0.001)


def test_where_it_was_found():
    """Its source, its domain and its URL."""
    logo = found(served(), url="https://acme.test/icon.png")
    assert said("", logo) == {
        "X-Logo-Source": "link-icon", "X-Logo-Domain": "acme.test", "X-Logo-Fallback": "0",
        "Link": '<https://acme.test/icon.png>; rel="canonical"',
    }  # fmt: skip


def test_what_stands_in():
    """A monogram of a company has neither domain nor URL, and says that it only stands in."""
    logo = found(served(source=Source.generated("monogram")), source="monogram", domain="", is_fallback=True)
    assert said("", logo, "ignored") == {
        "X-Logo-Source": "monogram", "X-Logo-Fallback": "1", "X-Refresh": "ignored",
    }  # fmt: skip


def test_one_link_only():
    """A picture that names its own source is not linked twice; a link too long for proxies is none."""
    assert "Link" not in said("", found(served(source=Source("https://a.test/x.png")), url="https://a.test/x.png"))
    assert "Link" not in said("", found(served(), url="https://a.test/" + "x" * MAX_LINK_CHARS))


@pytest.mark.parametrize("query", ["theme=dark", "theme=auto", "bg=fff", "theme=none&bg=000"])
def test_how_it_looks(query):
    """Where a page was named, its answer says what was seen."""
    headers = said(query, found(served(look=LOOK.to_text())))
    assert {name: value for name, value in headers.items() if name in LOOK_HEADERS} == LOOK_HEADERS


@pytest.mark.parametrize(
    ("query", "look"),
    [("", LOOK.to_text()), ("bg=transparent", LOOK.to_text()), ("theme=dark", ""), ("theme=dark", "x")],
)
def test_nothing_is_said_of_what_nobody_looked_at(query, look):
    """Without a page, or of a description, there is nothing to say."""
    assert not LOOK_HEADERS.keys() & said(query, found(served(look=look))).keys()


def test_a_picture_that_was_named():
    """It has the same headers, and its announcements end with the signature."""
    question = parse_logo_query("url=https://a.test/x.png&f=png&zz=1", Hints(), INVERT)
    picture = ImageRequest(question.source, question.spec)
    terms = terms_of_picture(LogoUnderstood(question, picture=picture, grant=Grant(50)), served(look=LOOK.to_text()))

    assert dict(terms.headers) == {
        "X-Ignored-Params": "zz", "X-Logo-Source": "url", "X-Logo-Fallback": "0", **LOOK_HEADERS,
    }  # fmt: skip
    assert (terms.expires_at, terms.fresh_until) == (50, None)


@pytest.mark.parametrize("tier", [Tier.MEMORY, Tier.STORE, Tier.ORIGIN])
async def test_it_is_fresh_until_it_is_looked_for_again(tier):
    """However old its bytes are: a cache takes Age off max-age, and what is left is the search's time."""
    headers = (await sent(found(served(age=100_000, tier=tier)))).headers
    kept, *stale = headers["Cache-Control"].removeprefix("public, max-age=").split(", ")

    assert 4998 <= int(kept) - int(headers.get("Age", "0")) <= 5000
    assert stale == ["stale-while-revalidate=86400", "stale-if-error=604800"]
    assert ("Age" in headers) == (tier is not Tier.ORIGIN)
    if tier is Tier.MEMORY:
        assert 4998 <= int(headers["Cache-Status"].partition("ttl=")[2].partition(",")[0]) <= 5000


async def test_a_stale_one_says_so():
    """What is answered behind its time has no freshness left."""
    headers = (await sent(found(served(age=100), left_seconds=-30))).headers
    assert int(headers["Cache-Control"].partition("max-age=")[2].partition(",")[0]) <= int(headers["Age"])


@pytest.mark.parametrize(("left_seconds", "most"), [(86_400, 3600), (600, 600), (-5, 0)])
@pytest.mark.parametrize("tier", [Tier.MEMORY, Tier.GENERATED])
async def test_what_stands_in_is_kept_for_an_hour_at_most(left_seconds, most, tier):
    """And never served when stale."""
    logo = found(served(age=100_000, tier=tier), left_seconds=left_seconds, is_fallback=True)
    headers = (await sent(logo)).headers

    assert headers["Cache-Control"] in (f"public, max-age={most}", f"public, max-age={max(0, most - 1)}")
    assert headers.get("Age") == ("0" if tier is Tier.MEMORY else None)
    assert headers["X-Source"] == tier.value


async def test_what_may_not_be_kept_is_not():
    """Neither for the search's time nor for any other."""
    assert (await sent(found(served(shareable=False)))).headers["Cache-Control"] == "private, no-store"


async def test_a_better_one_is_made():
    """What is only answered for now is kept no longer than that, and never when stale."""
    headers = (await sent(found(served(provisional=True)))).headers
    assert headers["Cache-Control"] == "public, max-age=1000"
