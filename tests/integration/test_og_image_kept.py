"""``/api/og-image`` over HTTP: what is kept of pages' pictures, for how long, and where."""

import asyncio
import time

import pytest
import pyvips

from imgsvc.model.purge import Instructions
from imgsvc.model.source import Source
from imgsvc.origin.signature import Signer
from tests.support.logos import HTML, PNG
from tests.support.service import running_service
from tests.support.sharing import JPEG, ask, is_card, offering, seen
from tests.support.spine import until


async def test_large_pictures_are_streamed(tmp_path, origin):
    """A picture above the threshold reaches the client while it still comes; later it is there."""
    large = pyvips.Image.gaussnoise(900, 500).cast("uchar").pngsave_buffer(compression=0)
    origin.serve("/p", offering("/large.png"), headers=HTML)
    for path in ("/large.png", "/named.png"):
        origin.serve(path, large, headers=PNG)
    async with running_service(tmp_path, origin.port, IMAGE_STREAM_THRESHOLD_BYTES="100000") as service:
        named = await ask(service, origin.url("/named.png"))
        await until(lambda: service.opened.owners["downloads"].statistics().stored == 1)
        first = await ask(service, origin.url("/p"))
        await until(lambda: service.opened.owners["downloads"].statistics().stored == 2)
        again, network = (
            await ask(service, origin.url("/p")),
            await ask(service, origin.url("/p"), **{"for": "whatsapp"}),
        )

    assert first.body == again.body == large
    assert {each.headers["X-Image-Width"] for each in (named, first, again)} == {"900"}
    assert (again.headers["X-Cache"], again.headers["X-Source"]) == ("HIT", "store")
    assert (network.headers["Content-Type"], len(network.body) <= 300_000) == ("image/jpeg", True)


async def test_at_the_cdn(tmp_path, origin):
    """A page's picture that is stored has its address at the CDN, and redirects there where that is asked for."""
    origin.serve("/p", offering("/a.jpg"), headers=HTML)
    origin.serve("/a.jpg", seen(), headers=JPEG)
    env = {"IMGSVC_CDN_BASE_URL": "https://cdn.test", "IMGSVC_DELIVERY": "redirect"}
    async with running_service(tmp_path, origin.port, **env) as service:
        await ask(service, origin.url("/p"))
        await service.settled()
        service.opened.owners["memory"].clear("pressure")

        answer = await ask(service, origin.url("/p"))

    assert (answer.status, answer.headers["X-Image-Width"]) == (302, "800")
    assert answer.headers["Location"].startswith("https://cdn.test/images/opengraph/origin-test-")


@pytest.mark.parametrize("word", ["no-store", "private"])
async def test_a_picture_that_nobody_may_keep(service, origin, word):
    """A page's picture whose source forbids to keep it is fetched for each client, and stored nowhere."""
    origin.serve("/p", offering("/a.jpg"), headers=HTML)
    origin.serve("/a.jpg", seen(), headers=JPEG | {"Cache-Control": word})
    await ask(service, origin.url("/p"))
    hits = origin.hits("/a.jpg")

    again = await ask(service, origin.url("/p"))
    await service.settled()

    assert (again.body, again.headers["Cache-Control"]) == (seen(), "private, no-store")
    assert (again.headers["X-Image-Width"], origin.hits("/a.jpg")) == ("800", hits + 1)
    assert [key async for key in service.opened.owners["store"].list("images/")] == []


@pytest.mark.parametrize("offers", [["/a.jpg"], []])
async def test_a_signed_answer_ends_with_its_signature(tmp_path, origin, offers):
    """Whatever a signed request is answered with, nothing is announced beyond the end of its signature."""
    origin.serve("/p", offering(*offers), headers=HTML)
    origin.serve("/a.jpg", seen(), headers=JPEG)
    given = {"url": origin.url("/p"), "exp": str(int(time.time()) + 100)}
    sig = Signer(["key"]).sign("/api/og-image", tuple(given.items()))
    async with running_service(tmp_path, origin.port, IMGSVC_SIGNING_KEYS="key") as service:
        answer = await service.request("GET", "/api/og-image", **given, sig=sig)

    said = [int(part.partition("=")[2]) for part in answer.headers["Cache-Control"].split(", ")[1:]]
    assert (answer.status, said[0] > 0, sum(said[:2]) <= 100) == (200, True, True)


async def test_keys_of_the_store(service, origin):
    """What was found on public pages is answered by its key, signed or not; other keys need a signature."""
    origin.serve("/p", offering("/a.jpg"), headers=HTML)
    origin.serve("/a.jpg", seen(), headers=JPEG)
    await ask(service, origin.url("/p"))
    await service.image(origin.url("/a.jpg"))
    await service.settled()
    keys = [key async for key in service.opened.owners["store"].list("images/")]
    (shared,) = (key for key in keys if key.startswith("images/opengraph/"))
    other = next(key for key in keys if key.startswith("images/image/"))

    bare, named, missing = [await ask(service, url) for url in (shared, f"s3://{shared}", "images/logos/none.png")]
    refused, elsewhere = await ask(service, other), await ask(service, "s3://secrets/a.png")

    assert bare.body == named.body == seen()
    assert is_card(missing, "not-found")
    assert is_card(elsewhere, "not-found")
    assert is_card(refused, "source-not-allowed")


async def test_purged(service, origin):
    """A purge of the page ends its picture too."""
    origin.serve("/p", offering("/a.jpg"), headers=HTML)
    origin.serve("/a.jpg", seen(), headers=JPEG)
    await ask(service, origin.url("/p"))
    await service.settled()
    origin.serve("/p", offering("/b.jpg"), headers=HTML)
    origin.serve("/b.jpg", seen(400, 400), headers=JPEG)

    await service.opened.services.purges.purge(Instructions(urls=(Source(origin.url("/p")),), hard=True))
    after = await ask(service, origin.url("/p"))

    assert after.body == seen(400, 400)


async def test_purged_while_it_was_chosen(service, origin):
    """What was being looked for when its page was purged is answered to who had asked, and to nobody after."""
    origin.serve("/p", offering("/a.jpg"), headers=HTML)
    gate = origin.gate("/a.jpg", seen())
    asked = asyncio.create_task(ask(service, origin.url("/p")))
    await origin.until_hits("/a.jpg")

    await service.opened.services.purges.purge(Instructions(urls=(Source(origin.url("/p")),), hard=True))
    gate.set()
    before = await asked
    origin.serve("/a.jpg", seen(400, 400), headers=JPEG)
    after = await ask(service, origin.url("/p"))

    assert before.body == seen()
    assert after.body == seen(400, 400)
    assert origin.hits("/p") == 2


async def test_purged_for_good(service, origin, tmp_path):
    """A page purged hard, by its URL, leaves nothing in the store: neither data nor picture, under whatever name."""
    origin.serve("/p", offering("/a.jpg"), headers=HTML)
    origin.serve("/a.jpg", seen(), headers=JPEG)
    await ask(service, origin.url("/p"))
    await service.settled()
    [stored] = (path for path in tmp_path.rglob("images/opengraph/*") if path.is_file())
    key = f"images/opengraph/{stored.name.partition('=')[0]}"
    assert (await ask(service, key)).body == seen()

    await service.opened.services.purges.purge(Instructions(urls=(Source(origin.url("/p")),), hard=True))

    assert is_card(await ask(service, key), "not-found")
    assert not [path for folder in ("images/opengraph/*", "opengraph/metadata/*") for path in tmp_path.rglob(folder)]
