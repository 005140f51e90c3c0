"""Colours of CSS that the renderer does not know."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from imgsvc.transform.svg_sanitiser import parse, sanitise
from imgsvc.transform.svg_scheme import in_scheme
from tests.unit.transform.svg_renderers import pixel, renderer
from tests.unit.transform.test_svg_variables import drawing, filled

RED = "rgba(255,0,0,1.000)"
FRAGMENTS = st.sampled_from(
    ["oklch(", "oklab(", "light-dark(", "(", ")", ",", " ", "/", "0.6", "50%", "1e9", "none", "url", "rl(", "#x", "red",
     "u", "http://evil.test/", "rgb(1,2,3)", "30deg", "-", "'"]
)  # fmt: skip


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("oklch(0.627955 0.257683 29.2339)", RED), ("OKLCH( 62.7955% 64.42075% 29.2339deg )", RED),
        ("oklch(62.7955% .257683 .0812052777turn)", RED), ("oklch(1 none none)", "rgba(255,255,255,1.000)"),
        ("oklch(0.627955 0.257683 29.2339 / 50%)", "rgba(255,0,0,0.500)"), ("oklch(9 0 0)", "rgba(255,255,255,1.000)"),
        ("oklab(0.627955 0.224863 0.125846)", RED), ("oklab(0.627955 0.224863 0.125846/7)", RED),
        ("light-dark(red, blue)", "red"), ("light-dark(oklch(0 0 0), rgb(1, 2, 3))", "rgba(0,0,0,1.000)"),
        ("oklch(0.6 0.2)", "oklch(0.6 0.2)"), ("oklch(0.6 0.2 x)", "oklch(0.6 0.2 x)"),
        ("oklab(0.6 30deg 0)", "oklab(0.6 30deg 0)"), ("light-dark(red)", "light-dark(red)"),
        ("color(display-p3 1 0 0)", "color(display-p3 1 0 0)"), ("x-oklch(0 0 0)", None),
    ],
)  # fmt: skip
def test_values(value, expected) -> None:
    """What browsers show is written as sRGB; what is wrong, and what is not meant, stays."""
    assert filled("", f'fill="{value}"') == expected


def test_the_scheme_chooses() -> None:
    """Of two colours the second is for dark pages, the first for all others."""
    found = [filled("", 'fill="light-dark(red, rgb(1, 2, 3))"', scheme=scheme) for scheme in ("", "light", "dark")]
    assert found == ["red", "red", "rgb(1, 2, 3)"]


def test_places() -> None:
    """They are written in sheets, styles and presentation attributes, with variables in them, and nowhere else."""
    data = drawing(
        ":root{--a:0.627955}rect{fill:oklch(var(--a) 0.257683 29.2339)}", 'style="fill:oklch(0 0 0)" id="oklch(0 0 0)"'
    )
    rect = parse(in_scheme(data, ""))[-1]
    assert (rect.get("style"), rect.get("id")) == ("fill:rgba(0,0,0,1.000)", "oklch(0 0 0)")
    assert rect.getprevious().text == f":root{{--a:0.627955}}rect{{fill:{RED}}}"


@settings(max_examples=300, deadline=None)
@given(st.lists(FRAGMENTS, max_size=9).map("".join), st.sampled_from(["", "dark"]))
def test_what_comes_out_is_sanitised(value, scheme) -> None:
    """Whatever is chosen and written, sanitising it once more finds nothing to drop."""
    shown = in_scheme(drawing(f"rect{{fill:{value}}}", f'fill="{value}" style="fill:{value}"'), scheme)
    before, after = (etree.tostring(parse(each), method="c14n") for each in (shown, sanitise(shown)))
    for empty in (b' fill=""', b' style=""', b"<style></style>"):
        before, after = before.replace(empty, b""), after.replace(empty, b"")
    assert before == after


async def test_the_colours_are_drawn() -> None:
    """Where the renderer drew black, it draws the colour, for each page its own."""
    data = drawing("rect{fill:light-dark(oklch(0.627955 0.257683 29.2339),oklch(1 0 0))}")
    async with renderer() as subject:
        drawn = [pixel(await subject.render(in_scheme(data, s), 8, 8), 4, 4) for s in ("", "light", "dark")]
    assert drawn == [(255, 0, 0, 255), (255, 0, 0, 255), (255, 255, 255, 255)]
