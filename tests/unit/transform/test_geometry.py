"""Sizes and positions, without pixels."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imgsvc.model.spec import Fit, Gravity, TransformSpec
from imgsvc.transform.geometry import Geometry, Size, canvas_offset, geometry, window_offset

SIDES = st.integers(1, 8192)
SPECS = st.builds(
    TransformSpec,
    width=st.none() | SIDES,
    height=st.none() | SIDES,
    fit=st.sampled_from(Fit),
    enlarge=st.booleans(),
    gravity=st.sampled_from(Gravity),
    focus=st.tuples(st.floats(0, 1), st.floats(0, 1)),
)


def plan(width: float, height: float, /, **wanted) -> Geometry:
    spec = TransformSpec(**wanted)
    return geometry(width, height, spec, enlarge=spec.enlarge)


@pytest.mark.parametrize(
    ("fit", "enlarge", "answer"),
    [
        (Fit.INSIDE, False, (100, 50)),
        (Fit.INSIDE, True, (300, 150)),
        (Fit.OUTSIDE, False, (100, 50)),
        (Fit.OUTSIDE, True, (400, 200)),
        (Fit.COVER, False, (75, 50)),
        (Fit.COVER, True, (300, 200)),
        (Fit.FILL, False, (75, 50)),
        (Fit.FILL, True, (300, 200)),
        (Fit.CONTAIN, False, (300, 200)),
        (Fit.CONTAIN, True, (300, 200)),
    ],
)
def test_a_box_larger_than_the_picture(fit, enlarge, answer) -> None:
    """Without enlarge the box first shrinks, ratio kept, until the picture fills it; contain keeps its box."""
    assert plan(100, 50, width=300, height=200, fit=fit, enlarge=enlarge).canvas == Size(*answer)


@pytest.mark.parametrize(
    ("fit", "answer"),
    [
        (Fit.INSIDE, (60, 30)),
        (Fit.OUTSIDE, (80, 40)),
        (Fit.COVER, (60, 40)),
        (Fit.FILL, (60, 40)),
        (Fit.CONTAIN, (60, 40)),
    ],
)
def test_a_box_smaller_than_the_picture(fit, answer) -> None:
    """Each fit meets a box that the picture fills anyway."""
    assert plan(1000, 500, width=60, height=40, fit=fit).canvas == Size(*answer)


@pytest.mark.parametrize("fit", Fit)
@pytest.mark.parametrize("enlarge", [False, True])
def test_one_side_keeps_the_ratio(fit, enlarge) -> None:
    """One side alone is hit exactly and the other follows, whatever the fit."""
    assert plan(1000, 500, width=333, fit=fit, enlarge=enlarge).canvas == Size(333, 167)
    assert plan(1000, 500, height=333, fit=fit, enlarge=enlarge).canvas == Size(666, 333)


def test_nothing_asked_keeps_the_natural_size() -> None:
    """Without a side the picture stays as large as it is, enlarge or not."""
    assert plan(37, 91, enlarge=True) == Geometry.plain(Size(37, 91))


def test_contain_does_not_enlarge_unasked() -> None:
    """The picture in the middle of its bars keeps its size."""
    result = plan(100, 50, width=300, height=200, fit=Fit.CONTAIN)
    assert result.scaled == Size(100, 50)
    assert canvas_offset(result) == (100, 75)


@given(SIDES, SIDES, SPECS)
def test_sizes_nest(width, height, spec) -> None:
    """The window lies within the scaled picture and within the canvas, and no side is below one pixel."""
    result = geometry(width, height, spec, enlarge=spec.enlarge)
    assert 1 <= result.window.width <= min(result.scaled.width, result.canvas.width)
    assert 1 <= result.window.height <= min(result.scaled.height, result.canvas.height)


@given(SIDES, SIDES, SPECS)
def test_unasked_nothing_grows(width, height, spec) -> None:
    """Without enlarge the picture itself never gets larger on either side."""
    result = geometry(width, height, spec, enlarge=False)
    assert result.scaled.width <= width
    assert result.scaled.height <= height


@given(SIDES, SIDES, SPECS.filter(lambda s: s.width and s.height))
def test_enlarged_boxes_are_hit_exactly(width, height, spec) -> None:
    """With enlarge every fit touches its box on the sides it promises."""
    canvas = geometry(width, height, spec, enlarge=True).canvas
    box = Size(spec.width, spec.height)
    match spec.fit:
        case Fit.INSIDE:
            assert canvas.width <= box.width
            assert canvas.height <= box.height
            assert canvas.width == box.width or canvas.height == box.height
        case Fit.OUTSIDE:
            assert canvas.width >= box.width
            assert canvas.height >= box.height
            assert canvas.width == box.width or canvas.height == box.height
        case _:
            assert canvas == box


@given(SIDES, SIDES, SPECS, st.integers(1, 20000), st.integers(1, 10**8))
def test_bounds_hold(width, height, spec, side, pixels) -> None:
    """Bounded sizes keep nesting and stay below the longest side and the most pixels."""
    result = geometry(width, height, spec, enlarge=spec.enlarge).bounded(side, pixels)
    assert result.canvas.longest_px <= side
    assert result.window.width <= min(result.scaled.width, result.canvas.width)
    assert result.window.height <= min(result.scaled.height, result.canvas.height)
    assert min(result.canvas.width, result.canvas.height) == 1 or result.canvas.pixels <= pixels


@given(SIDES, SIDES, SPECS)
def test_the_window_stays_inside(width, height, spec) -> None:
    """Wherever gravity or focus pull it, the window never leaves the picture."""
    result = geometry(width, height, spec, enlarge=spec.enlarge)
    left, top = window_offset(result, spec)
    assert 0 <= left <= result.scaled.width - result.window.width
    assert 0 <= top <= result.scaled.height - result.window.height


@pytest.mark.parametrize(
    ("gravity", "offset"),
    [
        (Gravity.CENTRE, (50, 0)),
        (Gravity.WEST, (0, 0)),
        (Gravity.EAST, (100, 0)),
        (Gravity.NORTHEAST, (100, 0)),
        (Gravity.SOUTHWEST, (0, 0)),
        (Gravity.ATTENTION, (50, 0)),
    ],
)
def test_gravity_places_the_window(gravity, offset) -> None:
    """The compass names the side that is kept; what needs pixels counts as the middle here."""
    spec = TransformSpec(width=100, height=100, fit=Fit.COVER, gravity=gravity)
    assert window_offset(geometry(200, 100, spec, enlarge=False), spec) == offset


@pytest.mark.parametrize(("x", "left"), [(0, 0), (0.4, 30), (0.5, 50), (1, 100)])
def test_focus_is_centred_as_far_as_possible(x, left) -> None:
    """The focus lies in the middle of the window unless the picture ends."""
    spec = TransformSpec(width=100, height=100, fit=Fit.COVER, gravity=Gravity.FOCUS, focus=(x, 0.5))
    assert window_offset(geometry(200, 100, spec, enlarge=False), spec) == (left, 0)
