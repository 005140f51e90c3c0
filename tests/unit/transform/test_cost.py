"""What an operation is predicted to take."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from bench.estimate import measure
from imgsvc.model.colours import Colour
from imgsvc.model.formats import ImageFormat
from imgsvc.model.look import Theme
from imgsvc.model.spec import Fit, Gravity, Output, Placeholder, TransformSpec
from imgsvc.settings import TransformSettings
from imgsvc.transform import pipeline
from imgsvc.transform.cost import FLOOR_BYTES, HELD_BYTES, decoded_size, estimate_bytes, estimate_glance_bytes
from imgsvc.transform.decide import Decision, decide
from imgsvc.transform.limits import Limits
from imgsvc.transform.loaders import open_page
from imgsvc.transform.probe import ImageInfo
from imgsvc.transform.source import FileSource
from tests.support import pictures

MIB = 1024 * 1024
LIMITS = Limits(max_pixels=50_000_000, max_animation_pixels=50_000_000, max_frames=256, max_side_px=16384)
RASTERS = [f for f in ImageFormat if f is not ImageFormat.SVG]
TRANSPARENT = [ImageFormat.PNG, ImageFormat.WEBP, ImageFormat.GIF, ImageFormat.AVIF, ImageFormat.TIFF]
PICTURES = [Output.JPEG, Output.PNG, Output.WEBP, Output.AVIF, Output.GIF]


def info_of(image_format: ImageFormat, width: int, height: int, **more) -> ImageInfo:
    return ImageInfo(image_format=image_format, width=width, height=height, **more)


def decision_of(info: ImageInfo, **wanted) -> Decision:
    return decide(FileSource(b"", info), TransformSpec(**wanted), TransformSettings(), LIMITS)


def estimate(info: ImageInfo, source_bytes: int = 0, *, in_file: bool = False, **wanted) -> int:
    decision = decision_of(info, **wanted)
    return estimate_bytes(info, decision, source_bytes=source_bytes, in_file=in_file)


INFOS = st.builds(
    info_of,
    st.sampled_from(RASTERS),
    st.integers(1, 8000),
    st.integers(1, 6000),
    orientation=st.integers(1, 8),
    has_alpha=st.booleans(),
    interlaced=st.booleans(),
    is_plain_srgb=st.booleans(),
)
SPECS = st.builds(
    TransformSpec,
    output=st.sampled_from(PICTURES),
    width=st.none() | st.integers(1, 8192),
    height=st.none() | st.integers(1, 8192),
    fit=st.sampled_from(Fit),
    gravity=st.sampled_from(Gravity),
    enlarge=st.booleans(),
    background=st.none() | st.just(Colour(0, 0, 0)),
    blur=st.none() | st.floats(0.3, 250),
    rotate=st.sampled_from((0, 90, 180, 270)),
    trim=st.none() | st.integers(1, 100),
    greyscale=st.booleans(),
)
BYTES = st.integers(0, 50 * MIB)


@given(INFOS, SPECS, BYTES, st.booleans())
def test_never_less_than_the_floor(info, spec, source_bytes, in_file) -> None:
    """Whatever is asked of whatever source, some bytes are needed, and they are whole ones."""
    decision = decide(FileSource(b"", info), spec, TransformSettings(), LIMITS)
    for decided in (decision, None):
        predicted = estimate_bytes(info, decided, source_bytes=source_bytes, in_file=in_file)
        assert isinstance(predicted, int)
        assert predicted >= FLOOR_BYTES


@given(
    st.sampled_from(RASTERS),
    st.integers(300, 3000),
    st.floats(0.4, 2.5),
    st.booleans(),
    st.sampled_from(PICTURES),
    BYTES,
    st.booleans(),
)
def test_more_pixels_never_cost_less(image_format, width, ratio, interlaced, output, source_bytes, in_file) -> None:
    """A source twice as wide and high costs as much or more; between, a decoder's own shrinking may save some."""
    small = info_of(image_format, width, round(width * ratio), interlaced=interlaced)
    large = replace(small, width=small.width * 2, height=small.height * 2)
    costs = [estimate(i, source_bytes, in_file=in_file, output=output, width=1200) for i in (small, large)]
    assert costs == sorted(costs)


@given(INFOS, st.sampled_from(PICTURES), st.integers(1, 4000), BYTES)
def test_progressive_never_costs_less(info, output, width, source_bytes) -> None:
    """What comes in several passes has to be held."""
    costs = [estimate(replace(info, interlaced=i), source_bytes, output=output, width=width) for i in (False, True)]
    assert costs == sorted(costs)


