"""Transforms of what is whole, in a file, or still arriving."""

import asyncio
import io

import pytest
from PIL import Image

from imgsvc.errors import CorruptImage, OriginUnreachable
from imgsvc.model.spec import Output, TransformSpec
from imgsvc.services import large
from imgsvc.services.large import FAST_BYTES_PER_SECOND, LargeTransforms
from tests.support.spine import spine, until

pytestmark = pytest.mark.slow

THRESHOLD = 50_000
ARRIVING = "IMAGE_STREAM_THRESHOLD_BYTES"


def noise(kind: str, **options) -> bytes:
    """Draw a picture of some hundred KB."""
    out = io.BytesIO()
    Image.effect_noise((500, 400), 90).convert("RGB").save(out, kind, **options)
    return out.getvalue()


@pytest.fixture(autouse=True)
def _look(monkeypatch):
    """A source is fast, however slow the machine is, and looked at soon."""
    monkeypatch.setattr(large, "LOOK_BYTES", THRESHOLD)
    monkeypatch.setattr(large, "FAST_BYTES_PER_SECOND", 1000)


@pytest.fixture
async def parts(tmp_path, origin):
    async with spine(tmp_path, origin, **{ARRIVING: str(THRESHOLD)}) as parts:
        yield parts


async def small_answer(tmp_path, origin, path: str, query: str) -> bytes:
    """Give the same answer made from bytes in memory."""
    async with spine(tmp_path / "small", origin) as parts:
        return (await parts.ask(path, query)).blob.data


def held_back(origin, path: str, body: bytes) -> asyncio.Event:
    """Send enough of a body to have it looked at, and the rest when the event is set."""
    gate = asyncio.Event()

    async def behave(exchange) -> None:
        await exchange.head(headers={"Content-Length": str(len(body))})
        await exchange.send(body[: THRESHOLD * 2])
        await gate.wait()
        await exchange.send(body[THRESHOLD * 2 :])

    origin.script(path, behave)
    return gate


@pytest.mark.parametrize(
    ("kind", "options"),
    [("PNG", {}), ("JPEG", {"quality": 95}), ("JPEG", {"quality": 95, "progressive": True}), ("TIFF", {}), ("BMP", {})],
)
async def test_the_same_pixels(tmp_path, parts, origin, kind, options):
    """However a source is read, its answers are the same."""
    body = noise(kind, **options)
    origin.serve("/a", body)
    for n, query in enumerate(("w=100&f=png", "w=40&h=40&fit=cover&g=attention&f=png", "trim=10&w=50&f=png", "f=json")):
        origin.serve(f"/{n}", body)
        made = await parts.ask(f"/{n}", query)

        assert made.blob.data == await small_answer(tmp_path, origin, "/a", query)
    assert parts.downloads.statistics().started == 4


async def test_decoded_while_it_arrives(parts, origin):
    """A fast source is decoded through a pipe: the decoder has begun before the source has ended."""
    gate = held_back(origin, "/a.png", noise("PNG"))
    asked = asyncio.create_task(parts.ask("/a.png", "w=20&f=png"))
    await until(lambda: parts.transforms.statistics().piping)
    gate.set()

    assert (await asked).blob.meta.width == 20


async def test_what_the_first_bytes_said_is_not_asked_again(parts, origin):
    """What told a picture when it began to arrive is enough to decode it by."""
    gate = held_back(origin, "/a.png", noise("PNG"))
    asked = asyncio.create_task(parts.ask("/a.png", "w=20&f=png"))
    await until(lambda: parts.transforms.statistics().piping)
    headers, *_ = parts.transforms._work.statistics()
    gate.set()

    assert headers.completed == 1
    assert (await asked).blob.meta.width == 20


