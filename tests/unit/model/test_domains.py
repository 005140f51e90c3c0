"""Which hosts belong together."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imgsvc.model.domains import Domains

DOMAINS = Domains()
LABELS = st.lists(st.from_regex(r"[a-z0-9]([a-z0-9-]{0,8}[a-z0-9])?", fullmatch=True), min_size=1, max_size=8)


@pytest.mark.parametrize(
    ("host", "domain"),
    [
        ("example.com", "example.com"), ("a.b.example.com", "example.com"), ("images.example.co.uk", "example.co.uk"),
        ("a.x.github.io", "x.github.io"), ("a.bucket.s3.amazonaws.com", "bucket.s3.amazonaws.com"),
        ("a.b.c.kawasaki.jp", "b.c.kawasaki.jp"), ("a.city.kawasaki.jp", "city.kawasaki.jp"), ("a.www.ck", "www.ck"),
        ("a.xn--85x722f.com.cn", "xn--85x722f.com.cn"), ("a.b.xn--fiqs8s", "b.xn--fiqs8s"), ("a_b.c.com", "c.com"),
    ],
)  # fmt: skip
def test_registrable(host, domain):
    """A domain is what stands right below a public suffix, be it listed by its registry or by a company."""
    assert DOMAINS.registrable(host) == domain


@pytest.mark.parametrize("host", ["a.dead.test", "a.b.dead.test", "dead.test"])
def test_unknown_suffix(host):
    """Below a suffix nobody knows the last two labels are a domain."""
    assert DOMAINS.registrable(host) == "dead.test"


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "8.8.8.8", "::1", "2001:db8::7", "localhost", "cms", "com", "co.uk", "github.io", "foo.ck", ""],
)
def test_stands_for_itself(host):
    """An address, a single label and a public suffix have nothing in common with others."""
    assert DOMAINS.registrable(host) == host


def test_neighbours_of_a_host():
    """Addresses that share their last two numbers, and customers of one company, are strangers."""
    assert DOMAINS.registrable("1.2.8.8") != DOMAINS.registrable("8.8.8.8")
    assert DOMAINS.registrable("a.github.io") != DOMAINS.registrable("b.github.io")


@given(LABELS)
def test_any_host(labels):
    """A domain is the end of its host, at a dot, and its own domain."""
    host = ".".join(labels)
    domain = DOMAINS.registrable(host)

    assert f".{host}".endswith(f".{domain}")
    assert DOMAINS.registrable(domain) == domain
