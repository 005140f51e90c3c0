"""Decisions before the first pixel."""

import dataclasses

import pytest

from imgsvc.model.formats import ImageFormat
from imgsvc.model.spec import Colour, Fit, Output, TransformSpec
from imgsvc.settings import TransformSettings
from imgsvc.transform.decide import Decision, decide, is_untouched, keeps_colours
from imgsvc.transform.geometry import Size
from imgsvc.transform.limits import Limits
from imgsvc.transform.probe import ImageInfo
from imgsvc.transform.source import FileSource

LIMITS = Limits(max_pixels=10**6, max_animation_pixels=10**6, max_frames=10, max_side_px=5000)
STILL = ImageInfo(image_format=ImageFormat.JPEG, width=100, height=50)
MOVING = ImageInfo(image_format=ImageFormat.GIF, width=100, height=50, pages=5, has_alpha=True)


def decided(info: ImageInfo, **wanted) -> Decision:
    return decide(FileSource(b"", info), TransformSpec(**wanted), TransformSettings(), LIMITS)


@pytest.mark.parametrize(
    ("info", "wanted", "untouched"),
    [
        (STILL, {}, True),
        (STILL, {"width": 500}, True),
        (STILL, {"background": Colour(1, 2, 3)}, True),
        (STILL, {"output": Output.WEBP}, False),
        (STILL, {"width": 99}, False),
        (STILL, {"width": 200, "height": 100, "fit": Fit.CONTAIN}, False),
        (STILL, {"rotate": 180}, False),
        (dataclasses.replace(STILL, orientation=3), {}, False),
        (dataclasses.replace(STILL, is_plain_srgb=False), {}, False),
        (dataclasses.replace(STILL, has_metadata=True), {}, False),
        (MOVING, {}, True),
        (MOVING, {"animate": False}, False),
        (MOVING, {"background": Colour(1, 2, 3)}, False),
        (dataclasses.replace(MOVING, pages=11), {}, False),
    ],
)
def test_what_counts_as_untouched(info, wanted, untouched) -> None:
    """Only a source to which nothing was done, and which hides nothing, may be the answer itself."""
    assert is_untouched(info, decided(info, **wanted)) is untouched


@pytest.mark.parametrize(
    ("wanted", "kept"),
    [({}, True), ({"flip": True}, True), ({"rotate": 90}, True), ({"width": 50}, False), ({"blur": 1.0}, False)],
)
def test_colours_are_kept_where_nothing_is_resampled(wanted, kept) -> None:
    """Turning makes no new colours, scaling and blurring do."""
    assert keeps_colours(decided(MOVING, **wanted)) is kept


def test_a_still_is_never_degraded() -> None:
    """Nothing is missed where there was one frame, or where one was wanted."""
    assert decided(STILL).degraded == ""
    assert decided(dataclasses.replace(MOVING, pages=11), animate=False).degraded == ""
    assert decided(dataclasses.replace(MOVING, pages=11), output=Output.PNG).degraded == ""
    assert decided(dataclasses.replace(MOVING, pages=11)).degraded == "frames"


def test_a_degraded_animation_may_be_avif() -> None:
    """Once it is a still, the best format for stills is open to it."""
    decision = decided(dataclasses.replace(MOVING, pages=11), output=Output.AUTO_AVIF)
    assert (decision.image_format, decision.animate, decision.degraded) == (ImageFormat.AVIF, False, "frames")


def test_sizes_are_meant_after_rotation() -> None:
    """A quarter turn exchanges the sides before the box is applied."""
    assert decided(STILL, rotate=90, width=25).plan.geometry.canvas == Size(25, 50)
