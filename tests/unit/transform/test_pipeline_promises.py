"""What every answer keeps to: bytes, limits, descriptions, errors."""

import hashlib
import json

import pytest
import pyvips
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from imgsvc.errors import CorruptImage, ImgsvcError
from imgsvc.model.colours import Colour
from imgsvc.model.formats import CAPABILITIES, ImageFormat
from imgsvc.model.spec import Fit, Gravity, Output, Placeholder, TransformSpec
from tests.support import pictures
from tests.support.pictures import RED, decoded
from tests.support.rendering import render

pytestmark = pytest.mark.slow

PNG = Output.PNG
METADATA = ("exif-data", "xmp-data", "iptc-data", "icc-profile-data")
ENCODERS = {
    Output.JPEG: ImageFormat.JPEG,
    Output.PNG: ImageFormat.PNG,
    Output.WEBP: ImageFormat.WEBP,
    Output.GIF: ImageFormat.GIF,
    Output.AVIF: ImageFormat.AVIF,
}


@pytest.mark.parametrize("output", ENCODERS)
def test_metadata_is_stripped(output) -> None:
    """Neither EXIF nor XMP nor a profile comes out, whatever the format."""
    image = pictures.quarters().copy()
    image.set_type(pyvips.GValue.blob_type, "xmp-data", b"<x:xmpmeta/>")
    data = pictures.jpeg(image, keep="all", profile="p3")
    result = decoded(render(data, TransformSpec(output=output)).data)
    assert not [name for name in METADATA if result.get_typeof(name)]


def test_avif_gives_way_above_its_budget() -> None:
    """The pixels of the answer decide, not those of the source."""
    data = pictures.png()
    assert render(data, TransformSpec(output=Output.AUTO_AVIF), avif_max_pixels=3071).media_type == "image/webp"
    assert render(data, TransformSpec(output=Output.AUTO_AVIF), avif_max_pixels=3072).media_type == "image/avif"
    small = TransformSpec(output=Output.AUTO_AVIF, width=32)
    assert render(data, small, avif_max_pixels=3071).media_type == "image/avif"


def test_sides_beyond_the_format_shrink_to_fit() -> None:
    """A picture too wide for WebP is made as wide as WebP can be."""
    data = pictures.png(pictures.filled(RED, 16384, 4))
    answer = render(data, TransformSpec(output=Output.WEBP))
    assert (answer.width, answer.height) == (16383, 3)
    assert decoded(answer.data).width == 16383


@pytest.mark.parametrize("output", [Output.JPEG, Output.GIF, Output.PNG])
def test_the_longest_sides_can_be_written(output) -> None:
    """What an encoder cannot write is made smaller; it is not the source that is broken."""
    data = pictures.png(pictures.filled(RED, 70_000, 1))
    answer = render(data, TransformSpec(output=output), max_side_px=70_000)
    assert decoded(answer.data).width == answer.width == CAPABILITIES[ENCODERS[output]].max_side_px


def test_enlarging_stops_at_the_pixel_limit() -> None:
    """What is enlarged keeps to the limit for sources, ratio kept."""
    answer = render(pictures.png(), TransformSpec(output=PNG, width=6400, enlarge=True), max_pixels=640 * 480)
    assert (answer.width, answer.height) == (640, 480)


@pytest.mark.parametrize(
    "draw",
    [lambda: pictures.jpeg(pictures.noise(), Q=20), lambda: pictures.webp(pictures.noise(), lossless=False, Q=5)],
)
@pytest.mark.parametrize("output", [Output.AUTO_SOURCE, Output.ORIGINAL])
def test_never_bigger_than_the_source(draw, output) -> None:
    """Where new bytes would be more, the source's own are answered."""
    data = draw()
    answer = render(data, TransformSpec(output=output, quality=100, width=2000))
    assert answer.data == data
    assert answer.media_type in ("image/jpeg", "image/webp")


@pytest.mark.parametrize(
    "wanted", [{"width": 63}, {"flip": True}, {"greyscale": True}, {"blur": 0.5}, {"output": Output.PNG}]
)
def test_new_bytes_wherever_something_was_done(wanted) -> None:
    """A source that is smaller is no answer to a request that changes it."""
    data = pictures.jpeg(pictures.noise(), Q=10)
    spec = TransformSpec(**({"output": Output.AUTO_SOURCE, "quality": 100} | wanted))
    assert render(data, spec).data != data


@pytest.mark.parametrize(
    "draw",
    [
        lambda: pictures.jpeg(pictures.noise(), Q=10, keep="exif"),
        lambda: pictures.jpeg(pictures.noise(), Q=10, keep="icc", profile="p3"),
        lambda: pictures.oriented_jpeg(6),
    ],
)
def test_new_bytes_wherever_something_is_to_hide_or_to_correct(draw) -> None:
    """Metadata, foreign colours and an orientation never get out, however small the source is."""
    data = draw()
    image = decoded(render(data, TransformSpec(output=Output.AUTO_SOURCE, quality=100)).data)
    assert not [name for name in METADATA if image.get_typeof(name)]


