"""What stands for anything: found once, answered from memory without a look, never nothing."""

import pytest

from imgsvc.errors import NotFound, ShareImageNotFound, SourceNotAllowed, SourceNotFound
from imgsvc.model.purge import Instructions
from imgsvc.model.source import Source
from imgsvc.services.answers import Tier
from imgsvc.services.opengraph.answers import ShareRequest
from imgsvc.services.opengraph.service import LIFETIME_SECONDS
from imgsvc.services.opengraph.sharing import CARD_SECONDS, LOOKED_SECONDS
from tests.unit.services.opengraph.conftest import seen

pytestmark = pytest.mark.slow


async def answered(parts, request: ShareRequest):
    shared = await parts.sharing.find(request)
    shared.served.let_go()
    return shared


async def test_the_same_again(parts, origin, ask):
    """The same question is answered by a plain call, with all that was said; nothing of it holds the bytes."""
    ask.offer("/a.jpg")
    origin.serve("/a.jpg", seen())
    request = ask.request()
    assert parts.sharing.lookup(request) is None
    first = await answered(parts, request)

    again = parts.sharing.lookup(request)

    assert (again.served.blob, again.served.tier, again.served.hit) == (first.served.blob, Tier.MEMORY, True)
    assert (again.size_px, again.url, again.fresh_until) == (first.size_px, first.url, first.fresh_until)
    assert request.last.asked.bring is None


async def test_what_is_remembered_holds_no_frames(parts, origin, ask):
    """A question that is asked for ever holds its source's error, and nothing of the work that has met it."""
    ask.offer()
    origin.serve("/named.jpg", seen())
    asked = [ask.request("/p"), ask.request("/named.jpg", refusal=SourceNotAllowed("not listed", param="url"))]

    for request in asked:
        for _ in range(3):
            await answered(parts, request)

    for error in (asked[0].last.shared[0], asked[1].last.shared[0], asked[1].refusal):
        assert (error.__traceback__, error.__context__) == (None, None)


@pytest.mark.parametrize("seconds", [LOOKED_SECONDS, LIFETIME_SECONDS])
async def test_not_for_long(parts, origin, ask, seconds):
    """After a minute everything is looked at anew."""
    ask.offer("/a.jpg")
    origin.serve("/a.jpg", seen())
    request = ask.request()
    await answered(parts, request)
    parts.clock.forward(seconds)

    assert parts.sharing.lookup(request) is None


async def test_after_a_purge(parts, origin, ask):
    """A purge, of whatever, has everything looked at anew."""
    ask.offer("/a.jpg")
    origin.serve("/a.jpg", seen())
    request = ask.request()
    await answered(parts, request)
    await parts.purges.purge(Instructions(urls=(parts.source("/p"),)))

    assert parts.sharing.lookup(request) is None


async def test_out_of_memory(parts, origin, ask):
    """What memory has let go is found again."""
    ask.offer("/a.jpg")
    origin.serve("/a.jpg", seen())
    request = ask.request()
    await answered(parts, request)
    await parts.stored()
    parts.forget_memory()

    assert parts.sharing.lookup(request) is None
    assert (await answered(parts, request)).served.blob.data == seen()


async def test_what_memory_has_needs_no_room(parts, origin, ask):
    """For want of memory nobody looks for something better, such as a logo, than the card that memory has."""
    ask.offer()
    origin.serve("/", status=503)
    origin.serve("/favicon.ico", status=503)
    request = ask.request()
    card = await answered(parts, request)
    parts.clock.forward(LOOKED_SECONDS)
    parts.rss.bytes = parts.settings.memory.budget_bytes * 95 // 100
    parts.monitor.sample()

    again = await answered(parts, request)

    assert (again.served.blob, again.served.tier) == (card.served.blob, Tier.MEMORY)
    assert isinstance(again.fallback, ShareImageNotFound)


async def test_a_card_for_a_source_that_failed(parts, origin, ask):
    """It may be kept as long as the failure is remembered, a minute at first."""
    origin.serve("/p", status=500)
    first = await ask()
    parts.clock.forward(20)

    again = await ask()

    assert (first.fresh_until, again.fresh_until) == (parts.clock.now + 40, parts.clock.now + LOOKED_SECONDS)


async def test_cards_by_reason(parts, origin, ask):
    """What stands in says why, for an hour at the most, and is counted by that."""
    ask.offer()
    refusal = SourceNotAllowed("not listed", param="url")
    origin.serve("/named.jpg", seen())
    asked = [
        ask.request("/p"), ask.request("/none"), ask.request("/named.jpg", refusal=refusal),
        ShareRequest(source=Source.generated("card"), spec=ask.request().spec, title="Only a card"),
        ShareRequest(source=Source.stored("images/opengraph/none.jpg"), spec=ask.request().spec),
    ]  # fmt: skip

    answers = [await answered(parts, request) for request in asked]
    parts.sharing.lookup(asked[1])

    reasons = [ShareImageNotFound, SourceNotFound, SourceNotAllowed, None, NotFound]
    for shared, reason in zip(answers, reasons, strict=True):
        assert (shared.fallback is None) if reason is None else isinstance(shared.fallback, reason)
    seconds = [answers[at].fresh_until - parts.clock.now for at in (0, 1, 2, 4)]
    assert seconds == [CARD_SECONDS, SourceNotFound.remember_seconds, CARD_SECONDS, CARD_SECONDS]
    assert parts.sharing.statistics().cards == {
        "ShareImageNotFound": 1, "SourceNotFound": 2, "SourceNotAllowed": 1, "asked": 1, "ObjectNotFound": 1,
    }  # fmt: skip
    assert parts.sharing.statistics().pictures == 0
    assert origin.hits("/named.jpg") == 1
