"""Which greys belong together."""

import pytest

from imgsvc.model.look import Theme
from imgsvc.vision.greys import choose_greys, grey_of, greys_of
from imgsvc.vision.light import levels, tones
from imgsvc.vision.outline import Outline
from imgsvc.vision.tones import Greys, Side
from tests.support import pictures
from tests.unit.vision.drawn import LOGOS


@pytest.mark.parametrize(
    ("name", "theme", "expected"),
    [
        ("black box, white text", Theme.DARK, Greys.FLIP),
        ("white box, black text", Theme.LIGHT, Greys.FLIP),
        ("grey gradient", Theme.DARK, Greys.SQUEEZE),
        ("panda", Theme.DARK, Greys.SQUEEZE),
        ("red icon with white glyph, black text", Theme.DARK, Greys.KEEP),
        ("flag of the Netherlands", Theme.LIGHT, Greys.KEEP),
        ("black wordmark", Theme.DARK, Greys.KEEP),
    ],
)
@pytest.mark.parametrize("width_px", [32, 160])
def test_greys_that_touch_are_turned_together(name, theme, expected, width_px) -> None:
    """White in black turns over with it; white in colour, or alone, stays."""
    (logo,) = (logo for logo in LOGOS if logo.name == name)
    pixels = logo.pixels(width_px)
    outline = Outline.of(pixels.alpha)
    high, low = greys_of(pixels.colour, tones(levels(pixels.colour)), Side.of(theme.page, 3))
    assert choose_greys(high, low, outline) is expected


@pytest.mark.parametrize(
    ("colour", "expected"),
    [((0, 0, 0), 255), ((255, 255, 255), 255), ((100, 112, 124), 255), ((100, 112, 125), 0), ((0, 0, 128), 0)],
)
def test_near_greys_are_grey(colour, expected) -> None:
    """A colour whose parts differ by 24 of 255 at the most is grey."""
    assert grey_of(pictures.filled(colour, 1, 1))(0, 0) == [expected]


@pytest.mark.parametrize(
    ("colour", "theme", "expected"),
    [
        ((255, 255, 255), Theme.DARK, [[255], [0]]), ((0, 0, 0), Theme.DARK, [[0], [255]]),
        ((255, 255, 0), Theme.DARK, [[0], [0]]), ((0, 0, 128), Theme.DARK, [[0], [0]]),
        ((0, 0, 0), Theme.LIGHT, [[255], [0]]), ((255, 255, 255), Theme.LIGHT, [[0], [255]]),
    ],
)  # fmt: skip
def test_grey_that_reads_is_told_from_other_grey(colour, theme, expected) -> None:
    """Each colour is grey that reads on the page, or other grey, or neither."""
    ink = pictures.filled(colour, 1, 1)
    assert [each(0, 0) for each in greys_of(ink, tones(levels(ink)), Side.of(theme.page, 3))] == expected
