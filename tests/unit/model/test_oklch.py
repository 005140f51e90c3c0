"""Colours of even lightness."""

import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imgsvc.model.colours import Colour
from imgsvc.model.oklch import from_oklch


@pytest.mark.parametrize(
    ("lch", "colour"),
    [
        ((1, 0, 0), Colour(255, 255, 255)), ((0, 0, 0), Colour(0, 0, 0)),
        ((0.627955, 0.257683, 29.2339), Colour(255, 0, 0)), ((0.866440, 0.294827, 142.4953), Colour(0, 255, 0)),
        ((0.452014, 0.313214, 264.052), Colour(0, 0, 255)), ((0.519752, 0.176858, 142.4953), Colour(0, 128, 0)),
    ],
)  # fmt: skip
def test_known_colours(lch, colour):
    """The primaries of sRGB are where CSS Color 4 puts them."""
    assert from_oklch(*lch) == colour


@settings(deadline=None)
@given(st.floats(0, 1), st.floats(0, 0.5), st.floats(-720, 720))
def test_any_colour(lightness, chroma, hue):
    """Whatever is asked for gives a colour; what sRGB does not have is made paler, not another."""
    colour = from_oklch(lightness, chroma, hue)

    assert all(0 <= part <= 255 for part in (colour.red, colour.green, colour.blue))
    assert colour.alpha == 255


@pytest.mark.parametrize("chroma", [0.1, 0.2, 0.4, 1e9])
def test_it_takes_as_long_for_any_colour(chroma):
    """How far a colour is from those that sRGB has is found by halves, in some dozens of calls."""
    calls = []
    sys.setprofile(lambda _, event, __: calls.append(event) if event == "call" else None)
    try:
        from_oklch(0.5, chroma, 123)
    finally:
        sys.setprofile(None)

    assert 0 < len(calls) < 120
