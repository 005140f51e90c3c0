"""Animations: every frame, or honestly one."""

import pytest
import pyvips

from imgsvc.errors import CorruptImage
from imgsvc.model.formats import ImageFormat
from imgsvc.model.spec import Fit, Gravity, Output, TransformSpec
from tests.support import pictures
from tests.support.pictures import RED, YELLOW, decoded, is_near, pages, shows
from tests.support.rendering import render

PNG = Output.PNG
METADATA = ("exif-data", "xmp-data", "iptc-data", "icc-profile-data")
ENCODERS = {
    Output.JPEG: ImageFormat.JPEG,
    Output.PNG: ImageFormat.PNG,
    Output.WEBP: ImageFormat.WEBP,
    Output.GIF: ImageFormat.GIF,
    Output.AVIF: ImageFormat.AVIF,
}


@pytest.mark.parametrize("source", [ImageFormat.GIF, ImageFormat.WEBP])
@pytest.mark.parametrize("output", [Output.GIF, Output.WEBP, Output.AUTO_AVIF, Output.AUTO_WEBP, Output.AUTO_SOURCE])
def test_animations_stay_animated(source, output) -> None:
    """All frames, their delays and the loop count survive a resize."""
    answer = render(pictures.animation(source), TransformSpec(output=output, width=30))
    roll = decoded(answer.data)
    assert (answer.width, answer.height, answer.degraded) == (30, 20, "")
    assert (roll.get_n_pages(), roll.get_page_height(), roll.width) == (3, 20, 30)
    assert tuple(roll.get("delay")) == pictures.DELAYS_MS
    assert roll.get("loop") == pictures.LOOPS
    for frame, colour in zip(pages(answer.data), pictures.FRAME_COLOURS, strict=True):
        assert shows(frame[:3], (YELLOW, colour, colour, colour), 30)


@pytest.mark.parametrize(
    ("wanted", "size", "turned"),
    [
        ({"rotate": 90}, (40, 60), (3, 0, 3, 3)),
        ({"flip": True}, (60, 40), (3, 3, 0, 3)),
        ({"width": 40, "height": 40, "fit": Fit.CONTAIN}, (40, 40), None),
        ({"width": 20, "height": 40, "fit": Fit.COVER, "gravity": Gravity.EAST}, (20, 40), (3, 3, 3, 3)),
        ({"width": 20, "height": 40, "fit": Fit.COVER, "gravity": Gravity.ATTENTION}, (20, 40), None),
        ({"greyscale": True, "blur": 1.0}, (60, 40), None),
    ],
)
def test_every_step_works_frame_by_frame(wanted, size, turned) -> None:
    """No frame leaks into its neighbour, whatever is done to them."""
    answer = render(pictures.animation(), TransformSpec(output=Output.GIF, **wanted))
    frames = pages(answer.data)
    assert [(f.width, f.height) for f in frames] == [size] * 3
    if turned:
        order = (3, 0, 3, 3) if turned == (3, 0, 3, 3) else turned
        for frame, colour in zip(frames, pictures.FRAME_COLOURS, strict=True):
            wanted_colours = tuple(YELLOW if quarter == 0 else colour for quarter in order)
            assert shows(frame[:3], wanted_colours, 30)


def test_contain_bars_of_an_animation_are_transparent_in_every_frame() -> None:
    """Bars lie above and below each frame."""
    spec = TransformSpec(output=Output.WEBP, width=40, height=40, fit=Fit.CONTAIN, quality=90)
    for frame in pages(render(pictures.animation(), spec).data):
        assert frame(20, 2)[3] == 0
        assert frame(20, 37)[3] == 0
        assert frame(20, 20)[3] == 255


def test_frames_are_trimmed_to_what_any_of_them_shows() -> None:
    """All frames get the same cut, so that nothing moves."""
    first = pictures.framed()
    data = pictures.animated([first, first.rot180()], delays_ms=(100, 100))
    frames = pages(render(data, TransformSpec(output=Output.GIF, trim=10)).data)
    assert [(f.width, f.height) for f in frames] == [(60, 20)] * 2


