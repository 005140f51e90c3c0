"""Variables of a drawing's style sheet, put in where they are used."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from imgsvc.errors import SourceTooLarge
from imgsvc.transform.svg_names import MAX_SVG_BYTES, SVG_NAMESPACE
from imgsvc.transform.svg_sanitiser import parse, sanitise
from imgsvc.transform.svg_scheme import in_scheme
from imgsvc.transform.svg_variables import MAX_VALUE_CHARS
from tests.unit.transform.svg_renderers import pixel, renderer

SECONDS = 5
"""Far more than the most hostile document takes, and far less than one that multiplies."""

FRAGMENTS = st.sampled_from(
    ["url", "(", ")", "var(--a)", "var(--b,", "var(--c", "#x", "http://evil.test/", "red", ",", " ", "@import", "--a",
     "u", "rl(", "'", "!important", "javascript:"]
)  # fmt: skip
VALUES = st.lists(FRAGMENTS, max_size=6).map("".join)


def drawing(css: str, attributes: str = "", root: str = "") -> bytes:
    """Write a sanitised square with a style sheet."""
    return sanitise(
        f'<svg xmlns="{SVG_NAMESPACE}" width="8" height="8" {root}><style>{css}</style>'
        f'<rect width="8" height="8" {attributes}/></svg>'.encode()
    )


def filled(css: str, attributes: str = "", root: str = "", scheme: str = "") -> str | None:
    """Give what the square's attribute ``fill`` says once variables are put in; none where nothing is."""
    return parse(in_scheme(drawing(css, attributes, root), scheme))[-1].get("fill")


@pytest.mark.parametrize(
    ("css", "value", "expected"),
    [
        (":root{--a:#123456}", "var(--a)", "#123456"),
        (":ROOT{--a:red}", "VAR( --a )", "red"),
        ("svg{--Main:red}", "var(--Main)", "red"),
        ("*{--a:red}", "var(--a, blue)", "red"),
        ("p, svg {--a:red!important}", "var(--a)", "red"),
        (":root{--a:red;--a:blue}", "var(--a)", "blue"),
        (":root{--a:red}:root{--a:blue}", "var(--a)", "blue"),
        (":root{--a:12}", "rgb(var(--a), var(--a) 3)", "rgb(12, 12 3)"),
        (":root{--a:var(--b);--b:var(--c);--c:red}", "var(--a)", "red"),
        (":root{--b:red;--a:var(--b)}", "var(--a)", "red"),
        (":root{--a:var(--z, red)}", "var(--a)", "red"),
        ("", "var(--z, rgb(1, 2, max(3, 4)))", "rgb(1, 2, max(3, 4))"),
        (":root{--a:red}", "var(--y, var(--z, var(--a)))", "red"),
        ("", "var(--z)", "var(--z)"),
        ("path{--a:red}", "var(--a, blue)", "blue"),
        ("@media print{:root{--a:red}}", "var(--a, blue)", "blue"),
        (":root{--a:var(--a)}", "var(--a, blue)", "blue"),
        (":root{--a:var(--b);--b:var(--a)}", "var(--a, blue)", "blue"),
        (":root{--a:" + "x" * 513 + "}", "var(--a, blue)", "blue"),
    ],
)
def test_values(css, value, expected) -> None:
    """The last value for the whole drawing stands, else the fallback; one made of itself is none."""
    assert filled(css, f'fill="{value}"') == expected


def test_places() -> None:
    """Variables are put into sheets, styles and presentation attributes, and into nothing else."""
    data = drawing(":root{--a:red}rect{fill:var(--a)}", 'stroke="var(--a)" style="color:var(--a)" id="var(--a)"')
    rect = parse(in_scheme(data, ""))[-1]
    assert rect.attrib == {"width": "8", "height": "8", "stroke": "red", "style": "color:red", "id": "var(--a)"}
    assert rect.getprevious().text == ":root{--a:red}rect{fill:red}"


def test_the_root_s_own_style_goes_first() -> None:
    """What the root's style declares stands, even before a sheet that comes later in the document."""
    assert filled(":root{--a:blue}", 'fill="var(--a)"', root='style="--a:red"') == "red"