@pytest.mark.parametrize("draw", [pictures.jpeg, pictures.webp, pictures.avif])
def test_save_data_saves(draw) -> None:
    """A lower default quality gives fewer bytes; an explicit one is obeyed."""
    data = pictures.png(pictures.noise(200, 150))
    output = {pictures.jpeg: Output.JPEG, pictures.webp: Output.WEBP, pictures.avif: Output.AVIF}[draw]
    plain = render(data, TransformSpec(output=output))
    assert len(render(data, TransformSpec(output=output, save_data=True)).data) < len(plain.data)


@pytest.mark.parametrize("image_format", pictures.RASTERS)
@pytest.mark.parametrize("wanted", [{}, {"width": 32}, {"trim": 10}, {"output": Output.JSON}])
def test_what_ends_early_is_corrupt(image_format, wanted) -> None:
    """Half a file is an error in every format, never half a picture."""
    data = pictures.RASTERS[image_format](pictures.noise(300, 200))
    with pytest.raises((pyvips.Error, CorruptImage)):
        render(data[: len(data) // 2], TransformSpec(**({"output": PNG} | wanted)))


def test_a_description_is_of_the_source() -> None:
    """Metadata speak of the file as it is, steps asked for beside do not count."""
    data = pictures.oriented_jpeg(6)
    answer = render(data, TransformSpec(output=Output.JSON, width=10, greyscale=True))
    told = json.loads(answer.data)
    assert answer.media_type == "application/json"
    assert (told["width"], told["height"], told["format"], told["pages"]) == (64, 48, "jpeg", 1)
    assert (told["orientation"], told["bytes"], told["has_alpha"]) == (6, len(data), False)
    assert {"dominant_color", "thumbhash"} <= set(told)


@pytest.mark.parametrize("kind", Placeholder)
def test_a_stand_in_tells_the_size_it_stands_for(kind) -> None:
    """Width and height are those of the picture that will come."""
    data = pictures.png(pictures.filled(RED, 640, 480))
    answer = render(data, TransformSpec(placeholder=kind, width=320, height=320, fit=Fit.COVER, blur=2.0))
    told = json.loads(answer.data)
    assert answer.media_type == "application/json"
    assert set(told) == {"width", "height", "placeholder"}
    assert (told["width"], told["height"]) == (answer.width, answer.height) == (320, 320)
    if kind is Placeholder.COLOR:
        assert told["placeholder"] == "#c8281e"


def test_digest_and_times_belong_to_the_answer() -> None:
    """What is told of the bytes is true of them."""
    answer = render(pictures.png(), TransformSpec(output=Output.WEBP, width=20))
    assert answer.sha256 == hashlib.sha256(answer.data).hexdigest()
    assert answer.decode_seconds >= 0
    assert answer.encode_seconds > 0


COLOURS = st.builds(Colour, *[st.integers(0, 255)] * 4)
SPECS = st.builds(
    TransformSpec,
    output=st.sampled_from([o for o in Output if o is not Output.AVIF]),
    width=st.none() | st.integers(1, 200),
    height=st.none() | st.integers(1, 200),
    fit=st.sampled_from(Fit),
    enlarge=st.booleans(),
    gravity=st.sampled_from(Gravity),
    focus=st.tuples(st.floats(0, 1), st.floats(0, 1)),
    background=st.none() | COLOURS,
    quality=st.none() | st.integers(1, 100),
    blur=st.none() | st.floats(0.3, 20),
    sharpen=st.none() | st.floats(0.3, 10),
    rotate=st.sampled_from([0, 90, 180, 270]),
    flip=st.booleans(),
    flop=st.booleans(),
    trim=st.none() | st.integers(1, 100),
    greyscale=st.booleans(),
    animate=st.booleans(),
    placeholder=st.none() | st.sampled_from(Placeholder),
)
SOURCES = {
    "jpeg": pictures.oriented_jpeg(6),
    "png": pictures.png(pictures.framed(23, 31, border=(0, 0, 0, 0))),
    "grey": pictures.png(pictures.quarters()[0].copy(interpretation="b-w")),
    "gif": pictures.animation(),
    "webp": pictures.animation(ImageFormat.WEBP),
    "deep": pictures.deep_png(),
    "cmyk": pictures.cmyk_jpeg(),
    "thin": pictures.png(pictures.noise(200, 1)),
}


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(st.sampled_from(sorted(SOURCES)), SPECS)
def test_whatever_is_asked_is_answered(name, spec) -> None:
    """Any wish on any picture gives an answer that decodes, of the size it tells, within its box."""
    try:
        answer = render(SOURCES[name], spec)
    except ImgsvcError:
        return
    if spec.is_json:
        assert json.loads(answer.data)
        return
    image = decoded(answer.data)
    assert (image.width, image.get_page_height()) == (answer.width, answer.height)
    if spec.fit is not Fit.OUTSIDE:
        assert spec.width is None or answer.width <= max(spec.width, 1)
        assert spec.height is None or answer.height <= max(spec.height, 1)
