"""What of a picture is looked at before its own bytes are passed on."""

import pytest
from msgspec.structs import replace

from imgsvc.errors import CorruptImage, MemoryPressure
from imgsvc.services.opengraph.scrutiny import Scrutiny
from imgsvc.settings import TransformSettings
from imgsvc.transform.admission import OpenAdmission
from imgsvc.transform.pool import TransformPool
from tests.support import pictures
from tests.support.blobs import blob_of, meta_of

pytestmark = pytest.mark.slow

KINDS = {"jpeg": "image/jpeg", "png": "image/png", "gif": "image/gif", "webp": "image/webp"}


def blob(data: bytes, kind: str = "jpeg"):
    return replace(blob_of(data), meta=meta_of(data, media_type=KINDS[kind]))


@pytest.fixture
async def pool():
    async with TransformPool(TransformSettings()) as pool:
        yield pool


@pytest.mark.parametrize(
    ("make", "kind", "is_clean"),
    [
        (pictures.jpeg, "jpeg", True), (pictures.png, "png", True), (pictures.gif, "gif", True),
        (pictures.animation, "gif", True), (pictures.cmyk_jpeg, "jpeg", False), (pictures.deep_png, "png", False),
        (lambda: pictures.corpus("exif-6.jpg"), "jpeg", False), (lambda: pictures.oriented_jpeg(3), "jpeg", False),
        (pictures.wide_gamut_png, "png", False), (lambda: b"of a format that is not looked at", "webp", True),
    ],
)  # fmt: skip
async def test_what_is_clean(pool, make, kind, is_clean):
    """What is turned, of colours of its own, or tells of its making is not, and nothing else."""
    assert await Scrutiny(pool).is_clean(blob(make(), kind)) is is_clean


@pytest.mark.parametrize("kind", ["jpeg", "png", "gif"])
async def test_half_a_picture(pool, kind):
    """It is nothing to be passed on, and no verdict is remembered for it."""
    data = {"jpeg": pictures.jpeg, "png": pictures.png, "gif": pictures.gif}[kind](pictures.noise(200, 200))
    scrutiny = Scrutiny(pool)

    for _ in range(2):
        with pytest.raises(CorruptImage):
            await scrutiny.is_clean(blob(data[: len(data) // 2], kind))


async def test_each_is_looked_at_once(pool):
    """The next time its digest is enough."""
    scrutiny = Scrutiny(pool)
    picture = blob(pictures.jpeg())

    verdicts = [await scrutiny.is_clean(picture) for _ in range(3)]

    assert verdicts == [True] * 3
    assert pool.statistics().completed == 2  # its header, its pixels


async def test_no_room_to_look():
    """Then what came is passed on, as it would be if nobody looked, and the next time it is looked at."""
    rooms = iter([MemoryPressure("There is none.", retry_after_seconds=1)])

    class Full(OpenAdmission):
        """Refuses the first decode."""

        async def admit(self, estimate_bytes):
            raise next(rooms)

    async with TransformPool(TransformSettings(), admission=Full()) as pool:
        assert await Scrutiny(pool).is_clean(blob(pictures.jpeg()))
    assert next(rooms, None) is None
