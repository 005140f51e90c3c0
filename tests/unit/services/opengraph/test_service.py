"""What is known of pages: once a day, behind a stale answer, and not again a moment after a failure."""

import asyncio
import json

import pytest

from imgsvc.errors import NotAPage, OriginStatus, RateLimited, SourceNotFound
from imgsvc.model.purge import Instructions
from imgsvc.model.source import Source
from imgsvc.services.answers import Tier
from imgsvc.services.limits import Allowance
from imgsvc.services.opengraph.document import DOCUMENT_PREFIX
from imgsvc.services.opengraph.service import EXTENDED_SECONDS, LIFETIME_SECONDS
from tests.support.logos import HTML, page

pytestmark = pytest.mark.slow


def named(title: str) -> bytes:
    return page(f"<meta property=og:title content={title}>")


async def ask(parts, path: str = "/p") -> tuple[dict, Tier, bool]:
    """Ask as the web does: memory first."""
    source = parts.source(path)
    served = parts.pages.lookup(source) or await parts.pages.find(source, None)
    return json.loads(served.blob.data), served.tier, served.stale


async def test_once_a_day(parts, origin):
    """A page is fetched once, answered from memory for a day, and from then on asked behind a stale answer."""
    origin.serve("/p", named("old"), headers=HTML)
    first, tier, _ = await ask(parts)
    parts.clock.forward(LIFETIME_SECONDS - 1)
    origin.serve("/p", named("new"), headers=HTML)

    again, tier_again, is_stale = await ask(parts)
    parts.clock.forward(2)
    stale, _, was_stale = await ask(parts)
    await parts.pages.idle()
    fresh, _, _ = await ask(parts)

    assert (first["title"], tier) == ("old", Tier.ORIGIN)
    assert (again["title"], is_stale, origin.hits("/p")) == ("old", False, 2)
    assert tier_again in (Tier.MEMORY, Tier.STORE)
    assert (stale["title"], was_stale) == ("old", True)
    assert fresh["title"] == "new"


async def test_two_hundred_at_once(parts, origin):
    """Equal questions are one fetch."""
    gate = asyncio.Event()

    async def behave(exchange) -> None:
        await gate.wait()
        await exchange.answer(named("one"), headers=HTML)

    origin.script("/p", behave)
    asking = [asyncio.create_task(ask(parts)) for _ in range(200)]
    await origin.until_hits("/p")
    await parts.waiters(200)
    gate.set()

    assert {answer["title"] for answer, _, _ in await asyncio.gather(*asking)} == {"one"}
    assert origin.hits("/p") == 1


async def test_another_process_finds_it_in_the_store(parts, origin):
    """What was read lies in the store as JSON, under the page's digest, for whoever has not read it."""
    origin.serve("/p", named("kept"), headers=HTML)
    await ask(parts)
    await parts.stored()
    (key,) = await parts.keys(DOCUMENT_PREFIX)
    parts.pages._documents.flush()

    answer, tier, _ = await ask(parts)

    assert len(key) == len(DOCUMENT_PREFIX) + 64 + len(".json")
    assert (answer["title"], tier, answer["source"], origin.hits("/p")) == ("kept", Tier.STORE, "store", 1)


@pytest.mark.parametrize("damage", [b"{}", b'{"url": 1}', b"\xff"])
async def test_damage_in_the_store(parts, origin, damage):
    """A document that is none counts as nothing."""
    origin.serve("/p", named("again"), headers=HTML)
    await ask(parts)
    await parts.stored()
    (key,) = await parts.keys(DOCUMENT_PREFIX)
    stored = await parts.store.get(key)
    await parts.store.put(key, damage, stored.meta)
    parts.pages._documents.flush()

    assert (await ask(parts))[1] is Tier.ORIGIN


async def test_what_tracks_readers_names_no_page(parts, origin):
    """Two queries are two pages, but for what says where the reader came from."""
    origin.serve("/p", named("x"), headers=HTML)

    answers = [await ask(parts, path) for path in ("/p?a=1&utm_source=x", "/p?fbclid=1&a=1", "/p?a=2")]

    assert [tier for _, tier, _ in answers] == [Tier.ORIGIN, Tier.MEMORY, Tier.ORIGIN]
    assert [answer["url"].partition("?")[2] for answer, _, _ in answers] == ["a=1", "a=1", "a=2"]
    assert [request.target for request in origin.requests] == ["/p?a=1", "/p?a=2"]


