"""Decisions before the first pixel."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from imgsvc.model.colours import Colour
from imgsvc.model.formats import ImageFormat
from imgsvc.model.spec import MAX_SIDE_PX, Fit, Output, TransformSpec
from imgsvc.settings import TransformSettings
from imgsvc.transform.decide import Decision, decide, glance_plan, is_untouched, keeps_colours
from imgsvc.transform.geometry import Size
from imgsvc.transform.limits import Limits
from imgsvc.transform.probe import ImageInfo
from imgsvc.transform.source import FileSource

LIMITS = Limits(max_pixels=10**6, max_animation_pixels=10**6, max_frames=10, max_side_px=5000)
STILL = ImageInfo(image_format=ImageFormat.JPEG, width=100, height=50)
MOVING = ImageInfo(image_format=ImageFormat.GIF, width=100, height=50, pages=5, has_alpha=True)


def decided(info: ImageInfo, **wanted) -> Decision:
    return decide(FileSource(b"", info), TransformSpec(**wanted), TransformSettings(), LIMITS)


def prompt(info: ImageInfo, prompt_pixels: float, *, avif_max_pixels: int = 2_000_000, **wanted) -> Decision:
    """Decide where AVIF of more than *prompt_pixels* takes too long; AVIF is what the client takes."""
    settings = TransformSettings(avif_max_pixels=avif_max_pixels)
    spec = TransformSpec(**({"output": Output.AUTO_AVIF} | wanted))
    return decide(FileSource(b"", info), spec, settings, LIMITS, prompt_pixels=prompt_pixels)


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
        (replace(STILL, orientation=3), {}, False),
        (replace(STILL, is_plain_srgb=False), {}, False),
        (replace(STILL, has_metadata=True), {}, False),
        (MOVING, {}, True),
        (MOVING, {"animate": False}, False),
        (MOVING, {"background": Colour(1, 2, 3)}, False),
        (replace(MOVING, pages=11), {}, False),
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


@pytest.mark.parametrize("max_side_px", [5000, 16384])
@pytest.mark.parametrize("fit", [Fit.COVER, Fit.OUTSIDE])
def test_nothing_is_enlarged_to_lines_without_end(fit, max_side_px) -> None:
    """However narrow a picture is, what it is scaled to has no longer side than a source or a box may have."""
    spec = TransformSpec(output=Output.PNG, width=50, height=500, fit=fit, enlarge=True)
    line = FileSource(b"", replace(STILL, width=1000, height=1))
    limits = replace(LIMITS, max_pixels=50_000_000, max_side_px=max_side_px)
    sizes = decide(line, spec, TransformSettings(), limits).plan.geometry
    assert sizes.scaled == Size(max(max_side_px, MAX_SIDE_PX), max(max_side_px, MAX_SIDE_PX) // 1000)


def test_boxes_and_sources_within_the_limits_are_scaled_as_asked() -> None:
    """The bound concerns neither what may be asked for nor what comes as long."""
    wide = decided(replace(STILL, height=1), output=Output.PNG, width=MAX_SIDE_PX, enlarge=True)
    assert wide.plan.geometry.scaled == Size(MAX_SIDE_PX, 82)
    limits = replace(LIMITS, max_side_px=20_000)
    long = FileSource(b"", replace(STILL, width=20_000, height=1))
    kept = decide(long, TransformSpec(output=Output.PNG), TransformSettings(), limits)
    assert kept.plan.geometry.scaled == Size(20_000, 1)


def test_a_still_is_never_degraded() -> None:
    """Nothing is missed where there was one frame, or where one was wanted."""
    assert decided(STILL).degraded == ""
    assert decided(replace(MOVING, pages=11), animate=False).degraded == ""
    assert decided(replace(MOVING, pages=11), output=Output.PNG).degraded == ""
    assert decided(replace(MOVING, pages=11)).degraded == "frames"


def test_a_degraded_animation_may_be_avif() -> None:
    """Once it is a still, the best format for stills is open to it."""
    decision = decided(replace(MOVING, pages=11), output=Output.AUTO_AVIF)
    assert (decision.image_format, decision.animate, decision.degraded) == (ImageFormat.AVIF, False, "frames")


def test_sizes_are_meant_after_rotation() -> None:
    """A quarter turn exchanges the sides before the box is applied."""
    assert decided(STILL, rotate=90, width=25).plan.geometry.canvas == Size(25, 50)


@pytest.mark.parametrize(
    ("info", "prompt_pixels", "wanted", "image_format", "deferred"),
    [
        (STILL, 5000, {}, ImageFormat.AVIF, False),
        (STILL, 4999, {}, ImageFormat.WEBP, True),
        (STILL, 0, {}, ImageFormat.WEBP, True),
        (STILL, math.inf, {}, ImageFormat.AVIF, False),
        (STILL, 50, {"width": 10}, ImageFormat.AVIF, False),
        (STILL, 49, {"width": 10}, ImageFormat.WEBP, True),
        (STILL, 0, {"output": Output.AVIF}, ImageFormat.AVIF, False),
        (STILL, 0, {"output": Output.AUTO_WEBP}, ImageFormat.WEBP, False),
        (STILL, 0, {"output": Output.AUTO_SOURCE}, ImageFormat.JPEG, False),
        (STILL, 0, {"avif_max_pixels": 4999}, ImageFormat.WEBP, False),
        (MOVING, 0, {}, ImageFormat.WEBP, False),
        (MOVING, 0, {"animate": False}, ImageFormat.WEBP, True),
        (replace(MOVING, pages=11), 0, {}, ImageFormat.WEBP, True),
    ],
)
def test_what_is_put_off(info, prompt_pixels, wanted, image_format, deferred) -> None:
    """Only AVIF that nobody asked for by name gives way, and only where it would have been made at once."""
    decision = prompt(info, prompt_pixels, **wanted)
    assert (decision.image_format, decision.deferred) == (image_format, deferred)


def test_what_stands_in_for_avif_stays_transparent() -> None:
    """WebP can show all that AVIF would have shown."""
    assert prompt(replace(STILL, has_alpha=True), 0).plan.keeps_alpha


def test_an_animation_that_may_not_move_says_both() -> None:
    """What is missing and what is still to come are told apart."""
    decision = prompt(replace(MOVING, pages=11), 0)
    assert (decision.degraded, decision.deferred) == ("frames", True)


@given(
    st.sampled_from((STILL, MOVING)), st.sampled_from(Output), st.none() | st.integers(1, 300), st.floats(0, 100_000)
)
def test_nothing_else_changes_where_time_is_short(info, output, width, prompt_pixels) -> None:
    """A decision for somebody in a hurry is that for a patient one, but for AVIF that gives way to WebP."""
    patient = prompt(info, math.inf, output=output, width=width)
    hurried = prompt(info, prompt_pixels, output=output, width=width)
    if hurried.deferred:
        assert (patient.image_format, hurried.image_format) == (ImageFormat.AVIF, ImageFormat.WEBP)
        hurried = replace(hurried, image_format=ImageFormat.AVIF, deferred=False)
    assert hurried == patient


def test_on_a_page_nothing_moves() -> None:
    """One frame is kept, and nothing is missed."""
    decision = decided(MOVING, page=Colour(0, 0, 0))
    assert (decision.animate, decision.degraded) == (False, "")


@pytest.mark.parametrize(("px", "size"), [(50, Size(50, 25)), (100, Size(100, 50)), (4000, Size(100, 50))])
def test_a_glance_is_no_larger_than_asked_or_there(px, size) -> None:
    """And as the file is turned."""
    plan = glance_plan(replace(STILL, orientation=6), px)
    assert (plan.geometry.canvas, plan.orientation, plan.spec) == (size, 6, TransformSpec())
