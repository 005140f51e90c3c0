"""Asking a source whether what is kept still holds: what may come between, and that nothing is lost or left."""

import asyncio

import pytest

from imgsvc.errors import SourceNotFound
from imgsvc.model.freshness import Freshness
from imgsvc.model.keys import original_key
from imgsvc.model.purge import Instructions
from imgsvc.origin.answer import NotModified
from imgsvc.services.answers import ImageRequest, Tier
from tests.support.pictures import noise as pixels
from tests.support.pictures import png as picture
from tests.support.spine import ask_at, png, spine, until
from tests.support.spine_parts import HOUR

pytestmark = pytest.mark.slow

BLUE = (0, 0, 255)
DAY = 24 * HOUR
SAID = NotModified(
    url="http://x/", cache_control=None, expires=None, date=None, age=None, etag=None, last_modified=None
)
LARGE = {"IMAGE_STREAM_THRESHOLD_BYTES": "100000"}


def large(seed: int = 1) -> bytes:
    """A picture of more than 100,000 bytes."""
    return picture(pixels(300, 200, seed=seed))


async def kept(parts, origin, body: bytes, **headers: str) -> None:
    """Have */a.png* fetched, made small and stored."""
    origin.serve("/a.png", body, headers={name.replace("_", "-"): text for name, text in headers.items()})
    await parts.ask("/a.png")
    await until(lambda: not parts.downloads.statistics().running)
    await parts.stored()


def held(origin, status: int, body: bytes = b"", **headers: str) -> asyncio.Event:
    """Answer */a.png* when the event is set, and not before."""
    gate = asyncio.Event()

    async def behave(exchange) -> None:
        await gate.wait()
        await exchange.answer(body, status=status, headers={n.replace("_", "-"): t for n, t in headers.items()})

    origin.script("/a.png", behave)
    return gate


async def test_a_store_that_cannot_delete_does_not_keep_it_alive(parts, origin):
    """A source that is gone is gone, and not asked again soon, though its picture cannot be taken out of the store."""
    await kept(parts, origin, png())
    origin.serve("/a.png", b"", status=404)
    parts.store.failing = {"delete", "put"}
    parts.clock.forward(HOUR)
    await parts.ask("/a.png")
    await parts.revalidations.idle()

    for query in ("w=10&f=png", "w=20&f=png"):
        with pytest.raises(SourceNotFound):
            await parts.ask("/a.png", query)
    assert origin.hits("/a.png") == 2


@pytest.mark.parametrize("failing", [True, False])
async def test_what_may_not_be_kept_is_let_go(parts, origin, failing):
    """Whether the store can delete the old picture, or the client leaves meanwhile: nothing of the new one stays."""
    await kept(parts, origin, png())
    origin.serve("/a.png", png(BLUE), headers={"Cache-Control": "no-store"})
    parts.clock.forward(HOUR)
    if failing:
        parts.store.failing = {"delete"}
        assert not (await parts.ask("/a.png", "w=20&f=png")).blob.shareable
    else:
        parts.store.gates["delete"] = asyncio.Event()
        asking = asyncio.create_task(parts.ask("/a.png", "w=20&f=png"))
        await until(lambda: any(operation == "delete" for operation, _ in parts.store.asked))
        asking.cancel()
        await asyncio.gather(asking, return_exceptions=True)
        parts.open_gates()
    await parts.revalidated()
    await until(lambda: parts.transfers.in_use_bytes == 0)

    assert parts.flights.statistics().in_flight == 0


@pytest.mark.parametrize("is_known", [True, False])
async def test_a_client_that_leaves_between_fetch_and_answer(parts, origin, monkeypatch, is_known):
    """While the failures of before are forgotten, which a shared cache may take its time for, nobody else holds it."""
    reached, go_on = asyncio.Event(), asyncio.Event()

    async def slowly(_key: str) -> None:
        reached.set()
        await go_on.wait()

    if is_known:
        await kept(parts, origin, png())
        parts.clock.forward(HOUR)
    origin.serve("/a.png", png(BLUE))
    monkeypatch.setattr(parts.metadata, "delete", slowly)
    asking = asyncio.create_task(parts.ask("/a.png", "w=20&f=png"))
    await reached.wait()
    asking.cancel()
    await asyncio.gather(asking, return_exceptions=True)
    go_on.set()
    await parts.revalidated()
    await until(lambda: parts.transfers.in_use_bytes == 0)

    assert parts.flights.statistics().in_flight == 0


async def test_words_given_meanwhile_are_not_lost(parts, origin):
    """A word that a request brings while the source is being asked is there afterwards, and purges."""
    await kept(parts, origin, png(), ETag='"1"')
    gate = held(origin, 304, ETag='"1"')
    parts.clock.forward(HOUR)
    plain = parts.request("/a.png")
    tagged = ImageRequest(plain.source, plain.spec, frozenset(("shoe",)))
    answer = await parts.images.get(tagged)
    await origin.until_hits("/a.png", 2)
    parts.tagging.note(tagged, answer)
    await parts.tagging.idle()
    gate.set()
    await parts.revalidated()
    words = await parts.records.stored_tags(plain.source)
    parts.clock.forward(1)
    await parts.purges.purge(Instructions(tags=("shoe",), hard=True))
    parts.forget_memory()
    origin.serve("/a.png", png(BLUE))

    assert words == "shoe"
    assert (await parts.ask("/a.png")).tier is Tier.ORIGIN


