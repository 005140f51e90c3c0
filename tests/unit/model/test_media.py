"""Media queries, as far as they say for which colour schemes something is meant."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imgsvc.model.look import Theme
from imgsvc.model.media import SCHEME, is_for, schemes_of

DARK, LIGHT = "(prefers-color-scheme: dark)", "(prefers-color-scheme: light)"
WORDS = (
    "not ",
    "only ",
    "all",
    "print",
    " and ",
    ", ",
    DARK,
    LIGHT,
    "(min-width: 1px)",
    "(hover)",
    "(",
    ")",
    "or",
    ":",
)


@pytest.mark.parametrize(
    ("media", "schemes"),
    [
        ("", {"light", "dark"}),
        ("all", {"light", "dark"}),
        ("print", set()),
        (DARK, {"dark"}),
        ("(prefers-color-scheme:light)", {"light"}),
        ("( PREFERS-color-scheme : DARK )", {"dark"}),
        (f"screen and {DARK}", {"dark"}),
        (f"only screen and {DARK}", {"dark"}),
        (f"not all and {DARK}", {"light"}),
        (f"not {DARK}", {"light"}),
        (f"not print and {DARK}", {"light", "dark"}),
        (f"{DARK}, print", {"dark"}),
        (f"{DARK}, {LIGHT}", {"light", "dark"}),
        (f"{DARK} and {LIGHT}", set()),
        (f"print and {DARK}", set()),
        ("(prefers-color-scheme: no-preference)", set()),
        ("(prefers-color-scheme)", {"light", "dark"}),
        ("not (min-width: 600px)", {"light", "dark"}),
        (f"not (min-width: 600px) and {DARK}", {"dark"}),
        ("not screen and (max-width: 600px)", {"light", "dark"}),
    ],
)
def test_schemes(media, schemes):
    """Types, negation, conjunction and lists count as Media Queries say."""
    assert schemes_of(media) == schemes


@pytest.mark.parametrize(
    ("condition", "schemes"),
    [
        ("(min-width: 1px)", {"dark"}),
        ("(width >= 16px)", {"dark"}),
        ("(-webkit-min-device-pixel-ratio: 2)", {"dark"}),
        ("(prefers-contrast: no-preference)", {"dark"}),
        ("(prefers-contrast: more)", set()),
        ("(forced-colors: active)", set()),
        ("not (forced-colors: active)", {"dark"}),
        ("(hover)", None),
        ("not (hover)", None),
        ("(monochrome", None),
    ],
)
def test_what_is_asked_beside(condition, schemes):
    """Sizes are those of some screen, wishes are nobody's special ones, and for all else it is not known."""
    assert schemes_of(f"{DARK} and {condition}") == schemes
    assert schemes_of(f"{condition} and {DARK}") == schemes


def test_what_is_not_known_may_hold():
    """Only what is known not to hold is not meant for a page."""
    assert [is_for("(hover)", theme) for theme in Theme] == [True, True]
    assert [is_for(DARK, theme) for theme in (Theme.LIGHT, Theme.DARK)] == [False, True]


@given(st.lists(st.sampled_from(WORDS)).map("".join))
def test_any_text(media):
    """Whatever is written, the answer is about themes, and a list holds at least where its first query does."""
    first, listed = schemes_of(media), schemes_of(f"{media}, {DARK}")
    assert (listed is None) is (first is None)
    assert first is None or listed == first | {Theme.DARK}
    assert SCHEME in media or first in (None, frozenset(), frozenset(Theme))
