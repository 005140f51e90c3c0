"""Colours of a query."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imgsvc.model.spec import Colour
from imgsvc.web.colours import colour


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
