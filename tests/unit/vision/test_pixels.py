"""Pictures as this room takes them."""

import pytest

from imgsvc.vision.pixels import Pixels
from tests.support import pictures


def test_opaque_pictures_get_alpha() -> None:
    """RGB and grey become four bands, opaque, of the same colour."""
    assert Pixels.of(pictures.filled((1, 2, 3), 2, 1)).rgba == bytes((1, 2, 3, 255)) * 2
    grey = pictures.filled((9,), 2, 1).copy(interpretation="b-w")
    assert Pixels.of(grey).rgba == bytes((9, 9, 9, 255)) * 2


def test_bytes_come_back() -> None:
    """Pixels given as bytes are those bytes, hidden colour and all."""
    rgba = bytes((7, 8, 9, 0, 1, 2, 3, 128))
    pixels = Pixels.of_rgba(2, 1, rgba)
    assert pixels.rgba == rgba
    assert pixels.alpha.write_to_memory()[:] == bytes((0, 128))


@pytest.mark.parametrize(("width", "height", "size"), [(2, 2, 15), (0, 1, 0), (1, -1, 4)])
def test_sides_must_fit(width, height, size) -> None:
    """A number of bytes that does not fit the sides is the caller's mistake."""
    with pytest.raises(ValueError, match="four bytes"):
        Pixels.of_rgba(width, height, bytes(size))


def test_other_colour_spaces_are_refused() -> None:
    """What is not 8-bit sRGB or grey is the caller's to convert."""
    with pytest.raises(ValueError, match="8-bit"):
        Pixels.of(pictures.filled((1, 2, 3), 2, 2).colourspace("lab"))


def test_nearly_opaque_is_not_transparent() -> None:
    """Alpha of 250 and above is an encoder's noise."""
    assert (
        Pixels.of_rgba(4, 1, bytes((0, 0, 0, 250, 0, 0, 0, 249, 0, 0, 0, 255, 0, 0, 0, 0))).transparent_share() == 0.5
    )
