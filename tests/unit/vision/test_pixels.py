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
    """Pixels with alpha stay as they are, hidden colour and all."""
    rgba = bytes((7, 8, 9, 0, 1, 2, 3, 128))
    pixels = Pixels.of(pictures.of_rgba(2, 1, rgba))
    assert pixels.rgba == rgba
    assert pixels.alpha.write_to_memory()[:] == bytes((0, 128))


def test_other_colour_spaces_are_refused() -> None:
    """What is not 8-bit sRGB or grey is the caller's to convert."""
    with pytest.raises(ValueError, match="8-bit"):
        Pixels.of(pictures.filled((1, 2, 3), 2, 2).colourspace("lab"))


def test_nearly_opaque_is_not_transparent() -> None:
    """Alpha of 250 and above is an encoder's noise."""
    four = pictures.of_rgba(4, 1, bytes((0, 0, 0, 250, 0, 0, 0, 249, 0, 0, 0, 255, 0, 0, 0, 0)))
    assert Pixels.of(four).transparent_share() == 0.5


@pytest.mark.parametrize(
    ("margin_px", "step_px", "corner_px", "size_px"),
    [(0, 1, (10, 20), (5, 8)), (3, 1, (7, 17), (11, 14)), (0, 8, (8, 16), (8, 16)), (99, 1, (0, 0), (40, 60)),
     (3, 16, (0, 16), (32, 16)), (0, 64, (0, 0), (40, 60))],
)  # fmt: skip
def test_what_is_clear_is_cut_off(margin_px, step_px, corner_px, size_px) -> None:
    """The part that shows something is cut out, with a margin, at multiples of a step or at the border."""
    image = pictures.filled((1, 2, 3, 0), 40, 60).insert(pictures.filled((200, 100, 50, 1), 5, 8), 10, 20)
    pixels = Pixels.of(image)
    part = pixels.inked(margin_px, step_px)
    assert part.corner_px == corner_px
    assert (part.pixels.image.width, part.pixels.image.height) == size_px
    assert part.pixels.rgba == Pixels.of(image.crop(*corner_px, *size_px)).rgba
    assert part.pixels.alpha.max() == 1


def test_nothing_and_everything_are_kept_whole() -> None:
    """Where all or nothing is visible there is nothing to cut."""
    for alpha in (0, 255):
        pixels = Pixels.of(pictures.filled((1, 2, 3, alpha), 9, 9))
        assert pixels.inked(2).pixels is pixels


def test_recoloured() -> None:
    """Another colour keeps alpha, and all three pictures agree."""
    pixels = Pixels.of(pictures.filled((1, 2, 3, 77), 4, 4)).recoloured(pictures.filled((9, 8, 7), 4, 4))
    assert pixels.rgba == bytes((9, 8, 7, 77)) * 16
    assert pixels.image.interpretation == "srgb"
    assert pixels.colour(0, 0) == [9, 8, 7]
    assert pixels.alpha(0, 0) == [77]


def test_what_was_cut_off_counts_as_transparent() -> None:
    """The part of a picture that shows something has the picture's share when told how much is missing."""
    pixels = Pixels.of(pictures.filled((0, 0, 0, 0), 40, 30).insert(pictures.filled((1, 2, 3, 200), 7, 5), 9, 9))
    part = pixels.inked(1).pixels
    assert part.alpha.width * part.alpha.height == 9 * 7
    assert part.transparent_share(40 * 30 - 9 * 7) == pixels.transparent_share() == 1.0
    opaque = Pixels.of(pictures.filled((0, 0, 0, 0), 40, 30).insert(pictures.filled((1, 2, 3, 255), 7, 5), 9, 9))
    assert opaque.inked(1).pixels.transparent_share(40 * 30 - 9 * 7) == opaque.transparent_share() == 1165 / 1200
