"""How lightness is moved."""

from itertools import pairwise

import pytest
import pyvips

from imgsvc.model.colours import Colour
from imgsvc.vision.light import WHITE_TONE
from imgsvc.vision.tones import Greys, Side, colourfulness, may_move, shifts

DARK, LIGHT, MID = Colour(11, 15, 25), Colour(255, 255, 255), Colour(120, 120, 120)


def outcomes(side: Side, greys: Greys) -> list[tuple[float, float]]:
    """Lightness of grey and of full colour after the move, for each tone."""
    table = shifts(side, greys)
    found = [table(at, 0) for at in range(0, WHITE_TONE + 1, 15)]
    return [(at * 15 / WHITE_TONE + g, at * 15 / WHITE_TONE + g + c) for at, (g, c) in enumerate(found)]


@pytest.mark.parametrize(("page", "lightens"), [(DARK, True), (LIGHT, False), (MID, False)])
def test_the_side_with_more_contrast_is_chosen(page, lightens) -> None:
    """Ink gets lighter on a dark page, darker on a light one."""
    assert Side.of(page, 3).lightens is lightens


@pytest.mark.parametrize("page", [DARK, LIGHT, MID])
@pytest.mark.parametrize("greys", [Greys.KEEP, Greys.SQUEEZE])
def test_everything_reads_and_nothing_jumps(page, greys) -> None:
    """All tones end beyond the limit, and neighbours end near one another."""
    side = Side.of(page, 3)
    found = outcomes(side, greys)
    assert min(side.height(value) for pair in found for value in pair) >= side.limit - 1e-4
    assert max(abs(a - b) for one, other in pairwise(found) for a, b in zip(one, other, strict=True)) < 0.03


def test_black_is_flipped_fully() -> None:
    """Black turns white on a dark page, white black on a light one, whatever is done to the rest."""
    for greys in Greys:
        assert outcomes(Side.of(DARK, 3), greys)[0][0] == pytest.approx(1)
        assert outcomes(Side.of(LIGHT, 3), greys)[-1][0] == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize("page", [DARK, LIGHT])
def test_near_black_is_flipped_to_near_white(page) -> None:
    """On a light page as on a dark one, or what nobody sees in black would show in the white that it becomes."""
    side = Side.of(page, 3)
    near_black = [value for at, (value, _) in enumerate(outcomes(side, Greys.FLIP)) if at * 15 / WHITE_TONE < 0.15]
    assert min(near_black) > 0.97


def test_what_reads_is_kept() -> None:
    """Grey and colour that read already stay, unless greys are flipped; then white turns black."""
    side = Side.of(DARK, 3)
    assert outcomes(side, Greys.KEEP)[-1] == pytest.approx((1, 1))
    assert outcomes(side, Greys.FLIP)[-1] == pytest.approx((0, 1), abs=1e-6)


@pytest.mark.parametrize("page", [DARK, LIGHT, MID])
def test_what_may_not_move_is_not_moved(page) -> None:
    """Where no table moves a colour it is said to stay, and nowhere else."""
    tones = pyvips.Image.identity(ushort=True, size=WHITE_TONE + 1)
    side = Side.of(page, 3)
    for chroma in (0.0, 0.03, 0.059, 0.061, 0.2):
        row = (tones * 0 + chroma).cast("float")
        most = max(
            ((table[0] + table[1] * colourfulness(row)).abs() * (may_move(tones, row, side) == 0)).max()
            for table in (shifts(side, greys) for greys in Greys)
        )
        assert most < 0.001
        assert (may_move(tones, row, side) == 0).max() == (255 if chroma >= 0.06 else 0)
