"""Cleaning of texts."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imgsvc.pages.text import clean


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("  a \n\t b\u00a0c ", "a b c"), ("a\x00b\x1bc\x9d", "abc"), ("a\u202eb\u2066c\u061c", "abc"),
        ("\ud800x\ufeff", "x"),
        ("👩\u200d💻", "👩\u200d💻"), ("a\x85b", "a b"), ("", ""), ("12345 7890", "12345"), ("x" * 99, "xxxxxx"),
    ],
)  # fmt: skip
def test_clean(text, cleaned):
    """White space is one space, controls are gone, joiners stay, and the end does not stick out."""
    assert clean(text, 6) == cleaned


@settings(deadline=None, derandomize=True)
@given(st.text(), st.integers(1, 40))
def test_clean_holds(text, max_chars):
    """A cleaned text fits, can be written as UTF-8, is one line, and cleaning it again changes nothing."""
    cleaned = clean(text, max_chars)

    assert len(cleaned) <= max_chars
    assert cleaned.encode().decode().splitlines() in ([], [cleaned])
    assert clean(cleaned, max_chars) == cleaned