@pytest.mark.parametrize("image_format", [ImageFormat.JPEG, ImageFormat.PNG])
def test_a_large_progressive_picture_costs_its_pixels(image_format) -> None:
    """However small the answer is."""
    plain = info_of(image_format, 6000, 4000)
    assert estimate(plain, output=Output.WEBP, width=320) < 40 * MIB
    assert estimate(replace(plain, interlaced=True), output=Output.WEBP, width=320) > 60 * MIB


@given(
    st.sampled_from([ImageFormat.GIF, ImageFormat.WEBP]),
    st.sampled_from([Output.GIF, Output.WEBP]),
    st.integers(2, 128),
    st.none() | st.integers(1, 400),
)
def test_more_frames_cost_more(image_format, output, pages, width) -> None:
    """Twice the frames cost more, for all are in memory together; as a still it costs one."""
    info = info_of(image_format, 400, 300, pages=pages)
    costs = [
        estimate(info, output=output, width=width, animate=False),
        estimate(info, output=output, width=width),
        estimate(replace(info, pages=2 * pages), output=output, width=width),
    ]
    assert costs == sorted(costs)
    assert costs[1] < costs[2]


# Measured by bench/estimate.py on two cores of x86-64 with libvips 8.18.7 and glibc: source, its bytes, whether it was
# a file, what was asked for, and actual MiB. The pictures are the bench's.
MEASURED = [
    (info_of(ImageFormat.JPEG, 670, 448), 103_000, False, {"output": Output.AVIF}, 9.6),
    (info_of(ImageFormat.JPEG, 1856, 1240), 670_000, False, {"output": Output.GIF}, 38.3),
    (info_of(ImageFormat.JPEG, 4240, 2832), 3_496_054, False, {"output": Output.JPEG, "width": 320}, 4.5),
    (info_of(ImageFormat.JPEG, 4240, 2832), 3_496_054, True, {"output": Output.WEBP, "width": 1200}, 30.9),
    (info_of(ImageFormat.JPEG, 4240, 2832), 3_496_054, False, {"output": Output.JPEG}, 80.1),
    (info_of(ImageFormat.JPEG, 4240, 2832), 3_496_054, False, {"output": Output.WEBP, "rotate": 90}, 97.3),
    (info_of(ImageFormat.JPEG, 2832, 4240, orientation=6), 3_496_054, False, {"output": Output.WEBP}, 98.7),
    (
        info_of(ImageFormat.JPEG, 4240, 2832, interlaced=True),
        3_115_263,
        True,
        {"output": Output.JPEG, "width": 320},
        41.8,
    ),
    (info_of(ImageFormat.PNG, 4240, 2832), 37_229_577, False, {"output": Output.JPEG, "width": 320}, 20.4),
    (info_of(ImageFormat.PNG, 4240, 2832), 37_229_577, True, {"output": Output.WEBP, "width": 1200}, 35.5),
    (info_of(ImageFormat.PNG, 1856, 1240, has_alpha=True), 9_091_654, False, {"output": Output.WEBP}, 60.2),
    (info_of(ImageFormat.WEBP, 4240, 2832), 2_618_880, False, {"output": Output.JPEG}, 159.7),
    (info_of(ImageFormat.WEBP, 4240, 2832), 13_865_224, False, {"output": Output.WEBP, "width": 1200}, 50.5),
    (info_of(ImageFormat.GIF, 670, 448, pages=12), 2_594_619, False, {"output": Output.GIF}, 44.2),
    (info_of(ImageFormat.AVIF, 1856, 1240), 364_649, False, {"output": Output.JPEG, "width": 320}, 40.0),
    (
        info_of(ImageFormat.PNG, 670, 448, has_alpha=True),
        1_240_166,
        False,
        {"output": Output.WEBP, "page": Theme.DARK.page},
        21.0,
    ),
    (
        info_of(ImageFormat.PNG, 1856, 1240, has_alpha=True),
        9_091_652,
        False,
        {"output": Output.PNG, "page": Theme.DARK.page},
        138.5,
    ),
    (
        info_of(ImageFormat.PNG, 1856, 1240, has_alpha=True),
        58_000,
        False,
        {"output": Output.JPEG, "page": Theme.DARK.page, "width": 1200},
        23.7,
    ),
    (
        info_of(ImageFormat.WEBP, 4240, 2832, has_alpha=True),
        2_641_354,
        False,
        {"output": Output.PNG, "width": 320},
        23.9,
    ),
    (info_of(ImageFormat.BMP, 4240, 2832), 36_023_094, True, {"output": Output.JPEG, "width": 320}, 194.6),
]


