"""How long an answer is fresh."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imgsvc.model.freshness import AHEAD_SECONDS, Freshness, http_date, is_fresh_at, judge, parse_cache_control

NOW = 784111777.0
DATE = "Sun, 06 Nov 1994 08:49:37 GMT"
HOUR_LATER = "Sun, 06 Nov 1994 09:49:37 GMT"


def judged(cache_control=None, *, expires=None, date=None, age=None, least=0, most=10**9) -> Freshness:
    return judge(
        cache_control=cache_control, expires=expires, date=date, age=age, now=NOW,
        min_ttl_seconds=least, max_ttl_seconds=most,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("cache_control", "seconds"),
    [
        ("max-age=60", 60),
        ("public, max-age=60", 60),
        ("MAX-AGE=60", 60),
        ('max-age="60"', 60),
        ("max-age = 60", 60),
        ("max-age=60, s-maxage=30", 30),
        ("s-maxage=0, max-age=60", 0),
        ("max-age=60, max-age=90", 60),
        ("no-cache, max-age=60", 0),
        ("max-age=-5", 0),
        ("max-age=1.5", 0),
        ("max-age=", 0),
        ("max-age=٦٠", 0),
        ("max-age=99999999999999999999", 10**9),
        ("s-maxage=x, max-age=60", 60),
        ("nonsense", 0),
        (",,=,", 0),
        ("", 0),
        (None, 0),
    ],
)
def test_cache_control(cache_control: str | None, seconds: int):
    """s-maxage goes before max-age; no-cache counts as 0; what is no number counts as not said."""
    assert judged(cache_control) == Freshness(seconds)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"expires": HOUR_LATER, "date": DATE}, 3600),
        ({"expires": HOUR_LATER}, 3600),
        ({"expires": DATE, "date": HOUR_LATER}, 0),
        ({"expires": "0"}, 0),
        ({"expires": HOUR_LATER, "date": "yesterday"}, 3600),
        ({"cache_control": "max-age=60", "expires": HOUR_LATER}, 60),
        ({"cache_control": "no-cache", "expires": HOUR_LATER}, 0),
        ({"cache_control": "max-age=60", "age": "20"}, 40),
        ({"cache_control": "max-age=60", "age": "90"}, 0),
        ({"cache_control": "max-age=60", "age": "soon"}, 60),
        ({"expires": HOUR_LATER, "date": DATE, "age": "600"}, 3000),
    ],
)
def test_other_headers(headers: dict[str, str], seconds: int):
    """Expires counts from Date where nothing better is said; the time already spent elsewhere is taken off."""
    assert judged(**headers).lifetime_seconds == seconds


@pytest.mark.parametrize("cache_control", ["no-store", "private", "private, max-age=60", "No-Store", 'private="x"'])
def test_not_to_be_shared(cache_control: str):
    """no-store and private keep an answer for one client."""
    assert judged(cache_control).shareable is False


def test_clamped():
    """The operator's bounds go before the source's word, 'never' included."""
    assert judged("no-cache", least=100).lifetime_seconds == 100
    assert judged(None, least=100).lifetime_seconds == 100
    assert judged("max-age=1000", most=500).lifetime_seconds == 500


@given(*[st.none() | st.text(max_size=60)] * 4)
def test_any_text(cache_control, expires, date, age):
    """Whatever a source sends, the verdict lies within the bounds."""
    verdict = judged(cache_control, expires=expires, date=date, age=age, least=10, most=20)
    assert 10 <= verdict.lifetime_seconds <= 20


def test_fresh_at():
    """Fresh until its end and not at it, and only when it was not fetched long after now."""
    assert is_fresh_at(199.9, 100, 200)
    assert not is_fresh_at(200, 100, 200)
    assert is_fresh_at(100 - AHEAD_SECONDS, 100, 200)
    assert not is_fresh_at(100 - AHEAD_SECONDS - 0.1, 100, 200)


def test_parse_cache_control():
    """Directives are folded to lower case; the first of equal ones counts."""
    assert parse_cache_control('Public, Max-Age="5" ,x=1,X=2') == {"public": "", "max-age": "5", "x": "1"}


@pytest.mark.parametrize(
    ("text", "at"),
    [
        (DATE, 784111777),
        ("Sunday, 06-Nov-94 08:49:37 GMT", 784111777),
        (None, None),
        ("", None),
        ("0", None),
        ("Sun, 99 Nov 1994 08:49:37 GMT", None),
        ("Sun, 06 Nov 99999 08:49:37 GMT", None),
    ],
)
def test_http_date(text: str | None, at: int | None):
    """Dates are read as unix seconds, and what is none is none."""
    assert http_date(text) == at
