"""Which pixels must be seen, and how well they are."""

import pytest

from imgsvc.model.colours import Colour
from imgsvc.vision.outline import Outline
from imgsvc.vision.pixels import Pixels
from tests.support import pictures
from tests.unit.vision.drawn import svg, wordmark

WHITE = Colour(255, 255, 255)


def framed(inner, outer, alpha=255) -> Pixels:
    """A square with a rim of 2 px of another colour, in the middle of nothing."""
    rim = pictures.filled((*outer, alpha), 20, 20).insert(pictures.filled((*inner, alpha), 16, 16), 2, 2)
    return Pixels.of(pictures.filled((0, 0, 0, 0), 40, 40).insert(rim, 10, 10))


def contrast(pixels: Pixels, page: Colour = WHITE) -> float:
    """Contrast of its outline."""
    return Outline.of(pixels.alpha).contrast(pixels.colour, page)


def test_only_the_rim_counts() -> None:
    """What does not touch transparency need not be told from the page."""
    assert contrast(framed(inner=(255, 255, 255), outer=(0, 0, 0))) == pytest.approx(21)
    assert contrast(framed(inner=(0, 0, 0), outer=(255, 255, 255))) == 1.0


def test_all_counts_where_nothing_is_transparent() -> None:
    """An opaque picture is judged by all it shows."""
    assert contrast(Pixels.of(pictures.filled((119, 119, 119), 8, 8))) == pytest.approx(4.48, rel=0.003)


def test_a_tenth_may_be_lost() -> None:
    """The tenth that reads worst does not decide, what is more does."""
    rows = [pictures.filled((255, 255, 255) if row < 10 else (0, 0, 0), 10, 1) for row in range(101)]
    nine_tenths = Pixels.of(pictures.pyvips.Image.arrayjoin(rows, across=1).copy(interpretation="srgb"))
    assert contrast(nine_tenths) == pytest.approx(21)
    rows[10] = rows[11] = rows[0]
    less = Pixels.of(pictures.pyvips.Image.arrayjoin(rows, across=1).copy(interpretation="srgb"))
    assert contrast(less) == 1.0


def test_faint_ink_is_seen_over_the_page() -> None:
    """Ink that is half transparent all over has the contrast of what a browser shows."""
    faint = framed((0, 0, 0), (0, 0, 0), alpha=128)
    assert contrast(faint) == pytest.approx(3.98, rel=0.02)
    assert contrast(faint, Colour(0, 0, 0)) == 1.0


@pytest.mark.parametrize("width_px", [24, 64, 512])
def test_soft_edges_are_not_faint_ink(width_px) -> None:
    """A black word has the same contrast at every size, however large the share of its anti-aliased edges."""
    drawn = pictures.pyvips.Image.svgload_buffer(svg(wordmark("#000", 24)).encode(), scale=width_px / 160)
    assert contrast(Pixels.of(drawn)) > 20


def test_the_faintest_ink_counts_where_there_is_no_other() -> None:
    """Below alpha 128 everywhere, all that is not clear counts."""
    faint = framed((0, 0, 0), (0, 0, 0), alpha=40)
    assert 1.2 < contrast(faint) < 1.5


def test_nothing_has_no_outline() -> None:
    """What is clear all over has no outline, whatever colours are hidden."""
    pixels = Pixels.of(pictures.filled((0, 0, 0, 0), 8, 8))
    assert Outline.of(pixels.alpha).is_empty
    assert contrast(pixels) == 1.0
