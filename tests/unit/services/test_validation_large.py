"""Large sources asked again, and questions that meet."""

import asyncio

import pytest

from imgsvc.errors import OriginStatus, OriginUnreachable
from imgsvc.services.answers import Tier
from imgsvc.services.revalidations import AT_ONCE
from tests.support.spine import png, spine, until
from tests.support.spine_parts import HOUR
from tests.unit.services.test_validation import BLUE, DAY, LARGE, kept, large

pytestmark = pytest.mark.slow


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
