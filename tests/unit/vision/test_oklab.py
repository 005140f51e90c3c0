"""OKLCH there and back."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imgsvc.vision.oklab import to_oklch, to_srgb
from tests.support import pictures


def moved(rgb, shift):
    """OKLCH of one colour before and after its lightness was moved."""
    before = to_oklch(pictures.filled(rgb, 1, 1))
    after = to_srgb(before, pictures.pyvips.Image.black(1, 1) + shift)
    return before(0, 0), to_oklch(after)(0, 0), after(0, 0)


def test_values_are_the_published_ones() -> None:
    """Red lies where CSS Color 4 has it."""
    assert to_oklch(pictures.filled((255, 0, 0), 1, 1))(0, 0) == pytest.approx([0.628, 0.2577, 29.23], abs=0.01)


@settings(max_examples=80, derandomize=True, deadline=None)
@given(rgb=st.tuples(*[st.integers(0, 255)] * 3), wanted=st.floats(0.3, 0.8))
def test_hue_and_lightness_are_kept_where_chroma_is_not(rgb, wanted) -> None:
    """Wherever lightness is moved to, hue stays within 5° and lightness is what was wanted."""
    (light, chroma, hue), *_ = moved(rgb, 0)
    _, (after, less, turned), _ = moved(rgb, wanted - light)
    assert after == pytest.approx(wanted, abs=0.012)
    assert less <= chroma + 0.01
    if chroma >= 0.05 and less >= 0.05:
        assert abs(math.remainder(turned - hue, 360)) <= 5


def test_the_ends_are_black_and_white() -> None:
    """At lightness 0 and 1, and beyond, no colour is left but what rounding leaves."""
    assert moved((200, 40, 30), 2)[2] == [255, 255, 255]
    assert moved((200, 40, 30), -2)[2] == pytest.approx([0, 0, 0], abs=1)