def test_schemes_come_first() -> None:
    """A variable has the value of the scheme that is drawn, and that of no block where none is known."""
    css = ":root{--a:red}@media (prefers-color-scheme: dark){:root{--a:blue}}"
    schemes = ("", "light", "dark")
    assert [filled(css, 'fill="var(--a)"', scheme=scheme) for scheme in schemes] == ["red", "red", "blue"]


@pytest.mark.parametrize(
    ("css", "value"),
    [
        (":root{--a:url}", "var(--a)(http://evil.test/)"),
        (":root{--a:u;--b:rl}", "var(--a)var(--b)(//evil.test/)"),
        (":root{--a:url;--b:(http://evil.test/)}", "var(--a)var(--b)"),
        ("", "var(--z,url)(http://evil.test/)"),
    ],
)
def test_harmless_pieces_make_nothing_harmful(css, value) -> None:
    """An address that comes together from pieces is dropped wherever it would stand, as the sanitiser drops it."""
    data = drawing(f"{css}rect{{fill:{value}}}", f'fill="{value}" style="fill:{value}"')
    assert b"evil" in data
    shown = parse(in_scheme(data, ""))
    assert (shown[-1].get("fill"), shown[-1].get("style")) == ("", "")
    assert "rect" not in (shown[0].text or "")


@settings(max_examples=300, deadline=None)
@given(VALUES, VALUES, VALUES)
def test_what_comes_out_is_sanitised(first, second, used) -> None:
    """Whatever is put together, sanitising it once more finds nothing to drop."""
    declared = f":root{{--a:{first};--b:{second}}}rect{{fill:{used}}}"
    shown = in_scheme(drawing(declared.replace("<", ""), f'fill="{used}" style="fill:{used}"'), "")
    before, after = (etree.tostring(parse(each), method="c14n") for each in (shown, sanitise(shown)))
    for empty in (b' fill=""', b' style=""', b"<style></style>"):
        before, after = before.replace(empty, b""), after.replace(empty, b"")
    assert before == after


def chain(count: int, value: str) -> str:
    return "".join(f"--a{at}:{value.replace('N', str(at + 1))};" for at in range(count))


@pytest.mark.parametrize(
    ("css", "value"),
    [
        (f":root{{{chain(2000, 'var(--aN)var(--aN)')}--a2000:red}}", "var(--a0)"),
        (f":root{{{chain(20, 'var(--aN)var(--aN)')}--a20:red}}", "var(--a0)"),
        (f":root{{{chain(30000, 'var(--aN)')}--a30000:red}}", "var(--a0)"),
        ("", "var(--z," * 90_000 + ")" * 90_000),
        ("", "var(--z,(x)(x)" * 50_000 + ")" * 50_000),
        ("", "var(--z var(--z " * 50_000 + ")" * 100_000),
        ("", "var(--" + "a" * 900_000 + " b)"),
    ],
    ids=["doubling", "doubling to 20 MB", "chain", "nested", "brackets", "broken", "long name"],
)
def test_hostile_ones_stay_small_and_quick(css, value) -> None:
    """What would double, or nest for ever, grows by a few values at most and takes its time once."""
    data, begun = drawing(css, f'fill="{value}"'), time.process_time()
    assert len(in_scheme(data, "")) < len(data) + 4 * MAX_VALUE_CHARS
    assert time.process_time() - begun < SECONDS


@pytest.mark.parametrize("count", [1000, 60_000])
def test_many_uses_of_a_long_one(count) -> None:
    """A drawing grows by 1 MiB at most; beyond, it is too large."""
    data = drawing(f":root{{--a:{'x' * 500}}}" + "p{fill:var(--a)}" * count)
    if count == 1000:
        assert len(data) < len(in_scheme(data, "")) < MAX_SVG_BYTES
    else:
        with pytest.raises(SourceTooLarge):
            in_scheme(data, "")


async def test_the_declared_colours_are_drawn() -> None:
    """Where the renderer drew black, each page gets the colour that is meant for it."""
    data = drawing(
        ":root{--a:#123456}rect{fill:var(--a)}@media (prefers-color-scheme: dark){:root{--a:#fedcba}}",
    )
    async with renderer() as subject:
        drawn = [pixel(await subject.render(in_scheme(data, s), 8, 8), 4, 4) for s in ("", "light", "dark")]
    assert drawn == [(0x12, 0x34, 0x56, 255), (0x12, 0x34, 0x56, 255), (0xFE, 0xDC, 0xBA, 255)]
