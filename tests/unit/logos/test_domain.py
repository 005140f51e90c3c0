"""Whose logo is wanted."""

import contextlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imgsvc.errors import BadDomain, InvalidRequest
from imgsvc.logos.domain import Domain, DomainReader
from imgsvc.model.domains import Domains
from imgsvc.model.hosts import normalise_host

NAMED = frozenset(("site.test", "www.only.test", "127.0.0.1", "cms"))
READER = DomainReader(Domains(), NAMED.__contains__)


@pytest.mark.parametrize(
    ("text", "host"),
    [
        ("example.com", "example.com"), ("  Example.COM \n", "example.com"), ("example.com.", "example.com"),
        ("WWW.Example.com", "example.com"), ("blog.example.com", "blog.example.com"),
        ("https://www.example.com/a/b?c=d#e", "example.com"), ("HTTP://example.com:8080", "example.com"),
        ("//example.com/x", "example.com"), ("example.com/path", "example.com"), ("example.com?x=y@z", "example.com"),
        ("example.com:443", "example.com"), ("info@example.com", "example.com"),
        ("mailto:i.n+o@example.com", "example.com"),
        ("mailto:info@example.com?subject=x", "example.com"), ("https://example.com/@user", "example.com"),
        ("images/logos/example_com_google_a379a6f6.png", "example.com"),
        ("s3://images/logos/docs_example_co_uk_ddg_9762f51c.ico", "docs.example.co.uk"),
        ("images/logos/docs.example.co.uk.json", "docs.example.co.uk"), ("xn--i-7iq.ws", "xn--i-7iq.ws"),
        ("store:images/logos/example_com_google_a379a6f6.png", "example.com"),
        ("Bücher.de", "xn--bcher-kva.de"), ("xn--bcher-kva.de", "xn--bcher-kva.de"),
        ("straße.de", "xn--strae-oqa.de"),
        ("ｅxample。com", "example.com"), ("例え.jp", "xn--r8jz45g.jp"), ("a_b.example.com", "a_b.example.com"),
        ("☕.com", "xn--53h.com"), ("https://I❤\ufe0f.com/x", "xn--i-7iq.com"), ("hi@☕.co.uk", "xn--53h.co.uk"),
        ("www.gov.uk", "gov.uk"), ("github.io", "github.io"), ("www.com", "www.com"), ("www.ck", "www.ck"),
    ],
)  # fmt: skip
def test_websites(text, host):
    """A host is read out of hosts, URLs, e-mail addresses and keys, without its www."""
    assert READER.read(text).host == host


@pytest.mark.parametrize(
    ("text", "variants"),
    [
        ("example.com", ("example.com", "www.example.com")),
        ("www.example.com", ("example.com", "www.example.com")),
        ("docs.example.co.uk", ("docs.example.co.uk", "example.co.uk", "www.example.co.uk")),
        ("someone.github.io", ("someone.github.io", "www.someone.github.io")),
        ("www.gov.uk", ("gov.uk", "www.gov.uk")),
        ("127.0.0.1", ("127.0.0.1",)),
        ("cms", ("cms",)),
    ],
)
def test_variants(text, variants):
    """The host comes first, then its registrable domain, then that with www., each once."""
    assert READER.read(text).variants == variants


@pytest.mark.parametrize(
    "text",
    [
        "", " ", ".", "8.8.8.8", "http://8.8.8.8/", "[2001:db8::1]", "2001:db8::1", "https://[::1]:80/", "2130706433",
        "0x7f.1", "1.2.3", "localhost", "example", "a.nosuchsuffix", "www.nosuchsuffix", "ftp://example.com",
        "javascript://example.com", "https://", "a b.com", "exa mple.com", "ex*mple.com", "-a.com", "a..com",
        "☃", "☃..com", "☕.１２３", "☕@８.８.８.８",
        "https://user:pw@example.com/", "https://bank.com@evil.com/", "@example.com", "a@b@example.com",
        "example.com:http", "example.com:1:2", "x" * 254 + ".com", "x." * 2000 + "com",
        "images/logos/x_com_google_00000000.png",
        "a\x00.com", "example.com\\@evil.com", "a-.com", "xn--.com", "xn--a.com", "xn--zzzzzz99999.com",
        "http://example.com:99999/",
    ],
)  # fmt: skip
def test_no_websites(text):
    """Addresses, single labels, unknown suffixes and what is no host are refused, and the parameter is named."""
    with pytest.raises(BadDomain) as caught:
        READER.read(text, param="domain")

    assert caught.value.param == "domain"
    assert isinstance(caught.value, InvalidRequest)


@pytest.mark.parametrize(
    ("text", "host"),
    [
        ("http://site.test:81/", "site.test"), ("www.site.test", "site.test"), ("www.only.test", "only.test"),
        ("127.0.0.1:8080", "127.0.0.1"), ("http://cms/", "cms"),
    ],
)  # fmt: skip
def test_hosts_the_operator_named(text, host):
    """A host of the operator's own may have any suffix, or none, or be an address."""
    assert READER.read(text).host == host


def test_a_neighbour_of_a_named_host():
    """Naming one host below an unknown suffix does not let in others."""
    with pytest.raises(BadDomain):
        READER.read("other.test")


@pytest.mark.parametrize("text", ["аpple.com", "xn--pple-43d.com", "gооgle.com", "ⅽnn.com"])
def test_look_alikes(text):
    """A name in other letters is never taken for the one it looks like; compatibility forms are the same name."""
    host = READER.read(text).host

    assert host.startswith("xn--") or host == "cnn.com"
    assert host not in ("apple.com", "google.com")


@pytest.mark.parametrize(
    ("registrable", "label"),
    [
        ("example.co.uk", "example"), ("xn--bcher-kva.de", "bücher"), ("xn--zzzzzz.com", "xn--zzzzzz"),
        ("xn--i-7iq.ws", "xn--i-7iq"), ("cms", "cms"), ("a_b.com", "a_b"),
    ],
)  # fmt: skip
def test_label(registrable, label):
    """The name somebody chose is given in its own script, or as it stands where that cannot be."""
    assert Domain(registrable, registrable).label == label


@settings(deadline=None)
@given(st.one_of(st.text(), st.text().map("https://{}.com/".format), st.text().map("{}@example.com".format)))
def test_any_text(text):
    """Any text is refused, or gives a host that is its own normal form and reads as itself again."""
    with contextlib.suppress(BadDomain):
        domain = READER.read(text)

        assert normalise_host(domain.host) == domain.host
        assert READER.read(domain.host).registrable == domain.registrable
        assert 1 <= len(domain.variants) <= 3
