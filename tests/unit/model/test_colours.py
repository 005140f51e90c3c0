"""Colours of a query."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imgsvc.model.colours import Colour, colour, contrast_between, is_light, luminance_of, opaque


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("f80", Colour(255, 136, 0)), ("#f808", Colour(255, 136, 0, 136)), ("FF8000", Colour(255, 128, 0)),
        ("#01020304", Colour(1, 2, 3, 4)), ("White", Colour(255, 255, 255)), ("slategrey", Colour(112, 128, 144)),
        ("slategray", Colour(112, 128, 144)), ("rebeccapurple", Colour(102, 51, 153)), ("transparent", None),
        ("Transparent", None), ("#0000", None), ("ffffff00", None),
    ],
)  # fmt: skip
def test_read(text, expected):
    """Hex in four lengths, names in any case, and what cannot be seen."""
    assert colour(text) == expected


@pytest.mark.parametrize(
    "text", ["", "#", "ff", "fffff", "fffffff", "##fff", "rgb(1,2,3)", "currentcolor", "fff ", "ｆff"]
)
def test_refused(text):
    """Anything else is no colour."""
    with pytest.raises(ValueError):
        colour(text)


@given(st.builds(Colour, *[st.integers(0, 255)] * 3, st.integers(1, 255)))
def test_round_trip(value):
    """The text a key has of a colour reads as that colour."""
    assert colour(str(value)) == value


@given(st.text(max_size=12))
def test_total(text):
    """No text raises anything but ValueError."""
    with suppress(ValueError):
        assert isinstance(colour(text), Colour | None)


COLOURS = st.builds(Colour, *[st.integers(0, 255)] * 3)


@pytest.mark.parametrize(
    ("text", "light"),
    [("fff", True), ("000", False), ("767676", True), ("757575", False), ("0f0", True), ("00f", False), ("f00", True),
     ("0b0f19", False), ("d00", False)],
)  # fmt: skip
def test_light(text, light):
    """A page is light where black has the better contrast; #767676 is the darkest such grey."""
    assert is_light(colour(text)) == light


@given(COLOURS, COLOURS)
def test_opaque(top, page):
    """A colour that covers is itself, one that hardly does is the page; what comes never lets anything through."""
    assert opaque(top, page) == top
    faint = opaque(Colour(top.red, top.green, top.blue, 1), page)
    assert faint.alpha == 255
    assert max(abs(a - b) for a, b in zip(parts(faint), parts(page), strict=True)) <= 1
    assert opaque(Colour(255, 255, 255, 128), Colour(0, 0, 0)) == Colour(128, 128, 128)


def parts(of: Colour) -> tuple[int, int, int]:
    return of.red, of.green, of.blue


def test_contrast():
    """Black on white is 21, a colour on itself 1, and the grey that just passes for text 4.54."""
    assert contrast_between(luminance_of(Colour(0, 0, 0)), luminance_of(Colour(255, 255, 255))) == pytest.approx(21)
    assert contrast_between(luminance_of(Colour(7, 7, 7)), luminance_of(Colour(7, 7, 7))) == 1
    assert contrast_between(1.0, luminance_of(Colour(0x76, 0x76, 0x76))) == pytest.approx(4.54, abs=0.01)
