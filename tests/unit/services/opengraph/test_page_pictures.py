"""A page's picture: chosen once, kept by itself, chosen anew when the page or the store says so."""

import asyncio
import hashlib

import pytest
from msgspec.structs import replace

from imgsvc.errors import Overloaded, ShareImageNotFound
from imgsvc.model.source import Source
from imgsvc.model.spec import Output, TransformSpec
from imgsvc.opengraph.keys import SHARE_PREFIX
from imgsvc.opengraph.profiles import Network
from imgsvc.services.answers import Tier, Trace
from imgsvc.services.opengraph import choosing
from imgsvc.services.opengraph.answers import ShareRequest
from imgsvc.services.opengraph.deadline import Deadline
from imgsvc.services.opengraph.page_pictures import UNENDED_SECONDS
from imgsvc.services.opengraph.service import LIFETIME_SECONDS
from tests.support import pictures
from tests.unit.services.opengraph.conftest import seen

pytestmark = pytest.mark.slow


def reason(shared) -> type | None:
    return None if shared.fallback is None else type(shared.fallback)


async def test_chosen_once(parts, origin, ask):
    """Page and picture are fetched once; another process finds both in the store."""
    ask.offer("/a.jpg")
    origin.serve("/a.jpg", seen())

    first = await ask()
    await parts.stored()
    parts.forget_memory()
    parts.pages._documents.flush()
    again = await ask()

    assert (first.served.blob.data, first.served.tier) == (seen(), Tier.ORIGIN)
    assert (again.served.blob.data, again.served.tier) == (seen(), Tier.STORE)
    assert (origin.hits("/p"), origin.hits("/a.jpg")) == (1, 1)
    assert first.size_px == (400, 300)


async def test_two_hundred_at_once(parts, origin, ask):
    """Equal questions are one choice, however the answers differ."""
    ask.offer("/a.jpg")
    gate = origin.gate("/a.jpg", seen())
    asking = [asyncio.create_task(ask()) for _ in range(200)]
    await origin.until_hits("/a.jpg")
    gate.set()

    answers = await asyncio.gather(*asking)

    assert {answer.served.blob.data for answer in answers} == {seen()}
    assert origin.hits("/a.jpg") == 1
    assert (parts.free_slots, parts.flights.statistics().in_flight) == (parts.slots.statistics().count, 0)


async def test_a_picture_the_store_has_lost(parts, origin, ask):
    """What is neither in memory nor in the store any more is fetched again."""
    ask.offer("/a.jpg")
    origin.serve("/a.jpg", seen())
    await ask()
    await parts.stored()
    for key in await parts.keys():
        await parts.store.delete(key)
    parts.forget_memory()

    again = await ask()

    assert (again.served.blob.data, reason(again), origin.hits("/a.jpg")) == (seen(), None, 2)


@pytest.mark.parametrize("width", [None, 50])
async def test_named_by_its_key(parts, origin, ask, width):
    """A key is the page's, not the picture's: who names it is told no more than a day, and gets the new one then."""
    ask.offer("/a.jpg")
    origin.serve("/a.jpg", seen(400, 300))
    await ask()
    await parts.stored()
    (key,) = await parts.keys(SHARE_PREFIX)
    spec = TransformSpec(output=Output.JPEG, width=width).normalised()
    request = ShareRequest(source=Source.stored(key), spec=spec)
    before = await parts.sharing.find(request)
    origin.serve("/a.jpg", seen(400, 200))
    parts.clock.forward(LIFETIME_SECONDS + 1)
    await ask()
    await parts.pages.idle()
    await parts.stored()

    after = await parts.sharing.find(request)

    assert before.served.blob.max_age_seconds <= LIFETIME_SECONDS
    heights = [each.served.blob.meta.height for each in (before, after)]
    assert heights == ([300, 200] if width is None else [38, 25])


async def test_a_search_has_an_end(parts, origin, ask, monkeypatch):
    """Pictures that never come cost so much time and no more; they are tried again soon."""
    ask.offer("/a.jpg")
    origin.stall_after_head("/a.jpg")
    with monkeypatch.context() as hurried:
        hurried.setattr(choosing, "CHOOSING_SECONDS", 0.1)
        first = await ask()
    origin.serve("/a.jpg", seen())
    parts.clock.forward(UNENDED_SECONDS + 1)

    later = await ask()

    assert (reason(first), reason(later)) == (ShareImageNotFound, None)
    assert parts.free_slots == parts.slots.statistics().count


