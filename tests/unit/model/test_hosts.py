"""Hosts and URLs in normal form, and rules that name hosts."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from yarl import URL

from imgsvc.errors import InvalidRequest, SchemeNotAllowed, UserinfoNotAllowed
from imgsvc.model import hosts
from imgsvc.model.hosts import MAX_URL_CHARS, HostRules, normalise_host, normalise_url, origin_of


@pytest.mark.parametrize(
    ("host", "normal"),
    [
        ("Example.COM", "example.com"), ("example.com.", "example.com"), ("Bücher.example", "xn--bcher-kva.example"),
        ("xn--bcher-kva.example", "xn--bcher-kva.example"), ("127.0.0.1", "127.0.0.1"), ("[::1]", "::1"),
        ("2001:DB8:0:0::1", "2001:db8::1"), ("a_b.test", "a_b.test"), ("ｅxample.com", "example.com"),
    ],
)  # fmt: skip
def test_hosts(host, normal):
    """A host is lower case, ASCII and without its last dot; an address has its one spelling."""
    assert normalise_host(host) == normal


@pytest.mark.parametrize(
    "host", ["", ".", "a..b", "-a.test", "a-", "a b", "a/b", "a@b", "a%41", "x" * 254, "ü" * 100, "a\n"]
)
def test_no_hosts(host):
    """What is no host is refused."""
    with pytest.raises(ValueError, match=r"."):
        normalise_host(host)


@pytest.mark.parametrize(
    ("host", "normal"),
    [
        ("☕.com", "xn--53h.com"), ("☕\ufe0f.com", "xn--53h.com"), ("I❤.com", "xn--i-7iq.com"),
        ("www.☕。com.", "www.xn--53h.com"), ("bücher☕.de", "xn--bcher-kva7957d.de"), ("a-☕.com", "xn--a--ztx.com"),
        ("💩.la", "xn--ls8h.la"), ("👍🏽.com", "xn--on8h5e.com"), ("1\ufe0f\u20e3.ws", "xn--1-2sn.ws"),
        ("©.com", "xn--gba.com"), ("xn--53h.☕.com", "xn--53h.xn--53h.com"), ("™.com", "tm.com"),
    ],
)  # fmt: skip
def test_symbols(host, normal):
    """A name with symbols is the one that browsers make of it, whose ASCII form is itself again."""
    assert normalise_host(host) == normal
    assert normalise_host(normal) == normal


@pytest.mark.parametrize(
    "host",
    [
        "☕..com", ".☕", "-☕.com", "☕-.com", "xn--☕.com", "☕ .com", "☕a/b.com", "a℀b☕.com", "☕@x.com",
        "☕%2e.com", "☕:80.com", "☕a+.com", "☕?.com", "☕#.com", "☕\\.com", "☕\u202e.com", "☕\x00.com", "א☕.com",
        "⒈☕.com", "a\u2024☕.com", "☕\u200d☕.com", "☕\U000e0041.com", "\u0300☕.com", "☕" * 60 + ".com",
        ("☕" * 9 + ".") * 20 + "com", "[☕]",
    ],
)  # fmt: skip
def test_symbols_open_no_other_door(host):
    """With symbols in it a name is refused for all else for which it is refused without."""
    with pytest.raises(ValueError, match=r"."):
        normalise_host(host)


@given(st.text(st.sampled_from("☕❤x1１①②。．.-:/@%[]x\u202e\u200d\ufe0f\u20e3a℀⁄+"), min_size=1, max_size=12))
def test_symbols_make_names_only(text):
    """Whatever stands beside a symbol, what comes out is an ASCII name with Punycode in it, never an address."""
    with contextlib.suppress(ValueError):
        host = normalise_host(f"{text}☕.com")
        assert hosts._HOST.fullmatch(host)
        assert "xn--" in host
        assert not hosts.is_address(host)


@pytest.mark.parametrize(
    ("text", "normal"),
    [
        ("HTTP://A.Test", "http://a.test/"), ("http://a.test:80/x", "http://a.test/x"),
        ("https://a.test:443/x", "https://a.test/x"), ("https://a.test:80/x", "https://a.test:80/x"),
        ("http://a.test/x#y?z", "http://a.test/x"), ("http://a.test/a/../b/./c", "http://a.test/b/c"),
        ("http://a.test/%7Ea%2Fb%25", "http://a.test/~a%2Fb%25"), ("http://a.test/ä b", "http://a.test/%C3%A4%20b"),
        ("http://a.test?b=1", "http://a.test/?b=1"), ("http://a.test/?b=%20+%2f&a=1&a", "http://a.test/?b=%20+%2f&a=1&a"),
        ("http://a.test/?b= ä\n", "http://a.test/?b=%20%C3%A4%0A"), ("http://[::1]:81/", "http://[::1]:81/"),
        ("http://bücher.example./", "http://xn--bcher-kva.example/"), ("http://a.test/?", "http://a.test/"),
    ],
)  # fmt: skip
def test_urls(text, normal):
    """A URL has one spelling, but for its query, whose bytes are kept."""
    assert normalise_url(text) == normal


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("ftp://a.test/", SchemeNotAllowed), ("//a.test/", SchemeNotAllowed), ("", SchemeNotAllowed),
        ("javascript:alert(1)", SchemeNotAllowed), (" http://a.test/", SchemeNotAllowed),
        ("http://u:p@a.test/", UserinfoNotAllowed), ("http://u@a.test/", UserinfoNotAllowed),
        ("http://", InvalidRequest), ("http:/a.test", InvalidRequest), ("http://a.test:x/", InvalidRequest),
        ("http://a.test:70000/", InvalidRequest), ("http://a\\b.test/", InvalidRequest),
        ("http://[::1/", InvalidRequest),
        ("http://a\t.test/", InvalidRequest), ("http://a.test/\\..\\x", InvalidRequest),
        ("http://a.test/" + "x" * MAX_URL_CHARS, InvalidRequest),
    ],
)  # fmt: skip
def test_no_urls(text, error):
    """What is no http URL is refused for its own reason, and names the parameter."""
    with pytest.raises(error) as caught:
        normalise_url(text, param="src")

    assert type(caught.value) is error


@given(
    st.one_of(
        st.text(),
        st.text().map(lambda t: f"http://{t}"),
        st.text().map(lambda t: f"http://a.test/{t}"),
        st.text(st.characters(codec="ascii")).map(lambda t: f"https://{t}.test/?{t}"),
    )
)
def test_normal_form_is_stable(text):
    """Whatever comes in, an InvalidRequest comes out, or a URL that is its own normal form and plain ASCII."""
    with contextlib.suppress(InvalidRequest):
        normal = normalise_url(text)

        assert normalise_url(normal) == normal
        assert normal.isascii()
        assert normal.isprintable()
        assert " " not in normal
        assert str(URL(normal, encoded=True)) == normal


@given(st.from_regex(hosts._NORMAL, fullmatch=True))
def test_what_is_normal_already_is_not_changed(text):
    """What is taken for normal at the first look is what all of the rules come to."""
    if len(text) <= MAX_URL_CHARS and len(URL(text, encoded=True).raw_host) <= 253:
        assert normalise_url(text) == hosts._normalised(text, "url") == text


@pytest.mark.parametrize(
    "text",
    [
        "http://a.test/..", "http://a.test/a/./b", "http://a.test:80/", "http://a.test", "http://a.test/%41",
        "http://a.test/%2f", "http://a.test/?", "http://a.test:443/", "http://a.test/%zz", "http://a.test:0/",
    ],
)  # fmt: skip
def test_what_may_not_be_normal_is_looked_at(text):
    """Dot segments, ports that may be the scheme's, and escapes that a parser decodes are not taken as they are."""
    assert hosts._NORMAL.fullmatch(text) is None


