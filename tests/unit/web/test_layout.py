"""CSS pixels, physical pixels and the ladder."""

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from imgsvc.model.spec import TransformSpec
from imgsvc.web.layout import LADDER_PX, Hints, lay_out, lower_quality, snap_to_ladder

SIDE = st.none() | st.integers(1, 8192)


@given(SIDE, SIDE, st.decimals(1, 4, places=3))
def test_ratio(width, height, dpr):
    """Sides grow by the ratio, half up, to the limit at most; absent ones stay absent."""
    spec, vary = lay_out(TransformSpec(width=width, height=height), dpr, Hints())
    for before, after in ((width, spec.width), (height, spec.height)):
        assert (before is None) == (after is None)
        if before and after:
            assert after == 8192 or abs(after - before * dpr) <= Decimal("0.5")
    assert vary == ()


@given(SIDE, SIDE)
def test_ladder_is_stable(width, height):
    """What is on the ladder stays there."""
    once = snap_to_ladder(TransformSpec(width=width, height=height))
    again = snap_to_ladder(once)
    assert again == once
    assert once.width in {None, *LADDER_PX}


@given(SIDE)
def test_ladder_never_shrinks_below_its_end(width):
    """A width up to the last rung only grows."""
    snapped = snap_to_ladder(TransformSpec(width=width)).width
    assert snapped is None or snapped >= min(width or 0, LADDER_PX[-1])


@given(st.text())
def test_hints_are_total(text):
    """No header text breaks the reading of hints."""
    hints = Hints(save_data=text, dpr=text, width=text)
    assert 1 <= (hints.hinted_dpr() or 1) <= 4
    assert 1 <= (hints.hinted_width_px() or 1) <= 8192
    assert hints.saves_data() in {True, False}


@given(st.integers(1, 100))
def test_quality_goes_down_by_twenty(quality):
    """An explicit quality is lowered in place."""
    assert lower_quality(TransformSpec(quality=quality)) == TransformSpec(quality=max(1, quality - 20))


def test_the_colour_scheme_is_a_hint_like_others():
    """A string or a token that says dark, whatever parameters follow; anything else, or nothing, does not."""
    for text in ('"dark"', "dark", "Dark;x=1"):
        assert Hints(colour_scheme=text).prefers_dark()
    for text in ("", "light", '"dark', "dark, light", "?1", "d" * 100, "ü"):
        assert not Hints(colour_scheme=text).prefers_dark()
