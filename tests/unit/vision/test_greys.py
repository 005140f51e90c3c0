"""Which greys belong together."""

import pytest

from imgsvc.vision.analysis import Theme
from imgsvc.vision.greys import choose_greys
from imgsvc.vision.light import levels, tones
from imgsvc.vision.outline import Outline
from imgsvc.vision.tones import Greys, Side
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
    assert choose_greys(pixels, tones(levels(pixels.colour)), Side.of(theme.page, 3), outline) is expected