async def test_a_source_that_breaks_off_is_blamed(parts, origin):
    """The end of a broken source looks like a broken picture to the decoder; what is told is the source's fault."""
    body = noise("PNG")

    async def behave(exchange) -> None:
        await exchange.head(headers={"Content-Length": str(len(body))})
        await exchange.send(body[: THRESHOLD * 2])
        await until(lambda: parts.transforms.statistics().piping)
        exchange.reset()

    origin.script("/a.png", behave)

    with pytest.raises(OriginUnreachable):
        await parts.ask("/a.png", "w=20&f=png")
    assert await parts.keys() == []


async def test_a_picture_that_was_cut(parts, origin):
    """A picture that ends early is broken, however it is read."""
    for kind in ("PNG", "JPEG"):
        origin.serve(f"/{kind}", noise(kind)[:-3000])
        with pytest.raises(CorruptImage):
            await parts.ask(f"/{kind}", "w=20&f=png")


async def test_a_slow_source_holds_no_thread(parts, origin, monkeypatch):
    """A source below 4 MiB/s is waited for before anything decodes."""
    monkeypatch.setattr(large, "FAST_BYTES_PER_SECOND", FAST_BYTES_PER_SECOND)
    body = noise("PNG")

    async def behave(exchange) -> None:
        await exchange.head(headers={"Content-Length": str(len(body))})
        await exchange.send(body[: THRESHOLD // 2])
        await until(lambda: parts.downloads.statistics().running)
        await asyncio.sleep(len(body) / (2 << 20))  # whatever comes at once after that, all of it came at 2 MiB/s
        await exchange.send(body[THRESHOLD // 2 :])

    origin.script("/a.png", behave)
    asked = asyncio.create_task(parts.ask("/a.png", "w=20&f=png"))
    seen = set()
    while not asked.done():
        seen.add(parts.transforms.statistics().piping)
        await asyncio.sleep(0.001)

    assert (await asked).blob.meta.width == 20
    assert seen == {0}


@pytest.mark.parametrize("trim", [None, 10])
async def test_patience_reaches_the_transform(tmp_path, origin, trim):
    """Who is patient gets AVIF however little time there is for it, of a source that is whole."""
    origin.serve("/a.png", noise("PNG"))
    async with spine(tmp_path, origin, IMGSVC_AVIF_BUDGET="0") as parts:
        work = LargeTransforms(parts.transforms, 10, 10**7)
        original = await parts.original("/a.png")
        spec = TransformSpec(output=Output.AUTO_AVIF, width=40, trim=trim)
        made = [await work.run(original, spec, patient=patient) for patient in (False, True)]

    assert [(m.media_type, m.deferred) for m in made] == [("image/webp", True), ("image/avif", False)]


@pytest.mark.parametrize(("patient", "media_type"), [(False, "image/webp"), (True, "image/avif")])
async def test_patience_reaches_the_pipe(tmp_path, origin, patient, media_type):
    """The same holds for a source that still arrives."""
    gate = held_back(origin, "/a.png", noise("PNG"))
    async with spine(tmp_path, origin, **{ARRIVING: str(THRESHOLD), "IMGSVC_AVIF_BUDGET": "0"}) as parts:
        original = await parts.original("/a.png")
        work = LargeTransforms(parts.transforms, 10, 10**7)
        spec = TransformSpec(output=Output.AUTO_AVIF, width=40)
        made = asyncio.create_task(work.run(original, spec, patient=patient))
        await until(lambda: parts.transforms.statistics().piping)
        gate.set()

        assert ((await made).media_type, (await made).deferred) == (media_type, not patient)


async def test_what_takes_much_is_not_decoded_at_its_sources_pace(parts, origin):
    """A decode that needs much memory waits for the whole file: meanwhile others can be decoded."""
    gate = held_back(origin, "/a.png", noise("PNG"))
    parts.transforms._most_piped_bytes = 1_000_000
    asked = asyncio.create_task(parts.ask("/a.png", "w=400&f=png"))
    await until(lambda: parts.downloads.statistics().bytes >= THRESHOLD * 2)
    await asyncio.sleep(0.05)
    held = parts.gate.statistics().in_use_bytes, parts.transforms.statistics().piping
    gate.set()

    assert (await asked).blob.meta.width == 400
    assert held == (0, 0)
