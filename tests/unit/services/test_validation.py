"""Asking a source whether what is kept still holds: what may come between, and that nothing is lost or left."""

import asyncio

import pytest

from imgsvc.errors import OriginStatus, OriginUnreachable, SourceNotFound
from imgsvc.model.freshness import Freshness
from imgsvc.model.keys import original_key
from imgsvc.model.purge import Instructions
from imgsvc.origin.answer import NotModified
from imgsvc.services.answers import ImageRequest, Tier
from imgsvc.services.revalidations import AT_ONCE
from tests.support.pictures import noise as pixels
from tests.support.pictures import png as picture
from tests.support.spine import HOUR, ask_at, png, spine, until

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
    parts.tagging.note(tagged, answer.blob)
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


async def test_a_large_source_is_asked_once(tmp_path, origin):
    """While a large new picture arrives, however slowly, whoever asks is answered with the old one, or waits for it."""
    async with spine(tmp_path, origin, **LARGE) as parts:
        await kept(parts, origin, png())
        gate = asyncio.Event()
        body = large()

        async def behave(exchange) -> None:
            await exchange.head(headers={"Content-Type": "image/png", "Content-Length": str(len(body))})
            await exchange.send(body[:120000])
            await gate.wait()
            await exchange.send(body[120000:])

        origin.script("/a.png", behave)
        parts.clock.forward(HOUR)
        stale = [await parts.ask("/a.png") for _ in range(3)]
        await until(lambda: parts.downloads.statistics().running)
        waiting = asyncio.create_task(parts.ask("/a.png", "w=20&f=png"))
        stale += [await parts.ask("/a.png") for _ in range(3)]
        gate.set()
        made = await waiting
        await parts.revalidated()

    assert all(answer.stale for answer in stale)
    assert made.blob.meta.source_sha256 != stale[0].blob.meta.source_sha256
    assert origin.hits("/a.png") == 2


@pytest.mark.parametrize("seconds", [HOUR, HOUR + DAY])
async def test_a_large_source_that_breaks_off_keeps_the_last_good(tmp_path, origin, seconds):
    """New bytes are proved before they replace good ones, also where they are too many to be held."""
    async with spine(tmp_path, origin, **LARGE) as parts:
        await kept(parts, origin, large())
        origin.reset_mid_body("/a.png", large(2))
        parts.clock.forward(seconds)
        answers = [await parts.ask("/a.png", query) for query in ("w=20&f=png", "w=10&f=png", "f=original")]
        await parts.revalidated()

    assert all(answer.stale for answer in answers)
    assert len({answer.blob.meta.source_sha256 or answer.blob.meta.sha256 for answer in answers}) == 1


async def test_after_a_week_a_large_source_is_waited_for_in_vain(tmp_path, origin):
    """A picture that nothing may stand in for is not answered because another is on its way."""
    async with spine(tmp_path, origin, **LARGE) as parts:
        await kept(parts, origin, png())
        origin.reset_mid_body("/a.png", large())
        parts.clock.forward(HOUR + 7 * DAY)
        with pytest.raises(OriginUnreachable):
            await parts.ask("/a.png")


async def test_a_large_source_backs_off_too(tmp_path, origin):
    """One that breaks off each time is left alone for longer each time."""
    async with spine(tmp_path, origin, **LARGE) as parts:
        origin.reset_mid_body("/a.png", large())
        rests = []
        for _ in range(3):
            with pytest.raises(OriginUnreachable):
                await parts.ask("/a.png")
            await until(lambda: not parts.downloads.statistics().running)
            failure = await parts.failures.recall(parts.source("/a.png").h16)
            rests.append(failure.retry_after_seconds)
            parts.clock.forward(failure.retry_after_seconds)

    assert rests == [60, 120, 240]


async def test_memory_stands_in_where_the_store_cannot(parts, origin):
    """With a store that keeps nothing the last good picture is that of memory, for a week."""
    parts.store.failing = {"put"}
    origin.serve("/a.png", png())
    first = await parts.ask("/a.png")
    await parts.stored()
    origin.serve("/a.png", b"", status=500)
    parts.clock.forward(HOUR + DAY)
    old = await parts.ask("/a.png")
    parts.clock.forward(6 * DAY)

    assert (old.tier, old.stale, old.blob.data) == (Tier.MEMORY, True, first.blob.data)
    with pytest.raises(OriginStatus):
        await parts.ask("/a.png")


