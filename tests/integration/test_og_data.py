"""``/api/og-data`` over HTTP: pages of every kind and misdeed."""

import asyncio
import gzip
from collections.abc import AsyncIterator

import pytest

from tests.support.logos import HTML, page
from tests.support.origin import ScriptedOrigin
from tests.support.service import Answer, RunningService, running_service

KEYS = [
    "url", "finalUrl", "title", "description", "siteName", "type", "locale", "image", "images", "imageAlt",
    "imageWidth", "imageHeight", "video", "favicon", "themeColor", "author", "publishedTime", "twitter", "jsonld",
    "fetchedAt", "source",
]  # fmt: skip

FULL = page(
    '<meta property="og:title" content="A &amp;amp; B">',
    '<meta property="og:image" content="/a.jpg"><meta property="og:image:width" content="1200">',
    '<meta property="og:image:alt" content="Two things"><meta name="twitter:card" content="summary_large_image">',
    '<link rel="icon" href="/favicon.ico"><meta name="theme-color" content="#0a7">',
)


@pytest.fixture
async def hasty(tmp_path, origin) -> AsyncIterator[RunningService]:
    """A service in front of which nobody waits for long."""
    async with running_service(tmp_path, origin.port, IMGSVC_READ_TIMEOUT="2", IMGSVC_RATE_LIMIT="3/600") as service:
        yield service


async def ask(service: RunningService, url: str, method: str = "GET", headers=None) -> Answer:
    return await service.request(method, "/api/og-data", headers, url=url)


async def test_a_page(service, origin):
    """Every field is there, null where the page says nothing; the second time is a hit that knows its conditions."""
    origin.serve("/p", FULL, headers=HTML)
    url = origin.url("/p")

    first, again = await ask(service, url), await ask(service, url)
    known = await ask(service, url, headers={"If-None-Match": first.headers["ETag"]})
    head = await ask(service, url, "HEAD")

    data = first.json()
    assert (first.status, first.headers["Content-Type"], list(data)) == (200, "application/json", KEYS)
    assert (data["title"], data["description"], data["twitter"]["card"]) == ("A &amp; B", None, "summary_large_image")
    assert data["images"] == [
        {
            "url": origin.url("/a.jpg"), "tag": "og:image", "width": 1200, "height": None, "alt": "Two things",
            "type": None,
        }
    ]  # fmt: skip
    assert (data["favicon"], data["themeColor"], data["jsonld"]) == (origin.url("/favicon.ico"), "#0a7", None)
    assert (first.headers["X-Cache"], again.headers["X-Cache"], origin.hits("/p")) == ("MISS", "HIT", 1)
    assert first.max_age == 86400
    assert (known.status, head.status, head.body) == (304, 200, b"")
    assert first.headers["ETag"] == again.headers["ETag"] != ""


async def test_which_tiers_were_asked(service, origin):
    """Cache-Status names each tier that was asked: the store too, where memory had nothing."""
    origin.serve("/p", FULL, headers=HTML)
    url = origin.url("/p")

    first, again = await ask(service, url), await ask(service, url)
    await service.settled()
    service.opened.owners["pages"]._documents.flush()
    stored = await ask(service, url)

    assert first.headers["Cache-Status"] == "imgsvc-store; fwd=miss, imgsvc-memory; fwd=miss"
    assert again.headers["Cache-Status"].startswith("imgsvc-memory; hit; ttl=")
    assert (stored.headers["X-Source"], stored.headers["X-Cache"]) == ("store", "HIT")
    assert stored.headers["Cache-Status"].startswith("imgsvc-store; hit; ttl=")


async def test_where_a_page_was_in_the_end(service, origin):
    """References are relative to where redirects ended, whichever they are."""
    origin.redirect("/short", origin.url("/deep/p"))
    origin.serve("/deep/p", page('<meta property="og:image" content="a.jpg">'), headers=HTML)

    data = (await ask(service, origin.url("/short"))).json()

    assert (data["url"], data["finalUrl"]) == (origin.url("/short"), origin.url("/deep/p"))
    assert data["image"] == origin.url("/deep/a.jpg")


@pytest.mark.parametrize(
    ("url", "status", "code"),
    [
        ("", 400, "missing-url"), ("undefined", 400, "url-undefined"), ("null", 400, "url-undefined"),
        ("ftp://a.test/", 400, "scheme-not-allowed"), ("/relative", 400, "bad-parameter"),
        ("s3://images/image/x", 400, "bad-parameter"), ("http://u:p@a.test/", 400, "userinfo-not-allowed"),
        ("http://127.0.0.1/", 403, "address-not-public"), ("http://[::1]/", 403, "address-not-public"),
        ("http://example.com:22/", 403, "port-not-allowed"),
    ],
)  # fmt: skip
async def test_bad_questions(service, url, status, code):
    """What names no public page is refused, and says why."""
    answer = await ask(service, url)

    assert (answer.status, answer.json()["code"]) == (status, code)


