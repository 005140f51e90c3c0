"""One deadline for a whole answer: what the page has taken its pictures do not get."""

import asyncio

import pytest

from imgsvc.errors import OriginTimeout, ShareImageNotFound
from imgsvc.services.opengraph.deadline import ANSWER_SECONDS
from imgsvc.services.opengraph.sharing import LOOKED_SECONDS
from tests.support.logos import HTML, page
from tests.unit.services.opengraph.conftest import seen
from tests.unit.services.opengraph.test_page_pictures import reason

pytestmark = pytest.mark.slow


class SlowPage:
    """A page that has taken so much of the time when it comes, and comes when it may."""

    def __init__(self, parts, seconds):
        self.now, self.seconds, self.may_come = 0.0, seconds, asyncio.Event()
        parts.sharing._monotonic = lambda: self.now
        parts.origin.script("/p", self.answer)

    async def answer(self, exchange):
        self.now += self.seconds
        await self.may_come.wait()
        await exchange.answer(page('<meta property="og:image" content="/a.jpg">'), headers=HTML)


async def test_pictures_get_what_the_page_has_left(parts, origin, ask):
    """After a slow page its pictures have little time, and whoever asks later has all of it, as soon as that."""
    slow = SlowPage(parts, ANSWER_SECONDS - 0.1)
    slow.may_come.set()
    origin.stall_before_head("/a.jpg")
    async with asyncio.timeout(ANSWER_SECONDS - 2):
        first = await ask()
    origin.serve("/a.jpg", seen())
    parts.clock.forward(LOOKED_SECONDS + 1)
    later = await ask()

    assert (reason(first), reason(later)) == (ShareImageNotFound, None)
    assert first.fresh_until - parts.clock.now <= LOOKED_SECONDS
    assert origin.hits("/p") == 1


async def test_a_page_too_slow_is_read_on_for_the_next(parts, origin, ask, monkeypatch):
    """An answer does not wait for it beyond its own deadline, and nothing of what has come by then is lost."""
    slow = SlowPage(parts, 0)
    origin.serve("/a.jpg", seen())
    with monkeypatch.context() as hurried:
        hurried.setattr("imgsvc.services.opengraph.deadline.ANSWER_SECONDS", 0.1)
        first = await ask()
    slow.may_come.set()
    await parts.pages.idle()
    parts.clock.forward(LOOKED_SECONDS + 1)
    later = await ask()

    assert (reason(first), reason(later)) == (OriginTimeout, None)
    assert origin.hits("/p") == 1
