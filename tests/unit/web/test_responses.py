"""Answers on values alone: which headers, and the smallest body that is right."""

import re
import time

import pytest
from aiohttp.test_utils import make_mocked_request
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from imgsvc.errors import InvalidRequest
from imgsvc.model.blob import MAX_LINK_CHARS, MAX_NAME_CHARS, Blob
from imgsvc.model.hosts import normalise_url
from imgsvc.model.source import Source
from imgsvc.services.access import Grant
from imgsvc.services.answers import ImageRequest, Served, Tier, Trace
from imgsvc.settings import ServerSettings
from imgsvc.web.appkeys import REQUEST_ID
from imgsvc.web.params import Hints, parse_image_query
from imgsvc.web.questions import Understood
from imgsvc.web.responses import answer
from tests.support.blobs import SOURCE, meta_of

DATA = bytes(range(100))
STALE = "stale-while-revalidate=86400, stale-if-error=604800"
CDN = {"IMGSVC_CDN_BASE_URL": "https://cdn.test/base/"}


def blob(*, age: int = 0, lifetime_seconds: int = 1000, source: Source = SOURCE, data: bytes = DATA, **more) -> Blob:
    meta = meta_of(data, fetched_at=int(time.time()) - age, lifetime_seconds=lifetime_seconds)
    return Blob(data=data, meta=meta, key="images/image/k/a=b c.webp", source=source, **more)


def understood(*, exp: int | None = None, for_next: bool = False) -> Understood:
    question = parse_image_query(f"url={SOURCE.url}&f=webp", Hints())
    return Understood(question, Grant(exp), ImageRequest(question.source, question.spec), for_next)


async def respond(served: Served, headers=None, *, method: str = "GET", asked: Understood | None = None, **env):
    request = make_mocked_request(method, "/", headers=headers or {})
    request[REQUEST_ID] = "r-1"
    return await answer(request, served, (asked or understood()).terms, ServerSettings.from_env(env), 0.00125)


def traced(**seconds: float) -> Trace:
    return Trace(dict(seconds), asked_store=True)


@pytest.mark.parametrize(
    ("served", "cache", "source", "status", "timing"),
    [
        (Served(blob(), Tier.MEMORY, hit=True), "HIT", "memory", "imgsvc-memory; hit; ttl=", "memory;dur=1.250"),
        (
            Served(blob(), Tier.STORE, hit=True, trace=traced(store=0.002)),
            "HIT", "store", "imgsvc-store; hit; ttl=", "memory;dur=1.250, store;dur=2.0",
        ),
        (
            Served(blob(), Tier.STORE, hit=False, trace=traced(store=0.002, decode=0.5)),
            "MISS", "store", "imgsvc-store; fwd=miss, imgsvc-memory; fwd=miss",
            "memory;dur=1.250, store;dur=2.0, decode;dur=500.0",
        ),
        (
            Served(blob(), Tier.ORIGIN, hit=False, trace=traced(fetch=0.1), collapsed=True),
            "MISS", "origin", "imgsvc-store; fwd=miss, imgsvc-memory; fwd=miss; collapsed",
            "memory;dur=1.250, fetch;dur=100.0",
        ),
    ],
)  # fmt: skip
async def test_where_it_came_from(served, cache, source, status, timing):
    """Each tier is told in four headers; what was made now has no age."""
    headers = (await respond(served)).headers

    assert (headers["X-Cache"], headers["X-Source"]) == (cache, source)
    assert headers["Cache-Status"].startswith(status)
    assert headers["Server-Timing"] == timing
    assert ("Age" in headers) == (source != "origin")


async def test_age_is_never_negative():
    """A fetch by a replica whose clock is ahead counts as just now."""
    response = await respond(Served(blob(age=-50), Tier.MEMORY, hit=True))

    assert response.headers["Age"] == "0"


@pytest.mark.parametrize(
    ("more", "exp", "expected"),
    [
        ({}, None, f"public, max-age=1000, {STALE}"),
        ({"immutable": True}, None, f"public, max-age=31536000, {STALE}, immutable"),
        ({"shareable": False}, None, "private, no-store"),
        ({"shareable": False}, 50, "private, no-store"),
        ({}, 50, "public, max-age=50"),
        ({"immutable": True}, 50, "public, max-age=50"),
        ({}, 5000, "public, max-age=1000, stale-while-revalidate=4000, stale-if-error=4000"),
        ({}, 101000, "public, max-age=1000, stale-while-revalidate=86400, stale-if-error=100000"),
        ({"provisional": True}, None, "public, max-age=1000"),
        ({"provisional": True}, 5000, "public, max-age=1000"),
        ({}, -5, "public, max-age=0"),
    ],
)
async def test_how_long_it_may_be_kept(more, exp, expected):
    """Nothing is announced beyond the end of a signature, and nothing at all of what is private."""
    end = None if exp is None else int(time.time()) + exp

    header = (await respond(Served(blob(**more), Tier.ORIGIN, hit=False), asked=understood(exp=end))).headers

    a_second_later = re.sub(r"=(50|4000|100000)\b", lambda found: f"={int(found[1]) - 1}", expected)
    assert header["Cache-Control"] in (expected, a_second_later)