async def test_nothing_is_named(service):
    """Without a URL there is nothing to answer; what is not known is said."""
    answer = await service.request("GET", "/api/og-data", None, page="x")

    assert (answer.status, answer.json()["code"]) == (400, "missing-url")


@pytest.mark.parametrize(
    ("kind", "status"),
    [("image/jpeg", 415), ("application/pdf", 415), ("text/plain", 415), ("application/xhtml+xml", 200), ("", 200)],
)
async def test_only_pages(service, origin, kind, status):
    """What says that it is no page is not read; what says nothing is."""
    origin.serve("/p", FULL, headers={"Content-Type": kind})

    answer = await ask(service, origin.url("/p"))

    assert answer.status == status
    assert status == 200 or answer.json()["code"] == "not-a-page"


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/500", 502, "source-failed"), ("/reset", 502, "source-failed"), ("/hangs", 504, "source-timeout"),
        ("/loop", 502, "too-many-redirects"), ("/turns", 502, "too-many-redirects"),
        ("/inward", 403, "address-not-public"), ("/missing", 404, "source-not-found"),
    ],
)  # fmt: skip
async def test_faults(hasty, origin, path, status, code):
    """A page that fails, hangs, loops or leads inside is an error with a code."""
    origin.serve("/500", b"", status=500, headers=HTML)
    origin.reset_before_head("/reset")
    origin.stall_before_head("/hangs")
    origin.redirect("/loop", "/loop")
    origin.serve("/turns", page('<meta http-equiv="refresh" content="0; url=/turns2">'), headers=HTML)
    origin.serve("/turns2", page('<meta http-equiv="refresh" content="0; url=/turns">'), headers=HTML)
    origin.redirect("/inward", "http://10.0.0.1/")

    answer = await ask(hasty, origin.url(path))

    assert (answer.status, answer.json()["code"]) == (status, code)


async def test_too_many(hasty, origin):
    """Who asks for more pages than may be fetched is told when to come back; what is known is still answered."""
    origin.serve("/p", FULL, headers=HTML)

    answers = [await ask(hasty, origin.url(f"/p?{number}")) for number in range(4)]

    assert [answer.status for answer in answers] == [200, 200, 200, 429]
    assert answers[-1].json()["code"] == "rate-limited"
    assert int(answers[-1].headers["Retry-After"]) > 0
    assert (await ask(hasty, origin.url("/p?0"))).status == 200


async def test_a_page_that_hangs_in_its_head(hasty, origin):
    """What came before a page fell silent is read."""
    origin.script("/p", lambda x: _begins(x, FULL.partition(b"<link")[0]))

    answer = await ask(hasty, origin.url("/p"))

    assert (answer.status, answer.json()["title"]) == (200, "A &amp; B")


async def _begins(exchange, start: bytes) -> None:
    await exchange.head(headers=HTML | {"Content-Length": "100000"})
    await exchange.send(start)
    await exchange.stall()


@pytest.mark.parametrize("has_head", [True, False])
async def test_an_endless_page(service, origin, has_head):
    """Of a page of any length no more is read than its head, or what may be one."""
    sent = 0

    async def behave(exchange) -> None:
        nonlocal sent
        await exchange.head(headers=HTML)
        await exchange.send(FULL.partition(b"</head>")[0] + (b"</head><body>" if has_head else b"<p>"))
        while True:
            await exchange.send(b"<p>more</p>" * 5000)
            sent += 55_000

    origin.script("/p", behave)

    answer = await ask(service, origin.url("/p"))

    assert answer.json()["title"] == "A &amp; B"
    assert sent < 12_000_000  # what fits into buffers on the way


async def test_a_bomb(service, origin):
    """A page that unpacks to a thousand times its size costs what a page costs."""
    bomb = gzip.compress(FULL.partition(b"</head>")[0] + b"<style>" + b" " * 100_000_000)
    origin.serve("/p", bomb, headers=HTML | {"Content-Encoding": "gzip"})

    answer = await ask(service, origin.url("/p"))

    assert (answer.status, answer.json()["title"]) == (200, "A &amp; B")


async def test_equal_questions_at_once(service, origin):
    """Two hundred clients with the same link are one fetch."""
    origin.serve("/p", FULL, headers=HTML)

    answers = await asyncio.gather(*(ask(service, origin.url("/p")) for _ in range(200)))

    assert {answer.status for answer in answers} == {200}
    assert origin.hits("/p") == 1


async def test_hosts_need_not_be_listed(tmp_path, origin: ScriptedOrigin):
    """Any public page may be asked about, whichever sources pictures may come from."""
    origin.serve("/p", FULL, headers=HTML)
    async with running_service(tmp_path, origin.port, IMGSVC_ALLOWED_HOSTS="") as service:
        assert (await ask(service, origin.url("/p"))).status == 200