@pytest.mark.parametrize(
    ("host", "is_one"),
    [("1.2.3.4", True), ("::1", True), ("fe80::1%eth0", True), ("1.2.3", False), ("a1", False), ("a.test", False),
     ("1.2.3.４", False), ("", False), ("[::1]", False), ("01.2.3.4", False)],
)  # fmt: skip
def test_addresses(host, is_one):
    """An address is told from a name."""
    assert (hosts.address_of(host) is not None) == is_one == hosts.is_address(host)


def test_rules():
    """Exact names, suffixes without the name itself, any host, and the store are told apart."""
    rules = HostRules.parse(["a.test", "*.B.test.", "store:"])

    assert rules.match("a.test") == "a.test"
    assert rules.match("x.a.test") is None
    assert rules.match("x.y.b.test") == "*.b.test"
    assert rules.match("b.test") is None
    assert rules.match("xb.test") is None
    assert rules.store
    assert not rules.anything
    assert HostRules.parse(["*"]).match("anything.test") == "*"
    assert HostRules().match("a.test") is None


@pytest.mark.parametrize("item", ["a b", "*.", "*a.test", "http://a.test", "a.*.test", "a.test/x"])
def test_bad_rules(item):
    """An item of no known shape is refused."""
    with pytest.raises(ValueError, match=r"."):
        HostRules.parse([item])


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("https://Pbs.example/a?b", ("pbs.example", 443)), ("http://[::1]:80/", ("::1", 80)),
        ("HTTP://Bücher.example./a", ("xn--bcher-kva.example", 80)), ("http://a.test:8080/x y", ("a.test", 8080)),
        ("https://a.test/x?domain=", ("a.test", 443)),
    ],
)  # fmt: skip
def test_origins(url, origin):
    """Host and port are those of the URL's normal form."""
    normal = URL(normalise_url(url), encoded=True)

    assert origin_of(url) == origin == (normal.raw_host, normal.port)