@pytest.mark.parametrize(
    ("more", "exp", "expected"),
    [
        ({}, None, "public, max-age=1000, stale-while-revalidate=604800, stale-if-error=604800"),
        (
            {"immutable": True},
            None,
            "public, max-age=31536000, stale-while-revalidate=604800, stale-if-error=604800, immutable",
        ),
        ({"shareable": False}, None, "private, no-store"),
        ({"provisional": True}, None, "public, max-age=1000"),
        ({}, 1000000, "public, max-age=1000, stale-while-revalidate=604800, stale-if-error=604800"),
    ],
)
async def test_for_longer_while_it_is_asked_for(more, exp, expected):
    """A question that has stale answers for longer announces so, and nothing else changes."""
    end = None if exp is None else int(time.time()) + exp
    plain = understood(exp=end)
    asked = structs.replace(plain, request=structs.replace(plain.request, stale_seconds=604800))

    header = (await respond(Served(blob(**more), Tier.ORIGIN, hit=False), asked=asked)).headers

    assert header["Cache-Control"] == expected


@pytest.mark.parametrize("delivery", ["bytes", "redirect"])
async def test_the_cdns_address(delivery):
    """In either mode a stored picture names its place in the CDN; only then may it be answered with a redirect."""
    address = f"https://cdn.test/base/images/image/k/a%3Db%20c.webp?v={blob().meta.sha256[:8]}"
    env = CDN | {"IMGSVC_DELIVERY": delivery}

    stored = await respond(Served(blob(stored=True), Tier.MEMORY, hit=True), **env)
    unstored = await respond(Served(blob(), Tier.MEMORY, hit=True), **env)

    assert stored.headers["Content-Location"] == address
    assert (stored.status, stored.headers.get("Location")) == (
        (302, address) if delivery == "redirect" else (200, None)
    )
    assert unstored.status == 200
    assert not {"Location", "Content-Location"} & set(unstored.headers)


async def test_head_of_a_redirect():
    """It has the headers of GET, the length of the body that neither has among them."""
    stored = Served(blob(stored=True), Tier.MEMORY, hit=True)

    response = await respond(stored, method="HEAD", **CDN, IMGSVC_DELIVERY="redirect")

    assert (response.status, response.headers["Content-Length"], response.body) == (302, "0", None)


async def test_nexts_header():
    """Under Next's route its own cache header is answered too."""
    hit = await respond(Served(blob(), Tier.MEMORY, hit=True), asked=understood(for_next=True))

    assert hit.headers["X-Nextjs-Cache"] == "HIT"


@pytest.mark.parametrize("delivery", [{}, CDN])
async def test_head(delivery):
    """HEAD has the length of what GET would send, range or not, and no body."""
    response = await respond(
        Served(blob(), Tier.MEMORY, hit=True), {"Range": "bytes=0-1"}, method="HEAD", **delivery
    )  # fmt: skip

    assert (response.status, response.headers["Content-Length"], response.body) == (200, "100", None)


async def test_parts():
    """One range is a part; one outside names the size; neither loses the validators."""
    served = Served(blob(), Tier.MEMORY, hit=True)

    part = await respond(served, {"Range": "bytes=10-19"})
    outside = await respond(served, {"Range": "bytes=100-"})

    assert (part.status, part.body, part.headers["Content-Range"]) == (206, DATA[10:20], "bytes 10-19/100")
    assert (outside.status, outside.headers["Content-Range"]) == (416, "bytes */100")
    assert outside.content_type == "application/problem+json"
    assert outside.headers["Cache-Control"] == "no-store"
    assert outside.headers["ETag"] == served.blob.etag
    assert part.headers["ETag"] == served.blob.etag


async def test_several_fields_of_one_list():
    """Entity tags may come in several fields."""
    served = Served(blob(), Tier.MEMORY, hit=True)
    request = [("If-None-Match", '"other"'), ("If-None-Match", served.blob.etag)]

    assert (await respond(served, request)).status == 304


async def test_an_unchanged_answer_says_all_but_its_type():
    """304 repeats what a cache has to refresh."""
    served = Served(blob(), Tier.MEMORY, hit=True)

    response = await respond(served, {"If-None-Match": served.blob.etag})

    assert response.status == 304
    assert {"ETag", "Last-Modified", "Cache-Control", "Age", "X-Cache"} <= set(response.headers)
    assert response.body is None


@given(st.text(max_size=300), st.text(max_size=300))
async def test_no_source_splits_a_header(path, query):
    """Whatever a client names as its source, every header is one bounded line of ASCII."""
    try:
        source = Source(normalise_url(f"https://a.test/{path}?{query}"))
    except InvalidRequest:
        return

    headers = (await respond(Served(blob(source=source), Tier.ORIGIN, hit=False))).headers

    for value in headers.values():
        assert value.isascii()
        assert value.isprintable()
        assert len(value) <= MAX_LINK_CHARS
    assert len(headers["Content-Disposition"]) <= MAX_NAME_CHARS + 30


async def test_a_signed_answer_is_fresh_until_its_end_and_no_longer():
    """A cache takes Age off max-age: what is left is the signature's time, however long ago the picture was fetched."""
    served = Served(blob(age=500), Tier.MEMORY, hit=True)
    ends_soon = await respond(served, asked=understood(exp=int(time.time()) + 30))
    ends_late = await respond(served, asked=understood(exp=int(time.time()) + 5000))

    left = int(ends_soon.headers["Cache-Control"].partition("max-age=")[2]) - int(ends_soon.headers["Age"])
    assert 28 <= left <= 30
    assert ends_late.headers["Cache-Control"].startswith("public, max-age=1000, stale-while-revalidate=")
