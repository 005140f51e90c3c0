"""The query taken apart."""

from urllib.parse import parse_qsl, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imgsvc.errors import InvalidRequest
from imgsvc.web.query import MAX_PAIRS, Pair, decode_query, ignorable


@pytest.mark.parametrize(
    ("raw", "pairs"),
    [
        ("", []), ("&&", []), ("a", [Pair("a", "")]), ("a=b=c", [Pair("a", "b=c")]),
        ("%61=%2B+%20", [Pair("a", "+  ")]),
        ("a;b=1", [Pair("a;b", "1")]), ("=x", [Pair("", "x")]), ("a=%C3%BC", [Pair("a", "ü")]),
        ("a=ü", [Pair("a", "ü")]),
        ("a=%FF", [Pair("a", "�", well_formed=False)]), ("a=1%", [Pair("a", "1%", well_formed=False)]),
        ("a=%0g", [Pair("a", "%0g", well_formed=False)]), ("a=%25zz", [Pair("a", "%zz")]),
    ],
)  # fmt: skip
def test_pairs(raw, pairs):
    """Blank values stay, plus is a space, what cannot be read is marked."""
    assert list(decode_query(raw)) == pairs


def test_most_pairs():
    """The limit itself is allowed, one more is not."""
    assert len(decode_query("a&" * MAX_PAIRS)) == MAX_PAIRS
    with pytest.raises(InvalidRequest):
        decode_query("a&" * (MAX_PAIRS + 1))


@given(st.lists(st.tuples(st.text(min_size=1), st.text()), max_size=20))
def test_round_trip(pairs):
    """What a form encodes comes back, as the standard library reads it."""
    raw = urlencode(pairs)
    assert [(p.name, p.value) for p in decode_query(raw)] == parse_qsl(raw, keep_blank_values=True) == pairs
    assert all(p.well_formed for p in decode_query(raw))


@given(st.lists(st.text()))
def test_ignorable_is_fit_for_a_header(names):
    """Names can be joined by commas in a header and taken apart again."""
    listed = ignorable([Pair(name, "") for name in names])
    joined = ", ".join(listed)
    assert joined.isascii()
    assert joined.isprintable()
    assert tuple(joined.split(", ") if joined else ()) == listed
