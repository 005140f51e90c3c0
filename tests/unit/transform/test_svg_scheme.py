"""Drawings with colour schemes of their own."""

import pytest

from imgsvc.errors import CorruptImage
from imgsvc.transform.svg_names import SVG_NAMESPACE
from imgsvc.transform.svg_sanitiser import sanitise
from imgsvc.transform.svg_scheme import in_scheme
from tests.unit.transform.svg_renderers import pixel, renderer

BLACK, GREEN, WHITE = (0, 0, 0, 255), (0, 255, 0, 255), (255, 255, 255, 255)
DARK_RULE = "rect{fill:#0f0}"


def drawing(css: str, media: str = "") -> bytes:
    """Write a sanitised square with a style."""
    attribute = f' media="{media}"' if media else ""
    return sanitise(
        f'<svg xmlns="{SVG_NAMESPACE}" width="8" height="8"><style{attribute}>{css}</style>'
        '<rect width="8" height="8"/></svg>'.encode()
    )


def styles(data: bytes) -> str:
    """Give the rules of a drawing that has but one style."""
    return data.decode().partition("<style>")[2].partition("</style>")[0]


@pytest.mark.parametrize(
    ("query", "schemes"),
    [
        ("(prefers-color-scheme: dark)", {"dark"}),
        ("( PREFERS-color-scheme : LIGHT )", {"light"}),
        ("not all and (prefers-color-scheme: dark)", {"light"}),
        ("(prefers-color-scheme: light) and (min-width:1px)", {"light"}),
        ("print and (prefers-color-scheme: dark)", set()),
        ("(prefers-color-scheme: dark) and (hover)", None),
        ("screen", None),
        ("print", None),
    ],
)
def test_queries(query, schemes) -> None:
    """A block is drawn in the schemes that it is for and in no other; one that asks for none (None) stays."""
    data = drawing(f"rect{{fill:#000}}@media {query}{{{DARK_RULE}}}")
    for scheme in ("light", "dark"):
        drawn = styles(in_scheme(data, scheme))
        if schemes is None:
            assert drawn == styles(data)
        else:
            assert drawn == "rect{fill:#000}" + DARK_RULE * (scheme in schemes)


def test_a_bracket_may_follow_at_once() -> None:
    """Minifiers leave the space out; it comes through the sanitiser."""
    data = drawing(f"@media(prefers-color-scheme:dark){{{DARK_RULE}}}")
    assert styles(in_scheme(data, "dark")) == DARK_RULE


def test_rules_stay_in_their_order() -> None:
    """A block's rules stand where it stood, so that what comes after still goes before them."""
    data = drawing(f"a{{fill:red}}@media (prefers-color-scheme:dark){{{DARK_RULE}b{{fill:red}}}}c{{fill:red}}")
    assert styles(in_scheme(data, "dark")) == f"a{{fill:red}}{DARK_RULE}b{{fill:red}}c{{fill:red}}"


def test_other_media_are_left() -> None:
    """Also inside a block that is unwrapped; nothing inside them is looked for."""
    inside = "@media print{a{fill:red}}"
    data = drawing(
        f"@media (prefers-color-scheme:dark){{{inside}{DARK_RULE}}}"
        f"@media print{{@media (prefers-color-scheme:light){{{DARK_RULE}}}}}"
    )
    left = f"@media print{{@media (prefers-color-scheme:light){{{DARK_RULE}}}}}"
    assert styles(in_scheme(data, "dark")) == inside + DARK_RULE + left
    assert styles(in_scheme(data, "light")) == left


def test_a_style_s_own_media_count() -> None:
    """A style element for one scheme, which used to be taken for one for all, is a block."""
    data = drawing(DARK_RULE, media="(prefers-color-scheme: dark)")
    assert styles(data) == f"@media (prefers-color-scheme: dark){{{DARK_RULE}}}"
    assert sanitise(data) == data
    assert styles(in_scheme(data, "dark")) == DARK_RULE
    assert styles(drawing(DARK_RULE, media="screen")) == DARK_RULE
    assert b"<style" not in drawing(DARK_RULE, media="x{}*")


@pytest.mark.parametrize(
    "block",
    [
        "@import url(http://evil.test/);",
        "a{fill:url(http://evil.test/#a)}",
        "a{behavior:url(#x)}",
        "@font-face{font-family:x;src:url(http://evil.test/)}",
        "a{fill:u\\72 l(http://evil.test/)}",
    ],
)
def test_nothing_dangerous_hides_in_a_block(block) -> None:
    """What the sanitiser drops elsewhere it drops there too, so that unwrapping brings nothing to life."""
    data = drawing(f"@media (prefers-color-scheme: dark){{{block}{DARK_RULE}}}")
    assert b"evil" not in data
    assert b"behavior" not in data
    assert styles(in_scheme(data, "dark")) == DARK_RULE
    unwrapped = in_scheme(data, "dark")
    assert sanitise(unwrapped) == unwrapped


def test_most_drawings_are_not_even_parsed() -> None:
    """Without the words, or without a scheme, the very bytes come back, whatever they are."""
    assert in_scheme(b"no drawing", "dark") == b"no drawing"
    data = drawing("@media (prefers-color-scheme: dark){a{fill:red}}")
    assert in_scheme(data, "") is data
    with pytest.raises(CorruptImage):
        in_scheme(b"prefers-color-scheme", "dark")


async def test_the_scheme_that_is_asked_for_is_drawn() -> None:
    """Dark rules where dark is preferred, light ones where light is, and neither where nothing is known."""
    data = drawing(
        "rect{fill:#000}@media (prefers-color-scheme: dark){rect{fill:#fff}}"
        "@media (prefers-color-scheme: light){rect{fill:#0f0}}"
    )
    async with renderer() as subject:
        drawn = {s: pixel(await subject.render(in_scheme(data, s), 8, 8), 4, 4) for s in ("", "light", "dark")}
    assert drawn == {"": BLACK, "light": GREEN, "dark": WHITE}
