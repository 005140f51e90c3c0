"""Vector pictures."""

import pytest

from imgsvc.errors import ImageTooLarge
from imgsvc.model.spec import Fit, Output, Placeholder, TransformSpec
from imgsvc.transform.drawing import Drawing, drawing_size, glance_size
from imgsvc.transform.geometry import Size
from imgsvc.transform.limits import Limits

LIMITS = Limits(max_pixels=1_000_000, max_animation_pixels=1, max_frames=1, max_side_px=4000)


@pytest.mark.parametrize(
    ("spec", "size"),
    [
        (TransformSpec(), (40, 20)),
        (TransformSpec(width=400), (400, 200)),
        (TransformSpec(width=10), (10, 5)),
        (TransformSpec(width=100, height=100), (100, 50)),
        (TransformSpec(width=100, height=100, fit=Fit.COVER), (200, 100)),
        (TransformSpec(width=100, height=100, fit=Fit.FILL), (100, 100)),
        (TransformSpec(width=100, rotate=90), (200, 100)),
        (TransformSpec(width=100, trim=10), (200, 100)),
        (TransformSpec(width=100, output=Output.JSON), (128, 64)),
        (TransformSpec(width=400, placeholder=Placeholder.COLOR), (128, 64)),
    ],
)
def test_it_is_drawn_at_the_asked_size(spec, size) -> None:
    """A drawing may be larger than its natural size, and is drawn before it is turned."""
    assert drawing_size(40, 20, spec, LIMITS) == Size(*size)


def test_a_huge_natural_size_is_refused_only_when_it_is_meant() -> None:
    """Whoever asks for a size gets it, however large the drawing says it is."""
    with pytest.raises(ImageTooLarge):
        drawing_size(100_000, 50_000, TransformSpec(), LIMITS)
    assert drawing_size(100_000, 50_000, TransformSpec(width=100), LIMITS) == Size(100, 50)


@pytest.mark.parametrize("wanted", [{"width": 8192, "height": 8192, "fit": Fit.COVER}, {"width": 8192, "trim": 1}])
def test_what_is_drawn_keeps_to_the_limits(wanted) -> None:
    """Neither side nor area of a drawing exceed the limits."""
    for natural in ((40, 20), (4000, 1), (0.25, 300)):
        size = drawing_size(*natural, TransformSpec(**wanted), LIMITS)
        assert size.longest_px <= LIMITS.max_side_px
        assert size.pixels <= LIMITS.max_pixels


def test_a_drawing_is_a_source() -> None:
    """It tells its natural size, not that of its pixels, and may be enlarged."""
    drawing = Drawing(2.5, 1.25, bytes(5 * 3 * 4), Size(5, 3))
    source = drawing.as_source(b"<svg/>")
    assert source.natural_px == (2.5, 1.25)
    assert (source.info.width, source.info.height, source.scalable) == (3, 1, True)
    assert (source.images[0].width, source.images[0].height) == (5, 3)
    assert source.body == b"<svg/>"


def test_a_drawing_is_a_picture_of_the_size_it_is_drawn_at() -> None:
    """For whoever looks at it, however small it says it is."""
    source = Drawing(2.5, 1.25, bytes(64 * 32 * 4), Size(64, 32)).as_picture(b"<svg/>")
    assert source.natural_px == (64, 32)
    assert (source.info.width, source.info.height, source.info.has_alpha) == (64, 32, True)
    assert (source.images[0].width, source.images[0].height) == (64, 32)


@pytest.mark.parametrize(
    ("natural", "size"), [((16, 8), Size(512, 256)), ((1000, 4000), Size(128, 512)), ((1e6, 1), Size(512, 1))]
)
def test_a_glance_has_its_longest_side(natural, size) -> None:
    """Drawings have no size of their own that could be too small."""
    assert glance_size(*natural, 512) == size