async def test_what_is_stored_needs_no_room(parts, origin, ask):
    """A picture that lies in the store is answered as it is in whatever memory state, and is a hit."""
    ask.offer("/a.jpg")
    origin.serve("/a.jpg", seen())
    await ask()
    await parts.stored()
    parts.forget_memory()
    parts.pages._documents.flush()
    parts.rss.bytes = parts.settings.memory.budget_bytes
    parts.monitor.sample()

    answer = await ask()

    assert (answer.served.tier, answer.served.hit, answer.served.blob.stored) == (Tier.STORE, True, True)
    assert answer.served.blob.meta.sha256 == hashlib.sha256(seen()).hexdigest()


async def test_another_picture_under_the_key(parts, origin, ask):
    """What lies under a page's key and is not what was chosen for it is not answered, but chosen anew."""
    ask.offer("/a.jpg")
    origin.serve("/a.jpg", seen())
    first = await ask()
    await parts.stored()
    (key,) = await parts.keys(SHARE_PREFIX)
    other = pictures.jpeg(pictures.quarters(300, 300))
    meta = replace(first.served.blob.meta, sha256=hashlib.sha256(other).hexdigest())
    await parts.store.put(key, other, meta)
    parts.forget_memory()

    again = await ask()

    assert (again.served.blob.data, origin.hits("/a.jpg")) == (seen(), 2)


async def test_no_room(parts, origin, ask):
    """For want of memory there is no choice, and no card that says there was no picture."""
    ask.offer("/a.jpg")
    origin.serve("/a.jpg", seen())
    await parts.pages.find(parts.source("/p"), None)
    parts.rss.bytes = parts.settings.memory.budget_bytes
    parts.monitor.sample()

    with pytest.raises(Overloaded):
        await ask()


@pytest.mark.parametrize("date", ["Sat, 01 Jan 1601 00:00:00 GMT", "Fri, 31 Dec 9999 23:59:59 GMT", "yesterday"])
async def test_impossible_dates(parts, origin, ask, date):
    """What a source says of a picture's age is believed as far as it can be; the page stays readable in the store."""
    ask.offer("/a.jpg")
    origin.serve("/a.jpg", seen(), headers={"Last-Modified": date})

    first = await ask()
    await parts.stored()
    parts.pages._documents.flush()
    await ask()

    assert first.served.blob.meta.last_modified == int(parts.clock.now)
    assert origin.hits("/a.jpg") == 1


@pytest.mark.parametrize("network", Network)
async def test_a_small_drawing_for_a_network(origin, ask, network):
    """It is drawn as large as a card for every network, those that take no small pictures included."""
    ask.offer("/a.svg")
    origin.serve("/a.svg", pictures.SVG, headers={"Content-Type": "image/svg+xml"})

    meta = (await ask(network=network)).served.blob.meta

    assert (meta.width, meta.height) == (1200, 600)


async def test_no_time(parts, origin, ask, monkeypatch):
    """Where it is this process that nobody could be asked in time, that says nothing of the page's pictures."""
    ask.offer("/a.jpg")
    origin.serve("/a.jpg", seen())
    await parts.pages.find(parts.source("/p"), None)
    taken = [await parts.slots.take(Trace()) for _ in range(parts.slots.statistics().count)]

    with monkeypatch.context() as hurried:
        hurried.setattr(choosing, "CHOOSING_SECONDS", 0.1)
        with pytest.raises(Overloaded):
            await ask()
    for slot in taken:
        slot.give_back()

    assert (await ask()).served.blob.data == seen()


async def test_what_has_just_come_is_counted(parts, origin, ask):
    """Its bytes are on the account until all who waited for them are answered, and on none after that."""
    ask.offer("/a.jpg")
    origin.serve("/a.jpg", seen())
    known = await parts.pages.page(parts.source("/p"), None)
    pictures = parts.sharing._pictures

    decided = await pictures._decided(known[0].record, Deadline())
    counted = parts.transfers.in_use_bytes
    await parts.stored()
    decided.hold()
    decided.let_go()
    held = parts.transfers.in_use_bytes
    decided.let_go()

    assert counted >= held == len(seen())
    assert parts.transfers.in_use_bytes == 0