async def test_slow_sources_leave_their_turn(tmp_path, origin, monkeypatch):
    """Sources that take long do not keep others from being asked."""
    monkeypatch.setattr("imgsvc.services.revalidations.TURN_SECONDS", 0.01)
    slow = [f"/{n}.png" for n in range(AT_ONCE)]
    async with spine(tmp_path, origin, IMGSVC_CONNECTIONS_PER_HOST="16") as parts:
        for path in (*slow, "/x.png"):
            origin.serve(path, png())
            await parts.ask(path)
        await parts.stored()
        gates = [origin.gate(path, png()) for path in slow]
        parts.clock.forward(HOUR)
        for path in (*slow, "/x.png"):
            await parts.ask(path)

        await origin.until_hits("/x.png", 2)
        assert parts.revalidations.statistics().running >= AT_ONCE
        for gate in gates:
            gate.set()


def holders(parts) -> int:
    """Count those who want the one large source that is arriving."""
    return sum(download.spool._holds for download in parts.downloads._running)


@pytest.mark.parametrize("seconds", [HOUR, HOUR + 7 * DAY])
async def test_who_joins_what_arrives_keeps_the_last_good_too(tmp_path, origin, seconds):
    """Also when somebody else's wish has set a large source arriving; after a week there is nothing good any more."""
    body, gate = large(), asyncio.Event()

    async def behave(exchange) -> None:
        await exchange.head(headers={"Content-Type": "image/png", "Content-Length": str(len(body))})
        await exchange.send(body[:120000])
        await gate.wait()
        exchange.reset()

    async with spine(tmp_path, origin, **LARGE, IMGSVC_READ_TIMEOUT="30") as parts:
        await kept(parts, origin, png())
        origin.script("/a.png", behave)
        parts.clock.forward(seconds)
        refreshing = asyncio.create_task(parts.refreshes.refresh(parts.source("/a.png")))
        await until(lambda: holders(parts) == 1)
        asking = asyncio.create_task(parts.ask("/a.png", "w=20&f=png"))
        await until(lambda: holders(parts) == 2)
        gate.set()
        outcome = (await asyncio.gather(asking, return_exceptions=True))[0]

        assert await refreshing == "failed"
        assert isinstance(outcome, OriginUnreachable) if seconds > DAY else outcome.stale


async def test_a_failure_of_a_large_source_counts_once(tmp_path, origin):
    """Its download says what went wrong, and who asked says it no second time."""
    async with spine(tmp_path, origin, **LARGE) as parts:
        await kept(parts, origin, large())
        origin.reset_mid_body("/a.png", large(2))
        parts.clock.forward(HOUR)
        await parts.ask("/a.png")
        await parts.revalidated()
        failure = await parts.failures.recall(parts.source("/a.png").h16)

    assert failure.retry_after_seconds == 60


async def test_a_refresh_waits_for_a_question_under_way(parts, origin):
    """What the refresh brings is what counts, not what was asked before it and came later."""
    await kept(parts, origin, png())
    gate = origin.gate("/a.png", png((9, 9, 9)))
    parts.clock.forward(HOUR)
    await parts.ask("/a.png")
    await origin.until_hits("/a.png", 2)
    refreshing = asyncio.create_task(parts.refreshes.refresh(parts.source("/a.png")))
    await parts.waiters(3)
    origin.serve("/a.png", png(BLUE))
    gate.set()
    outcome = await refreshing
    await parts.revalidated()
    parts.forget_memory()
    answers = [await parts.ask("/a.png", query) for query in ("w=10&f=png", "w=20&f=png", "f=original")]

    assert outcome == "done"
    assert answers[2].blob.data == png(BLUE)
    assert len({answer.blob.meta.source_sha256 for answer in answers}) == 1
    assert origin.hits("/a.png") == 3


async def test_a_question_waits_for_a_refresh_under_way(parts, origin):
    """Stale answers meanwhile ask nothing of their own; afterwards the new bytes are there in every size."""
    await kept(parts, origin, png(), ETag='"1"')
    await parts.ask("/a.png", "w=20&f=png")
    await parts.stored()
    gate = origin.gate("/a.png", png(BLUE))
    parts.clock.forward(1)
    refreshing = asyncio.create_task(parts.refreshes.refresh(parts.source("/a.png")))
    await origin.until_hits("/a.png", 2)
    stale = await parts.ask("/a.png")
    gate.set()
    outcome = await refreshing
    await parts.revalidated()
    answers = [await parts.ask("/a.png", query) for query in ("w=10&f=png", "w=20&f=png")]

    assert (stale.stale, outcome) == (True, "done")
    assert {answer.stale for answer in answers} == {False}
    assert stale.blob.meta.source_sha256 not in {answer.blob.meta.source_sha256 for answer in answers}
    assert origin.hits("/a.png") == 2


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
