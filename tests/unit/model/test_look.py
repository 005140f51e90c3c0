"""What was seen, as a text in a header's reach."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imgsvc.model.colours import Colour
from imgsvc.model.look import Look, Theme

LOOKS = st.builds(
    Look,
    brightness=st.floats(0, 1),
    has_transparency=st.booleans(),
    contrast_light=st.floats(1, 21),
    contrast_dark=st.floats(1, 21),
    needs_inversion=st.booleans(),
    inverted=st.booleans(),
)


@given(LOOKS)
def test_round_trip(look):
    """What is written is read back, to four decimals, and is fit for an object's metadata."""
    text = look.to_text()
    again = Look.parse(text)

    assert again.to_text() == text
    assert abs(again.contrast_dark - look.contrast_dark) < 1e-4
    assert (again.needs_inversion, again.inverted) == (look.needs_inversion, look.inverted)
    assert text.isascii()
    assert " " not in text
    assert len(text) <= 64


@pytest.mark.parametrize("text", ["", "1;2;3", "a;1;1;1;1;1", "1;1;1;2;1;1", "nan;1;1;1;1;1", "1;inf;1;1;1;1", ";;;;;"])
def test_anything_else(text):
    """Whatever else lies in the store says nothing."""
    assert Look.parse(text) is None


def test_pages():
    """The two themes stand for white and for a very dark blue."""
    assert (Theme.LIGHT.page, Theme.DARK.page) == (Colour(255, 255, 255), Colour(11, 15, 25))
