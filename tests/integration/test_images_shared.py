"""Many requests for one picture at once, over HTTP."""

import asyncio

from tests.integration.conftest import size_of
from tests.integration.test_images import WEBP


async def test_two_hundred_equal_requests_are_one_fetch_and_one_encode(service, origin, photo):
    """All clients of a cold picture get the same bytes for one fetch and one transform."""
    gate = origin.gate("/a.jpg", photo)
    asking = [asyncio.create_task(service.image(origin.url("/a.jpg"), WEBP, w=100)) for _ in range(200)]
    await origin.until_hits("/a.jpg", 1)
    gate.set()

    answers = await asyncio.gather(*asking)

    assert {a.status for a in answers} == {200}
    assert len({a.body for a in answers}) == 1
    assert origin.hits("/a.jpg") == 1
    assert service.opened.owners["transforms"].statistics().completed == 2  # one look, one transform


async def test_twenty_sizes_are_one_fetch(service, origin, photo):
    """Different variants of one cold picture share its fetch."""
    gate = origin.gate("/a.jpg", photo)
    asking = [asyncio.create_task(service.image(origin.url("/a.jpg"), WEBP, w=20 + n % 20)) for n in range(200)]
    await origin.until_hits("/a.jpg", 1)
    gate.set()

    answers = await asyncio.gather(*asking)

    assert {a.status for a in answers} == {200}
    assert {size_of(a.body)[0] for a in answers} == set(range(20, 40))
    assert origin.hits("/a.jpg") == 1


async def test_a_leaving_client_changes_nothing_for_the_others(service, origin, photo):
    """The first client hangs up while the fetch runs; the second is served by the same fetch."""
    gate = origin.gate("/a.jpg", photo)
    first = asyncio.create_task(service.image(origin.url("/a.jpg"), WEBP, w=100))
    await origin.until_hits("/a.jpg", 1)
    second = asyncio.create_task(service.image(origin.url("/a.jpg"), WEBP, w=100))
    async with asyncio.timeout(60):
        while service.opened.owners["flights"].statistics().waiters < 3:
            await asyncio.sleep(0.001)

    first.cancel()
    gate.set()

    assert (await second).status == 200
    assert origin.hits("/a.jpg") == 1


async def test_work_nobody_waits_for_is_dropped(service, origin, photo):
    """When the last client leaves, the fetch is given up and nothing stays in flight."""
    origin.gate("/a.jpg", photo)
    only = asyncio.create_task(service.image(origin.url("/a.jpg"), WEBP, w=100))
    await origin.until_hits("/a.jpg", 1)

    only.cancel()

    await service.settled()
