"""Heads that are kept: what they say, and until when."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from imgsvc.pressure.levels import SystemStatus
from imgsvc.services.answers import Served, Tier
from imgsvc.settings import ServerSettings
from imgsvc.web.conditional import Conditions, Unsatisfiable
from imgsvc.web.hits.forms import Asking, UnfitError, make_form
from imgsvc.web.responses import moving_headers
from imgsvc.web.terms import Terms
from tests.support.blobs import blob_of

OK, WARNING = SystemStatus.HEALTHY, SystemStatus.MEMORY_WARNING
NO_TERMS = Terms()
BLOB = blob_of(b"x" * 100)
"""Fetched at second 1000, fresh for 100."""


def form_of(terms: Terms = NO_TERMS, *, now: float = 1010.0, blob=BLOB, conditions: Conditions | None = None, **env):
    asking = Asking("GET", "/", conditions or Conditions())
    served = Served(blob, Tier.MEMORY, hit=True)
    form = make_form(asking, (served, terms), ServerSettings.from_env(env), OK)
    form.move(served, now)
    return form


@given(
    st.floats(990, 1300, allow_nan=False),
    st.floats(0, 3, allow_nan=False),
    st.sampled_from([None, 1050, 1200]),
    st.sampled_from([None, 1033.25, 1099.5]),
    st.booleans(),
)
def test_it_says_the_same_until_it_says(now, later_seconds, expires_at, fresh_until, stands_in):
    """Before its end nothing but the date has changed that time decides, and its end is at most a second away."""
    terms = Terms(expires_at=expires_at, fresh_until=fresh_until, stands_in=stands_in and fresh_until is not None)
    form, served = form_of(terms, now=now), Served(BLOB, Tier.MEMORY, hit=True)

    assert now < form.until <= now + 1
    assert expires_at is None or form.until <= math.floor(now) + 1
    if now + later_seconds < form.until:
        assert moving_headers(served, terms, now + later_seconds, 0) == moving_headers(served, terms, now, 0)


def test_what_makes_it_another():
    """Other terms, another state of the system, or of the answer; equal terms are the same."""
    form, served = form_of(Terms((("A", "b"),))), Served(BLOB, Tier.MEMORY, hit=True)

    assert form.holds((served, Terms((("A", "b"),))), OK)
    assert not form.holds((served, Terms((("A", "c"),))), OK)
    assert not form.holds((served, Terms((("A", "b"),))), WARNING)
    assert not form.holds((served._replace(stale=True), Terms((("A", "b"),))), OK)


def test_moving_on_keeps_what_is_fixed():
    """A later second changes the age, and nothing that does not depend on it."""
    form = form_of(now=1010.5)
    before = form.before, form.between
    form.move(Served(BLOB, Tier.MEMORY, hit=True), 1011.5)

    assert form.before == before[0].replace(b"ttl=90", b"ttl=89")
    assert form.between == before[1].replace(b"Age: 10", b"Age: 11")


@pytest.mark.parametrize("value", ["a\r\nSet-Cookie: b", "a\nb", "a\x00", "a\r"])
def test_no_header_is_split(value):
    """What aiohttp would refuse to send is not sent here either."""
    with pytest.raises(UnfitError):
        form_of(Terms((("Vary", value),)))


def test_what_has_no_such_range():
    """A range outside is for the slow path, which says so."""
    with pytest.raises(Unsatisfiable):
        form_of(conditions=Conditions(range="bytes=100-"))


def test_where_the_cdn_has_it():
    """A stored picture's address at the CDN is part of the head."""
    env = {"IMGSVC_CDN_BASE_URL": "https://cdn.test"}

    assert b"Content-Location: https://cdn.test/" in form_of(blob=replace(BLOB, stored=True), **env).between
    assert b"Content-Location" not in form_of(**env).between


def test_what_leads_to_the_cdn():
    """Where answers lead to the CDN, none is given here once that has the picture."""
    env = {"IMGSVC_CDN_BASE_URL": "https://cdn.test", "IMGSVC_DELIVERY": "redirect"}

    assert form_of(**env).has_body
    with pytest.raises(UnfitError):
        form_of(blob=replace(BLOB, stored=True), **env)
