"""A picture that things are laid on."""

import pyvips

from imgsvc.model.colours import Colour
from imgsvc.transform.canvas import Canvas, disc, rounded, whole
from imgsvc.transform.runtime import KillSwitch

WHITE, BLACK, RED = Colour(255, 255, 255), Colour(0, 0, 0), Colour(255, 0, 0)


def canvas(glow: Colour = WHITE, *, is_rtl: bool = False) -> Canvas:
    return Canvas(200, 100, WHITE, glow, KillSwitch(), is_rtl=is_rtl)


def test_shapes_hanging_over_are_cut():
    """What lies partly outside is drawn as far as it shows, what lies wholly outside not at all."""
    subject = canvas()
    for left, top in ((-5, -5), (195, 95), (-50, 0), (0, 400)):
        subject.shape(whole(10, 10), RED, left, top)
    image = subject.in_memory()

    assert (image.width, image.height) == (200, 100)
    assert image.getpoint(0, 0) == image.getpoint(199, 99) == [255, 0, 0]
    assert image.getpoint(6, 6) == image.getpoint(100, 50) == [255, 255, 255]


def test_a_picture_shines_through_where_it_is_transparent():
    """Half of black on white is grey, and a mask takes away more."""
    subject = canvas()
    half = pyvips.Image.black(10, 10, bands=4).linear([1] * 4, [0, 0, 0, 128]).cast("uchar")
    subject.picture(half, 0, 0)
    subject.picture(half, 20, 0, (whole(10, 10) / 2).cast("uchar"))
    image = subject.in_memory()

    assert image.getpoint(5, 5) == [127, 127, 127]
    assert 185 < image.getpoint(25, 5)[0] < 197


def test_the_glow_is_in_the_corner_where_lines_end():
    """It is strongest there, weakest opposite, and the mirror image from right to left."""
    left, right = canvas(BLACK, is_rtl=True).in_memory(), canvas(BLACK).in_memory()

    assert right.getpoint(199, 0)[0] < 60
    assert right.getpoint(0, 99)[0] > 240
    assert (left.fliphor() - right).abs().max() == 0


def test_masks_are_smooth_and_whole():
    """Middles are filled, corners are not, edges are in between, and both sides are alike."""
    for mask in (rounded(60, 60, 20), disc(60)):
        assert (mask.getpoint(30, 30), mask.getpoint(0, 0)) == ([255], [0])
        assert mask.getpoint(30, 1) == [255]
        assert len(set(mask.write_to_memory())) > 10
        assert (mask.fliphor().cast("short") - mask).abs().max() == 0
        assert (mask.flipver().cast("short") - mask).abs().max() == 0
