"""``/api/og-image`` over HTTP where something is wrong: cards that say why."""

import asyncio
from urllib.parse import quote

import pytest

from tests.integration.conftest import size_of
from tests.support import pictures
from tests.support.logos import HTML, page
from tests.support.service import running_service
from tests.support.sharing import CARD_PX, JPEG, ask, is_card, offering, seen


@pytest.mark.parametrize("name", ["jpg", "png", "gif"])
async def test_half_a_picture(service, origin, name):
    """One that is named itself, and given an end of its own, is not passed on to crawlers, nor the next time."""
    whole = {"jpg": pictures.jpeg, "png": pictures.png, "gif": pictures.gif}[name](pictures.noise(300, 300))
    origin.serve(f"/a.{name}", whole[: len(whole) // 2] + {"jpg": b"\xff\xd9", "png": b"", "gif": b";"}[name])

    for _ in range(2):
        assert is_card(await ask(service, origin.url(f"/a.{name}")), "broken-image")


async def test_nothing_good_is_a_card(service, origin):
    """Without a picture a card stands in, and says why; it is the same the next time."""
    origin.serve("/p", page("<title>Nothing to see</title>"), headers=HTML)

    first, again = await ask(service, origin.url("/p")), await ask(service, origin.url("/p"))

    assert is_card(first, "no-share-image")
    assert is_card(again, "no-share-image")
    assert (first.body, origin.hits("/p")) == (again.body, 1)
    assert again.headers["X-Cache"] == "HIT"


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("/500", "source-failed"), ("/reset", "source-failed"), ("/hangs", "source-timeout"),
        ("/loop", "too-many-redirects"), ("/inward", "address-not-public"), ("/missing", "source-not-found"),
        ("/text", "not-an-image"),
    ],
)  # fmt: skip
async def test_faults_are_cards(strict, origin, path, code):
    """Whatever goes wrong on the way is a card."""

    async def hang(exchange) -> None:
        await exchange.stall()

    async def reset(exchange) -> None:
        exchange.reset()

    origin.serve("/500", b"", status=500)
    origin.serve("/text", b"words" * 200, headers={"Content-Type": "text/plain"})
    origin.script("/hangs", hang)
    origin.script("/reset", reset)
    origin.redirect("/loop", "/loop")
    origin.redirect("/inward", "http://127.0.0.1/")

    answer = await ask(strict, origin.url("/", host="listed.test").rstrip("/") + path)

    assert is_card(answer, code)


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("http://127.0.0.1/p", "address-not-public"), ("http://[::1]/p", "address-not-public"),
        ("http://169.254.169.254/latest", "address-not-public"), ("http://example.com:22/", "port-not-allowed"),
        ("http://nowhere.invalid/", "source-failed"),
    ],
)  # fmt: skip
async def test_refused_addresses_are_cards(service, url, code):
    """What may not be reached is a card, and is not reached."""
    answer = await ask(service, url)

    assert answer.status == 200
    assert size_of(answer.body) == CARD_PX
    assert code in (answer.headers["X-Fallback"], "source-failed")


@pytest.mark.parametrize(
    ("query", "status", "code"),
    [
        ("", 400, "missing-url"), ("url=", 400, "missing-url"), ("url=undefined", 400, "url-undefined"),
        ("url=null", 400, "url-undefined"), ("url=ftp://a.test/", 400, "scheme-not-allowed"),
        ("url=images/../x", 400, "bad-key"), ("url=http://a.test/&w=0", 400, "bad-parameter"),
        ("url=http://a.test/&for=myspace", 400, "bad-parameter"), ("url=http://a.test/&kind=x", 400, "bad-parameter"),
        ("url=http://a.test/&f=json", 400, "bad-parameter"), ("url=http://a.test/&w=1&w=2", 400, "bad-parameter"),
    ],
)  # fmt: skip
async def test_bad_questions(service, query, status, code):
    """Only a bad question is an error."""
    answer = await service.raw("GET", f"/api/og-image?{query}")

    assert (answer.status, answer.json()["code"]) == (status, code)


@pytest.mark.parametrize("path", ["/a.jpg", "/photo"])
async def test_a_picture_of_a_host_that_is_not_allowed(strict, origin, path):
    """It is dropped after its head, and a card stands in; a signature would allow it."""
    sent = asyncio.Event()

    async def slowly(exchange) -> None:
        await exchange.head(headers=JPEG | {"Content-Length": "4000000"})
        await exchange.send(seen()[:1000])
        try:
            await exchange.stall()
        finally:
            sent.set()

    origin.script(path, slowly)

    answer = await ask(strict, f"http://other.test{path}")
    await asyncio.wait_for(sent.wait(), 5)

    assert is_card(answer, "source-not-allowed")
    assert seen()[:1000] not in answer.body


async def test_pictures_at_private_addresses(service, origin):
    """A page cannot have an address inside fetched, by whatever spelling or redirect."""
    origin.redirect("/in", f"http://127.0.0.1:{origin.port}/secret.jpg")
    origin.serve("/secret.jpg", seen(), headers=JPEG)
    inside = [f"http://127.0.0.1:{origin.port}/secret.jpg", f"http://2130706433:{origin.port}/secret.jpg", "/in"]
    origin.serve("/p", offering(*inside, "http://[::ffff:7f00:1]/secret.jpg"), headers=HTML)

    answer = await ask(service, origin.url("/p"))

    assert is_card(answer, "no-share-image")
    assert origin.hits("/secret.jpg") == 0


async def test_a_page_that_names_this_service(service, origin):
    """A picture at this very service's own address is not asked for, so that nothing runs in circles."""
    own = f"http://127.0.0.1:{service.port}/api/og-image?url={quote(origin.url('/p'))}"
    origin.serve("/p", offering(own, origin.url("/p")), headers=HTML)

    assert is_card(await ask(service, origin.url("/p")), "no-share-image")


async def test_a_hundred_pictures(service, origin):
    """Of very many only the first ten are tried."""
    origin.serve("/p", offering(*(f"/{n}.jpg" for n in range(100))), headers=HTML)

    assert is_card(await ask(service, origin.url("/p")), "no-share-image")
    assert sum(origin.hits(f"/{n}.jpg") for n in range(100)) == 10


async def test_rate_limited(tmp_path, origin):
    """Who has had too many pages read gets cards of the moment, no data; what is known or of listed hosts comes."""
    async with running_service(tmp_path, origin.port, IMGSVC_RATE_LIMIT="1/600") as service:
        origin.serve("/a", offering("/a.jpg"), headers=HTML)
        origin.serve("/a.jpg", seen(), headers=JPEG)
        origin.serve("/photo", seen(), headers=JPEG)
        first = await ask(service, "http://one.test/a")

        second, data = (
            await ask(service, "http://two.test/b"),
            await service.raw("GET", "/api/og-data?url=http://3.test/"),
        )
        again, listed = await ask(service, "http://one.test/a"), await ask(service, "http://four.test/photo")

    assert first.body == again.body == listed.body == seen()
    assert is_card(second, "rate-limited")
    assert (second.max_age, data.status) == (0, 429)
