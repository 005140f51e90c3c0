"""A page's picture past its time: answered at once, chosen anew behind, and kept through trouble."""

import asyncio

import pytest

from imgsvc.errors import NotAnImage, ShareImageNotFound, SourceNotFound
from imgsvc.model.freshness import STALE_WHILE_REVALIDATE_SECONDS
from imgsvc.services.opengraph import choosing
from imgsvc.services.opengraph.page_pictures import UNENDED_SECONDS
from imgsvc.services.opengraph.service import LIFETIME_SECONDS
from tests.unit.services.opengraph.conftest import seen

pytestmark = pytest.mark.slow


def reason(shared) -> type | None:
    return None if shared.fallback is None else type(shared.fallback)


async def test_a_page_with_another_picture(parts, origin, ask):
    """A day later the page is read again behind the old answer, and its new picture taken."""
    ask.offer("/a.jpg")
    origin.serve("/a.jpg", seen())
    origin.serve("/b.jpg", seen(640, 480))
    await ask()
    ask.offer("/b.jpg")
    parts.clock.forward(LIFETIME_SECONDS + 1)

    await ask()
    await parts.pages.idle()
    fresh = await ask()

    assert fresh.served.blob.data == seen(640, 480)


async def test_nobody_waits_for_another_picture(parts, origin, ask):
    """A picture chosen a day ago is answered at once, as stale, while page and pictures are asked behind."""
    ask.offer("/a.jpg")
    origin.serve("/a.jpg", seen())
    await ask()
    gate = origin.gate("/a.jpg", seen(640, 480))
    parts.clock.forward(LIFETIME_SECONDS + 1)

    stale = await ask()
    await origin.until_hits("/a.jpg", 2)
    waiting = await ask()
    gate.set()
    await parts.pages.idle()
    fresh = await ask()

    assert [answer.size_px for answer in (stale, waiting, fresh)] == [(400, 300), (400, 300), (640, 480)]
    assert (stale.served.stale, waiting.served.stale, fresh.served.stale) == (True, True, False)
    assert waiting.fresh_until <= parts.clock.now < fresh.fresh_until
    assert origin.hits("/a.jpg") == 2


async def test_after_two_days_somebody_waits(parts, origin, ask):
    """Stale pictures are answered for the day that is announced, and not for ever."""
    ask.offer("/a.jpg")
    origin.serve("/a.jpg", seen())
    await ask()
    origin.serve("/a.jpg", seen(640, 480))
    parts.clock.forward(LIFETIME_SECONDS + STALE_WHILE_REVALIDATE_SECONDS)

    late = await ask()

    assert late.size_px == (640, 480)


async def test_a_page_that_fails_keeps_the_choice(parts, origin, ask):
    """A choice that is made while the page is asked again is not lost when that fails."""
    ask.offer("/a.jpg")
    origin.serve("/a.jpg", seen())
    await ask()
    parts.clock.forward(LIFETIME_SECONDS + STALE_WHILE_REVALIDATE_SECONDS)
    gate = asyncio.Event()

    async def fail(exchange) -> None:
        await gate.wait()
        await exchange.answer(b"", status=500)

    origin.script("/p", fail)
    await ask()
    gate.set()
    await parts.pages.idle()
    await ask()

    assert origin.hits("/a.jpg") == 2


async def test_trouble_keeps_what_was_good(parts, origin, ask, monkeypatch):
    """A choice that did not end leaves the picture of before, for a short time."""
    ask.offer("/a.jpg")
    origin.serve("/a.jpg", seen())
    await ask()
    origin.stall_before_head("/a.jpg")
    parts.clock.forward(LIFETIME_SECONDS + 1)
    with monkeypatch.context() as hurried:
        hurried.setattr(choosing, "CHOOSING_SECONDS", 0.1)
        await ask()
        await parts.pages.idle()

    kept = await ask()
    origin.serve("/a.jpg", seen(640, 480))
    parts.clock.forward(UNENDED_SECONDS + 1)
    await ask()
    await parts.pages.idle()
    after = await ask()

    assert (kept.served.blob.data, reason(kept)) == (seen(), None)
    assert after.served.blob.data == seen(640, 480)


@pytest.mark.parametrize(
    ("status", "body", "kept"),
    [(503, b"", True), (403, b"", True), (200, b"no picture", True), (404, b"", False)],
)
async def test_a_picture_that_fails_later(parts, origin, ask, status, body, kept):
    """A source that fails, or shows what is no picture, keeps its last good one; one that is gone does not."""
    ask.offer("/a.jpg")
    origin.serve("/a.jpg", seen())
    await ask()
    origin.serve("/a.jpg", body, status=status)
    parts.clock.forward(LIFETIME_SECONDS + 1)
    await ask()
    await parts.pages.idle()

    after = await ask()

    assert reason(after) is (None if kept else ShareImageNotFound)


@pytest.mark.parametrize(
    ("status", "body", "seconds"),
    [
        (503, b"", UNENDED_SECONDS),
        (404, b"", SourceNotFound.remember_seconds),
        (200, b"x", NotAnImage.remember_seconds),
    ],
)
async def test_a_failure_has_its_own_time(parts, origin, ask, status, body, seconds):
    """A page whose picture failed is no day without one: it is tried again when that failure is forgotten."""
    ask.offer("/a.jpg")
    origin.serve("/a.jpg", body, status=status)
    began = parts.clock.now
    first = await ask()
    origin.serve("/a.jpg", seen())
    parts.clock.forward(seconds - 1)
    before = await ask()
    parts.clock.forward(2)

    after = await ask()

    assert [reason(each) for each in (first, before, after)] == [ShareImageNotFound, ShareImageNotFound, None]
    assert first.fresh_until == began + seconds  # no cache in front keeps the card for longer
