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


def head_of(form) -> bytes:
    """Put the pieces together, up to the request's name."""
    return b"".join((form.lead, form.constant, form.before, form.ttl, b"*", form.aged, form.between))


@pytest.mark.parametrize("terms", [NO_TERMS, Terms(expires_at=2000), Terms(for_next=True)])
def test_moving_on_keeps_what_is_fixed(terms):
    """A later second changes the age, and nothing that does not depend on it."""
    form = form_of(terms, now=1010.25)
    before = head_of(form)
    form.move(Served(BLOB, Tier.MEMORY, hit=True), 1011.25)

    assert b"ttl=90\r\nServer-Timing: *\r\nAge: 10\r\n" in before
    assert head_of(form) == before.replace(b"ttl=90", b"ttl=89").replace(b"Age: 10", b"Age: 11")


@given(
    st.floats(1000, 1001), st.floats(990, 1300), st.floats(0, 200), st.booleans(),
    st.sampled_from([NO_TERMS, Terms(for_next=True), Terms((("A", "b"),))]),
)  # fmt: skip
def test_ticking_says_what_moving_on_says(born, now, later_seconds, is_stale, terms):
    """Where only the time is another, numbers alone are made anew, to the byte as all would be."""
    blob = replace(BLOB, meta=replace(BLOB.meta, fetched_at=born))
    ticked, moved = (form_of(terms, now=now, blob=blob) for _ in range(2))
    ticked.tick(now + later_seconds)
    moved.move(Served(blob, Tier.MEMORY, hit=True), now + later_seconds)

    assert ticked.ticks
    assert head_of(ticked) == head_of(moved)
    assert (ticked.since, ticked.until) == (moved.since, moved.until)


@pytest.mark.parametrize("terms", [Terms(expires_at=1200), Terms(fresh_until=1050.0)])
def test_what_more_than_numbers_depends_on_does_not_tick(terms):
    """An end of the leave to ask, or of what was found, is in what is announced as well."""
    assert not form_of(terms).ticks


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
