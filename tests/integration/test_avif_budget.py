"""AVIF within a time budget: nobody waits for it, and the next who asks gets it."""

import asyncio

from tests.support.service import running_service

AVIF = {"Accept": "image/avif,image/webp,*/*"}


async def test_webp_now_and_avif_for_the_next(origin, photo, tmp_path):
    """Where AVIF would take too long WebP is answered for a short while, and AVIF made behind it."""
    origin.serve("/a.jpg", photo)
    url = origin.url("/a.jpg")
    async with running_service(tmp_path, origin.port, IMGSVC_AVIF_BUDGET="0") as service:
        first = await service.image(url, AVIF, w=100)
        await service.settled()
        second = await service.image(url, AVIF, w=100)
        explicit = await service.image(url, AVIF, w=100, f="avif")
        figures = (await service.request("GET", "/api/health/metrics")).json()
    async with running_service(tmp_path, origin.port, IMGSVC_AVIF_BUDGET="0") as service:
        stored = await service.image(url, AVIF, w=100)

    assert (first.headers["Content-Type"], first.headers["Vary"]) == ("image/webp", "Accept")
    assert 0 < first.max_age <= 60
    assert "stale-while-revalidate" not in first.headers["Cache-Control"]
    assert (second.headers["Content-Type"], second.headers["X-Cache"]) == ("image/avif", "HIT")
    assert second.max_age == 14400
    assert explicit.headers["Content-Type"] == "image/avif"
    assert (stored.headers["Content-Type"], stored.headers["X-Source"]) == ("image/avif", "store")
    assert figures["queue"]["upgrades"]["done"] == 1
    assert origin.hits("/a.jpg") == 1


async def test_many_at_once_make_one_of_each(origin, photo, tmp_path):
    """However many ask while AVIF is made, it is made once."""
    origin.serve("/a.jpg", photo)
    async with running_service(tmp_path, origin.port, IMGSVC_AVIF_BUDGET="0") as service:
        answers = await asyncio.gather(*(service.image(origin.url("/a.jpg"), AVIF, w=100) for _ in range(50)))
        await service.settled()
        upgrades = service.opened.owners["upgrades"].statistics()
        last = await service.image(origin.url("/a.jpg"), AVIF, w=100)

    assert {answer.headers["Content-Type"] for answer in answers} <= {"image/webp", "image/avif"}
    assert (upgrades.done, upgrades.failed) == (1, 0)
    assert last.headers["Content-Type"] == "image/avif"


async def test_within_the_budget_avif_at_once(service, origin, photo):
    """A picture of ordinary size is AVIF for the first who asks."""
    origin.serve("/a.jpg", photo)
    answer = await service.image(origin.url("/a.jpg"), AVIF, w=100)

    assert answer.headers["Content-Type"] == "image/avif"