@pytest.mark.parametrize(
    ("status", "kind", "error"),
    [(500, "text/html", OriginStatus), (404, "text/html", SourceNotFound), (200, "image/png", NotAPage)],
)
async def test_failures_are_remembered(parts, origin, status, kind, error):
    """A page that failed is not asked again a moment later, until a purge or its time says otherwise."""
    origin.serve("/p", named("x"), status=status, headers={"Content-Type": kind})
    for _ in range(3):
        with pytest.raises(error):
            await ask(parts)
    assert origin.hits("/p") == 1

    origin.serve("/p", named("x"), headers=HTML)
    parts.clock.forward(1)
    await parts.purges.purge(Instructions(urls=(parts.source("/p"),)))
    parts.clock.forward(1)

    assert (await ask(parts))[0]["title"] == "x"


async def test_a_page_that_fails_keeps_what_is_known(parts, origin):
    """When a page past its time fails, what is known holds for another hour, and then it is asked again."""
    origin.serve("/p", named("good"), headers=HTML)
    await ask(parts)
    origin.serve("/p", b"", status=500, headers=HTML)
    parts.clock.forward(LIFETIME_SECONDS + 1)

    stale = await ask(parts)
    await parts.pages.idle()
    held = await ask(parts)
    parts.clock.forward(EXTENDED_SECONDS + 1)
    origin.serve("/p", named("back"), headers=HTML)
    await ask(parts)
    await parts.pages.idle()

    assert (stale[0]["title"], stale[2]) == ("good", True)
    assert (held[0]["title"], held[2]) == ("good", False)
    assert (await ask(parts))[0]["title"] == "back"


async def test_a_page_that_is_gone_is_gone(parts, origin):
    """404 ends what is known of a page, in the store as well."""
    origin.serve("/p", named("good"), headers=HTML)
    await ask(parts)
    await parts.stored()
    origin.serve("/p", b"", status=404, headers=HTML)
    parts.clock.forward(LIFETIME_SECONDS + 1)
    await ask(parts)
    await parts.pages.idle()

    with pytest.raises(SourceNotFound):
        await ask(parts)
    assert await parts.keys(DOCUMENT_PREFIX) == []


@pytest.mark.parametrize("kind", ["url", "prefix", "domain"])
@pytest.mark.parametrize("hard", [False, True])
async def test_purges(parts, origin, kind, hard):
    """A soft purge makes it stale, a hard one takes it out, whatever it is named by."""
    origin.serve("/p", named("old"), headers=HTML)
    source = parts.source("/p")
    await ask(parts)
    await parts.stored()
    origin.serve("/p", named("new"), headers=HTML)
    parts.clock.forward(1)
    named_by = {
        "url": {"urls": (source,)}, "prefix": {"prefixes": (source.url[:-1],)}, "domain": {"domains": (source.host,)}
    }  # fmt: skip

    await parts.purges.purge(Instructions(**named_by[kind], hard=hard))
    parts.clock.forward(1)
    first = await ask(parts)
    await parts.pages.idle()

    assert (first[0]["title"], first[2]) == (("new", False) if hard else ("old", True))
    assert (await ask(parts))[0]["title"] == "new"


async def test_a_limit_counts_fetches(parts, origin):
    """Only what has to be fetched counts against a client."""
    origin.serve("/p", named("x"), headers=HTML)
    limits = parts.limits
    allowance = Allowance(limits, "client")
    source = parts.source("/p")
    await parts.pages.find(source, allowance)
    for _ in range(200):
        await parts.pages.find(source, allowance)

    async def ask_many() -> None:
        for number in range(200):
            await parts.pages.find(Source(f"{source.url}?{number}"), allowance)

    with pytest.raises(RateLimited):
        await ask_many()


async def test_figures(parts, origin):
    """Pages read and failed are counted."""
    origin.serve("/p", named("x"), headers=HTML)
    await ask(parts)
    with pytest.raises(SourceNotFound):
        await ask(parts, "/missing")

    figures = parts.pages.statistics()

    assert (figures.read, figures.failed, figures.refreshing) == (2, 1, 0)