@pytest.mark.parametrize("output", [Output.AVIF, Output.JPEG, Output.PNG])
def test_stills_asked_for_are_stills(output) -> None:
    """A format named that cannot move gives the first frame, and that is no degradation."""
    answer = render(pictures.animation(), TransformSpec(output=output))
    assert answer.degraded == ""
    assert (answer.width, answer.height) == (60, 40)
    assert shows(decoded(answer.data)[:3], (YELLOW, RED, RED, RED), 24)


@pytest.mark.parametrize("wanted", [{}, {"width": 240, "enlarge": True}, {"rotate": 90}])
def test_the_first_frame_alone_on_request(wanted) -> None:
    """Without animation a GIF answers one frame, however large it gets."""
    answer = render(pictures.animation(), TransformSpec(output=Output.GIF, animate=False, **wanted))
    assert decoded(answer.data).get_n_pages() == 1
    assert answer.degraded == ""


@pytest.mark.parametrize("limits", [{"max_frames": 2}, {"max_animation_pixels": 60 * 40 * 3 - 1}])
@pytest.mark.parametrize("output", [Output.GIF, Output.WEBP, Output.AUTO_AVIF, Output.AUTO_SOURCE])
def test_over_the_limits_an_animation_becomes_a_still(limits, output) -> None:
    """Too many frames or pixels give the first frame, and the answer says so."""
    answer = render(pictures.animation(), TransformSpec(output=output, width=30), **limits)
    assert answer.degraded == "frames"
    assert decoded(answer.data).get_n_pages() == 1


def test_an_animation_is_not_blown_up_without_limit() -> None:
    """Enlarging counts: what would come out is held to the limit too."""
    spec = TransformSpec(output=Output.GIF, width=600, enlarge=True)
    assert render(pictures.animation(), spec, max_animation_pixels=60 * 40 * 3).degraded == "frames"


def test_pages_of_a_tiff_are_one_picture() -> None:
    """Of a TIFF with several pages the first is answered."""
    frames = [pictures.filled(c, 20, 10) for c in pictures.FRAME_COLOURS]
    answer = render(pictures.animated(frames, ImageFormat.TIFF), TransformSpec(output=Output.WEBP))
    assert (answer.width, answer.height, answer.degraded) == (20, 10, "")
    assert is_near(decoded(answer.data)(5, 5), RED)


def test_an_animation_made_a_still_is_not_the_source() -> None:
    """One frame is asked for: the whole animation is no answer, however few bytes it has."""
    data = pictures.animation()
    assert render(data, TransformSpec(output=Output.GIF, animate=False)).data != data


def test_an_animation_that_ends_early_is_corrupt() -> None:
    """A missing last frame is an error, not a shorter animation."""
    frames = [pictures.noise(100, 80, seed=i) for i in range(3)]
    for image_format in (ImageFormat.GIF, ImageFormat.WEBP):
        data = pictures.animated(frames, image_format)
        with pytest.raises((pyvips.Error, CorruptImage)):
            render(data[: len(data) * 9 // 10], TransformSpec(output=Output.WEBP, width=50))


def test_equal_neighbours_stay_frames_of_their_own() -> None:
    """A GIF that shows the same picture twice keeps both frames with their delays."""
    roll = pyvips.Image.arrayjoin([pictures.filled(RED, 20, 10)] * 3, across=1).copy()
    roll.set_type(pyvips.GValue.gint_type, "page-height", 10)
    roll.set_type(pyvips.GValue.array_int_type, "delay", [100, 200, 300])
    twice = pictures.gif(roll, keep_duplicate_frames=True)

    answer = decoded(render(twice, TransformSpec(output=Output.GIF, width=10)).data)

    assert answer.get_n_pages() == 3
    assert answer.get("delay") == [100, 200, 300]