@pytest.mark.parametrize(("info", "source_bytes", "in_file", "wanted", "actual_mib"), MEASURED)
def test_predictions_are_near_what_was_measured(info, source_bytes, in_file, wanted, actual_mib) -> None:
    """Between 0.8 and 3 times the actual."""
    predicted = estimate(info, source_bytes, in_file=in_file, **wanted)
    assert 0.8 <= predicted / MIB / actual_mib <= 3


@pytest.mark.parametrize("source_bytes", [0, 10 * MIB])
def test_a_source_costs_where_it_is_mapped(source_bytes) -> None:
    """Bytes in memory are read where they are; of a file only what has to be mapped counts."""
    tiff = info_of(ImageFormat.TIFF, 2000, 1000)
    nothing = estimate(tiff, 0, output=Output.JPEG, width=300)
    assert estimate(tiff, source_bytes, output=Output.JPEG, width=300) == nothing
    assert estimate(tiff, source_bytes, in_file=True, output=Output.JPEG, width=300) == nothing
    jpeg = info_of(ImageFormat.JPEG, 2000, 1000)
    nothing = estimate(jpeg, 0, output=Output.JPEG, width=300)
    assert estimate(jpeg, source_bytes, output=Output.JPEG, width=300) == nothing
    assert estimate(jpeg, source_bytes, in_file=True, output=Output.JPEG, width=300) == nothing + source_bytes


def test_a_stand_in_that_is_trimmed_costs_the_whole_picture() -> None:
    """Its decision says so; without one it counts as made of what a decoder shrinks."""
    info = info_of(ImageFormat.JPEG, 6000, 4000)
    plain = estimate_bytes(info, None, source_bytes=0, in_file=False)
    assert estimate(info, placeholder=Placeholder.BLUR) == plain
    assert estimate(info, placeholder=Placeholder.BLUR, trim=10) > plain + 3 * 24_000_000


@given(INFOS, SPECS, BYTES)
def test_a_page_never_costs_less(info, spec, source_bytes) -> None:
    """Adapting needs memory of its own, by the pixels of the answer."""
    themed = replace(spec, page=Theme.DARK.page)
    costs = [
        estimate_bytes(
            info,
            decide(FileSource(b"", info), wanted, TransformSettings(), LIMITS),
            source_bytes=source_bytes,
            in_file=False,
        )
        for wanted in (spec, themed)
    ]
    assert costs == sorted(costs)


def test_a_glance_costs_what_is_looked_at() -> None:
    """The picture's own size counts as far as its decoder cannot shrink it, and the small one's on top."""
    jpeg, png = (info_of(f, 4000, 3000) for f in (ImageFormat.JPEG, ImageFormat.PNG))
    progressive = replace(jpeg, interlaced=True)

    def glance(info: ImageInfo, longest_px: int = 512, source_bytes: int = 0, *, in_file: bool = False) -> int:
        return estimate_glance_bytes(info, longest_px, source_bytes=source_bytes, in_file=in_file)

    assert glance(jpeg, 128) < glance(jpeg) < glance(png) < glance(progressive)
    assert glance(jpeg, 512, MIB, in_file=True) == glance(jpeg) + MIB
    small = replace(png, width=100, height=100)
    assert glance(small, 512) == glance(small, 100) < 8 * MIB


def test_the_limit_for_held_pictures_is_the_pipelines() -> None:
    """The model holds what the pipeline holds."""
    assert HELD_BYTES == pipeline._HELD_BYTES


@pytest.mark.parametrize("image_format", [ImageFormat.JPEG, ImageFormat.WEBP, ImageFormat.PNG])
@pytest.mark.parametrize("width", [640, 320, 200, 100, 80, 30])
def test_decoders_shrink_as_is_predicted(image_format, width) -> None:
    """The size that comes from the decoder is the predicted one, but for rounding."""
    data = pictures.RASTERS[image_format](pictures.quarters(640, 480))
    plan = decision_of(info_of(image_format, 640, 480), output=Output.PNG, width=width).plan
    opened = open_page(data, image_format, shrink=640 / plan.stored_size.width)
    predicted = decoded_size(info_of(image_format, 640, 480), plan, whole=False)
    assert abs(predicted.width - opened.width) <= 1
    assert abs(predicted.height - opened.height) <= 1


@pytest.mark.early
@pytest.mark.slow
@pytest.mark.timeout(300)
def test_predictions_hold_on_this_machine(tmp_path) -> None:
    """
    A dozen operations really run, each in a process of its own.

    The bounds are wider than the bench's: page sizes, allocators and the processor's code paths differ.
    """
    outcomes = measure("--quick", tmp_path)
    assert len(outcomes) >= 12
    assert [str(o) for o in outcomes if not o.fits(0.7, 3.5)] == []
