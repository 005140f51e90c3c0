"""Answers that fit, asked for until one does; all others are let go."""

import pytest

from imgsvc.errors import SourceTooLarge
from imgsvc.model.blob import Blob, BlobMeta
from imgsvc.model.source import Source
from imgsvc.model.spec import Output, TransformSpec
from imgsvc.opengraph.profiles import PROFILES, Network
from imgsvc.services.answers import ImageRequest, Served, Tier
from imgsvc.services.opengraph.fitting import fitted

SPEC = TransformSpec(output=Output.AUTO_SOURCE).normalised()


def question(spec: TransformSpec) -> ImageRequest:
    return ImageRequest(Source.generated("k"), spec)


class Sizes:
    """Answers with so many bytes a pixel, of a size."""

    def __init__(self, bytes_per_px: float, width: int = 1200, height: int = 630) -> None:
        self.asked: list[TransformSpec] = []
        self._bytes_per_px, self._size = bytes_per_px, (width, height)

    async def __call__(self, request: ImageRequest) -> Served:
        spec = request.spec
        self.asked.append(spec)
        width, height = self._size
        if spec.enlarge:
            width, height = spec.width, spec.height
        elif spec.width and spec.height:
            width, height = min(width, spec.width), min(height, spec.height)
        kind = {Output.JPEG: "image/jpeg", Output.WEBP: "image/webp"}.get(spec.output, "image/png")
        size_bytes = int(width * height * self._bytes_per_px * (spec.quality or 80) / 80)
        meta = BlobMeta(
            media_type=kind, sha256="0" * 64, source_sha256="0" * 64, fetched_at=0, fresh_until=1, last_modified=0,
            width=width, height=height,
        )  # fmt: skip
        return Served(
            Blob(data=bytes(size_bytes), meta=meta, key="k", source=Source.generated("k")), Tier.MEMORY, hit=True
        )


async def test_quality_goes_before_size():
    """What is too many bytes is asked for in worse quality first, then smaller."""
    ask = Sizes(0.45)

    served, _ = await fitted(ask, question, SPEC, Network.WHATSAPP)

    assert len(served.blob.data) <= 300_000
    assert [spec.quality for spec in ask.asked] == [None, 65]
    assert {spec.width for spec in ask.asked} == {1200}


async def test_what_nothing_makes_small():
    """Where even the smallest is too large, that is an error, and a card stands in."""
    with pytest.raises(SourceTooLarge):
        await fitted(Sizes(50), question, SPEC, Network.WHATSAPP)


@pytest.mark.parametrize("network", Network)
@pytest.mark.parametrize("size", [(1, 1), (120, 400), (299, 157), (5000, 50)])
async def test_what_is_too_small_is_enlarged(network, size):
    """A network that takes no small pictures gets a larger one, whether or not the size was known before."""
    for known in (None, size):
        served, _ = await fitted(Sizes(0.1, *size), question, SPEC, network, size_px=known)

        assert not PROFILES[network].is_too_small(served.blob.meta.width, served.blob.meta.height)
