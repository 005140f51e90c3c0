"""The same answers from memory and from a file."""

import json

import pytest

from imgsvc.errors import CorruptImage, SourceTooLarge
from imgsvc.model.formats import ImageFormat
from imgsvc.model.spec import Gravity, Output, Placeholder, TransformSpec
from imgsvc.stream.base import FileRange
from tests.support import pictures
from tests.unit.transform.bodies import descriptors, in_file, laid, opened

pytestmark = pytest.mark.slow

DETAILED = pictures.noise(160, 120)
SOURCES = {
    "jpeg": (ImageFormat.JPEG, pictures.jpeg(DETAILED)),
    "progressive": (ImageFormat.JPEG, pictures.jpeg(DETAILED, interlace=True)),
    "turned": (ImageFormat.JPEG, pictures.oriented_jpeg(6)),
    "cmyk": (ImageFormat.JPEG, pictures.cmyk_jpeg()),
    "png": (ImageFormat.PNG, pictures.png(DETAILED)),
    "interlaced": (ImageFormat.PNG, pictures.png(DETAILED, interlace=True)),
    "webp": (ImageFormat.WEBP, pictures.webp(DETAILED)),
    "gif": (ImageFormat.GIF, pictures.animation(ImageFormat.GIF)),
    "animated webp": (ImageFormat.WEBP, pictures.animation(ImageFormat.WEBP)),
    "avif": (ImageFormat.AVIF, pictures.avif(DETAILED)),
    "tiff": (ImageFormat.TIFF, pictures.tiff(DETAILED)),
    "ico": (ImageFormat.ICO, pictures.ico()),
    "bmp": (ImageFormat.BMP, pictures.bmp(DETAILED)),
    "svg": (ImageFormat.SVG, pictures.SVG),
}
SPECS = {
    "shrunk": TransformSpec(output=Output.WEBP, width=24),
    "as it is": TransformSpec(output=Output.AUTO_SOURCE),
    "trimmed": TransformSpec(output=Output.PNG, trim=20),
    "smart": TransformSpec(output=Output.PNG, width=20, height=20, gravity=Gravity.ENTROPY),
    "described": TransformSpec(output=Output.JSON),
    "stand-in": TransformSpec(placeholder=Placeholder.THUMBHASH),
}


@pytest.mark.parametrize("source", SOURCES)
async def test_a_file_gives_what_bytes_give(source) -> None:
    """To the byte, whatever is asked for; and nothing stays open."""
    image_format, data = SOURCES[source]
    async with opened() as pool:
        with in_file(data) as body:
            for spec in SPECS.values():
                from_bytes = await pool.run(data, image_format, spec)
                before = descriptors()
                from_file = await pool.run(body, image_format, spec)
                assert from_file.data == from_bytes.data
                assert image_format is ImageFormat.SVG or descriptors() == before


@pytest.mark.parametrize("source", [name for name, (image_format, _) in SOURCES.items() if image_format != "svg"])
async def test_a_cut_file_is_corrupt(source) -> None:
    """Wherever it shows: in the look at its header, or when pixels are read."""
    image_format, data = SOURCES[source]
    async with opened() as pool:
        with in_file(data[: len(data) // 2]) as body, pytest.raises(CorruptImage):
            await pool.run(body, image_format, TransformSpec(output=Output.PNG, width=200))


async def test_an_answer_is_never_bigger_than_a_file() -> None:
    """Where the source is as good an answer, its bytes are read and given."""
    data = pictures.jpeg(DETAILED, Q=40)
    async with opened() as pool:
        with in_file(data) as body:
            answer = await pool.run(body, ImageFormat.JPEG, TransformSpec(quality=100))
            told = await pool.run(body, ImageFormat.JPEG, TransformSpec(output=Output.JSON))
    assert answer.data == data
    assert json.loads(told.data)["bytes"] == len(data)


@pytest.mark.parametrize("kind", ["bytes", "file"])
async def test_an_svg_is_inspected_and_drawn_from_where_it_lies(kind) -> None:
    """Read into memory, for it is small; larger ones are refused."""
    async with opened() as pool:
        with laid(kind, pictures.SVG) as body:
            found = await pool.inspect(body)
            assert (await pool.run(found.data, found.image_format, SPECS["shrunk"])).width == 24
            assert (found.width, found.height) == (40, 20)
        with in_file(pictures.SVG) as body, pytest.raises(SourceTooLarge):
            await pool.inspect(FileRange(body.descriptor, 0, 2 * 1024 * 1024))


async def test_a_file_is_kept_open_for_the_thread() -> None:
    """Its owner may close it as soon as it is told of the end, whatever the thread still does."""
    data = pictures.jpeg(DETAILED)
    async with opened(timeout_seconds=0.05, threads=1) as pool:
        with in_file(pictures.jpeg(pictures.noise(64, 48).resize(50))) as body:
            before = descriptors()
            with pytest.raises(Exception, match="too long"):
                await pool.run(body, ImageFormat.JPEG, TransformSpec(output=Output.PNG, blur=250.0))
        await pool.idle()
        with in_file(data):
            assert len(descriptors()) == len(before)
