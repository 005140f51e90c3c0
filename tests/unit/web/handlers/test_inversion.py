"""Pictures adapted to a page, before the whole service."""

import time

import pytest

from imgsvc.origin.signature import Signer, signed_text
from tests.support.service import running_service
from tests.unit.web.handlers.asking import INVERT, KEY, LOOK, OFF

pytestmark = pytest.mark.slow


async def test_a_picture_and_a_logo(service):
    """Both are adapted to a dark page unless another is named; the picture is kept as any other."""
    url = "http://pictures.test/icon.png"
    picture = await service.raw("GET", f"{INVERT}?url={url}&f=png")
    again = await service.raw("HEAD", f"{INVERT}?src={url}&f=png&theme=dark")
    light = await service.raw("GET", f"{INVERT}?url={url}&f=png&theme=light")
    logo = await service.raw("GET", f"{INVERT}?website=acme.test&f=png")

    for answer in (picture, again, light, logo):
        assert answer.status == 200
        assert set(answer.headers) >= LOOK
    assert [a.headers["X-Logo-Source"] for a in (picture, logo)] == ["url", "link-icon"]
    assert [a.headers["X-Cache"] for a in (picture, again, light)] == ["MISS", "HIT", "MISS"]
    assert picture.headers["Link"] == f'<{url}>; rel="canonical"'


async def test_what_is_wrong_with_a_picture(service, origin):
    """It is told as on the picture routes: nothing stands in for it."""
    missing = await service.raw("GET", f"{INVERT}?url=http://pictures.test/none.png")
    page = await service.raw("GET", f"{INVERT}?url=http://pictures.test/")

    assert (missing.status, missing.json()["code"]) == (404, "source-not-found")
    assert (page.status, page.json()["code"]) == (415, "not-an-image")


async def test_pictures_need_leave(origin, tmp_path):
    """One of a host that is not listed needs a signature, and all that is said of it ends with that."""
    end = int(time.time()) + 60
    pairs = [("url", "http://pictures.test/icon.png"), ("exp", str(end))]
    signature = Signer([KEY]).sign(INVERT, pairs)
    async with running_service(tmp_path, origin.port, **OFF, IMGSVC_ALLOWED_HOSTS="other.test") as service:
        unsigned = await service.raw("GET", f"{INVERT}?url=http://pictures.test/icon.png")
        signed = await service.raw("GET", f"{signed_text(INVERT, pairs).decode()}&sig={signature}")

    assert (unsigned.status, unsigned.json()["code"]) == (403, "source-not-allowed")
    assert (signed.status, signed.headers["X-Logo-Source"], signed.headers["X-Logo-Fallback"]) == (200, "url", "0")
    assert set(signed.headers) >= LOOK
    assert "X-Logo-Domain" not in signed.headers
    assert 55 <= signed.max_age <= 60