async def test_who_comes_after_a_hard_purge_joins_nothing_of_before(parts, origin):
    """A purge by name ends the sharing of what was asked for before it, as one of a URL does."""
    gate = origin.gate("/a.png", png())
    before = asyncio.create_task(parts.ask("/a.png"))
    await origin.until_hits("/a.png")
    parts.clock.forward(10)
    await parts.purges.purge(Instructions(domains=("*.test",), hard=True))
    parts.clock.forward(10)
    after = asyncio.create_task(parts.ask("/a.png"))
    await origin.until_hits("/a.png", 2)
    gate.set()
    answers = [await before, await after]
    await parts.stored()
    kept_answer = await parts.ask("/a.png")

    assert [answer.blob.meta.fetched_at for answer in answers] == [parts.clock.now - 20, parts.clock.now]
    assert (kept_answer.hit, kept_answer.blob.meta.fetched_at) == (True, parts.clock.now)


async def test_a_confirmation_of_another_version_is_none(parts, origin):
    """A 304 with another strong validator speaks of other bytes, which are fetched then (RFC 9111 §4.3.4)."""
    await kept(parts, origin, png(), ETag='"1"')

    async def behave(exchange) -> None:
        if "If-None-Match" in exchange.request.headers:
            await exchange.answer(b"", status=304, headers={"ETag": '"2"'})
        else:
            await exchange.answer(png(BLUE), headers={"Content-Type": "image/png", "ETag": '"2"'})

    origin.script("/a.png", behave)
    parts.clock.forward(HOUR)
    await parts.ask("/a.png")
    await parts.revalidated()

    assert parts.records.known(parts.source("/a.png")).etag == '"2"'
    assert parts.validation.statistics().replaced == 1
    assert (await parts.ask("/a.png")).stale is False


async def test_an_older_answer_does_not_replace_a_newer_one(parts, origin):
    """Of two questions that end in the other order the later one's answer stays."""
    await kept(parts, origin, png())
    source = parts.source("/a.png")
    newer = parts.records.known(source)
    parts.records.keep(source, newer.tagged(frozenset(("a",))))
    older = newer.validated(SAID, Freshness(60), newer.fetched_at - 5)
    parts.records.keep(source, older)
    put_back = newer.validated(SAID, Freshness(60), newer.fetched_at - HOUR)
    assert parts.records.known(source).fetched_at == newer.fetched_at

    parts.records.keep(source, put_back)  # the clock was: what is known is of a time that will not come for long
    assert parts.records.known(source).fetched_at == newer.fetched_at - HOUR
    assert parts.records.known(source).tags == "a"


async def test_equal_wishes_are_one(parts, origin):
    """Twenty who want a source refreshed at once have it fetched once."""
    await kept(parts, origin, png())
    parts.clock.forward(1)
    wishes = await asyncio.gather(*(parts.refreshes.refresh(parts.source("/a.png")) for _ in range(20)))

    assert wishes == ["done"] * 20
    assert await parts.refreshes.refresh(parts.source("/a.png")) == "ignored"
    assert origin.hits("/a.png") == 2


@pytest.mark.parametrize("named", [{"domains": ("*.test",)}, {"tags": ("origin.test",)}])
async def test_a_variant_of_before_a_hard_purge_is_made_anew(parts, origin, named):
    """Also when its source, fetched again since, still has the same bytes: what was made may have been wrong."""
    await kept(parts, origin, png())
    parts.clock.forward(1)
    await parts.purges.purge(Instructions(hard=True, **named))
    parts.clock.forward(1)
    other = await parts.ask("/a.png", "w=20&f=png")
    await parts.stored()
    anew = await parts.ask("/a.png")
    await parts.stored()
    parts.forget_memory()
    then = await parts.ask("/a.png")

    assert (other.tier, anew.hit, anew.tier) == (Tier.ORIGIN, False, Tier.STORE)
    assert (then.hit, then.blob.meta.fetched_at) == (True, anew.blob.meta.fetched_at)


async def test_not_found_ends_it_whoever_meets_it(parts, origin):
    """A source whose original was lost is fetched plainly; a 404 then ends its variants as any other does."""
    await kept(parts, origin, png())
    await parts.store.delete(original_key(parts.source("/a.png")))
    origin.serve("/a.png", b"", status=404)

    for query in ("w=20&f=png", "w=10&f=png"):
        with pytest.raises(SourceNotFound):
            await parts.ask("/a.png", query)
    assert await parts.keys() == []


async def test_what_another_process_found_long_ago_is_no_answer(tmp_path, origin):
    """A stale answer has its source asked, whatever another process has learnt since it was last asked here."""
    origin.serve("/a.png", png())
    async with spine(tmp_path, origin) as one, spine(tmp_path, origin) as other:
        await ask_at(one, 0)
        await ask_at(other, HOUR)
        await ask_at(other, HOUR + 1)
        stale = await ask_at(one, 3 * HOUR)

        assert stale.stale
        assert origin.hits("/a.png") == 3
