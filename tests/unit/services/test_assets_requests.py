"""Assets asked for by other services."""

import asyncio

import pytest

from imgsvc.errors import AssetsNotConfigured, BadAssetId, InvalidRequest, NotAnImage, OriginStatus
from imgsvc.model.spec import Fit, Output, TransformSpec
from imgsvc.services.answers import ImageRequest, Served, Tier
from tests.support.spine import png, spine

ID = "0192f3a0-4b5c-7d8e-9f00-112233445566"
PATH = f"/api/assets/{ID}"
SMALL = TransformSpec(output=Output.PNG, width=10, fit=Fit.INSIDE).normalised()


@pytest.fixture
async def parts(tmp_path, origin):
    """The spine, whose asset server is the scripted origin."""
    env = {"ASSETS_BASE_URL": origin.url("", host="assets.test"), "ASSETS_BEARER_TOKEN": "t0ken"}
    async with spine(tmp_path, origin, **env) as parts:
        yield parts


async def asked(parts, text: str, spec: TransformSpec) -> Served:
    """Ask as another service does, and let the answer go at once."""
    served = await parts.images.get(parts.assets.request(text, spec))
    served.let_go()
    return served


async def test_a_form_of_an_asset(parts, origin):
    """The asset is asked for once, with the token, whatever forms of it are wanted and however its id is written."""
    origin.serve(PATH, png())
    first = await asked(parts, ID, SMALL)
    again = await asked(parts, ID.replace("-", "").upper(), SMALL)
    other = await asked(parts, ID, TransformSpec(output=Output.WEBP).normalised())

    assert (first.tier, again.tier) == (Tier.ORIGIN, Tier.MEMORY)
    assert again.blob.data == first.blob.data
    assert (first.blob.meta.width, first.blob.meta.media_type) == (10, "image/png")
    assert other.blob.meta.media_type == "image/webp"
    assert [request.headers["Authorization"] for request in origin.requests] == ["Bearer t0ken"]


async def test_shared_with_its_own_route(parts, origin):
    """What the asset's route has made is not made again; those who ask at once are one fetch."""
    origin.serve(PATH, png())
    source = parts.assets.source(ID)
    answers = await asyncio.gather(
        *(asked(parts, ID, SMALL) for _ in range(5)), parts.images.get(ImageRequest(source, SMALL))
    )

    assert len({answer.blob.meta.etag for answer in answers}) == 1
    assert origin.hits(PATH) == 1
    assert parts.images.lookup(ImageRequest(source, SMALL)) is not None


@pytest.mark.parametrize(("status", "body", "error"), [(401, b"", OriginStatus), (200, b"<!doctype html>", NotAnImage)])
async def test_faults(parts, origin, status, body, error):
    """What the server does wrong is told as by the route."""
    origin.serve(PATH, body, status=status)
    with pytest.raises(error):
        await asked(parts, ID, SMALL)


@pytest.mark.parametrize("text", ["", "x", f"{ID}/..", f"/api/assets/{ID}"])
async def test_no_id(parts, origin, text):
    """What is no id is the request's mistake, and nobody is asked."""
    with pytest.raises(BadAssetId) as caught:
        await asked(parts, text, SMALL)
    assert isinstance(caught.value, InvalidRequest)
    assert origin.requests == []


async def test_not_configured(tmp_path, origin):
    """Without an asset server there is none to ask."""
    async with spine(tmp_path, origin) as parts:
        with pytest.raises(AssetsNotConfigured):
            await asked(parts, ID, SMALL)
