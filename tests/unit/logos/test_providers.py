"""Services that know icons of domains."""

import pytest

from imgsvc.logos.candidate import LogoSource, TrustClass
from imgsvc.logos.providers import Provider
from imgsvc.settings import LogoSettings

SETTINGS = LogoSettings()


def test_google():
    """Google is asked for 256 px and then for 128, by its own address."""
    google = Provider.parse(SETTINGS.google_url, LogoSource.GOOGLE)

    found = google.candidates("example.com")

    assert [c.url for c in found] == [
        "https://www.google.com/s2/favicons?domain=example.com&sz=256",
        "https://www.google.com/s2/favicons?domain=example.com&sz=128",
    ]
    assert [c.declared_px for c in found] == [256, 128]
    assert {c.source for c in found} == {LogoSource.GOOGLE}
    assert {c.trust for c in found} == {TrustClass.SERVICE}


def test_duckduckgo():
    """A template without a size is asked once, and promises none."""
    found = Provider.parse(SETTINGS.duckduckgo_url, LogoSource.DUCKDUCKGO).candidates("example.co.uk")

    assert [c.url for c in found] == ["https://icons.duckduckgo.com/ip3/example.co.uk.ico"]
    assert found[0].declared_px is None


@pytest.mark.parametrize(
    ("template", "url"),
    [
        ("https://img.logo.test/{domain}?token=pk_1&size={size}", "https://img.logo.test/a.com?token=pk_1&size=256"),
        ("http://127.0.0.1:8081/i/{size}/{domain}", "http://127.0.0.1:8081/i/256/a.com"),
        ("https://x.test/?a={domain}&b={domain}", "https://x.test/?a=a.com&b=a.com"),
    ],
)
def test_any_service(template, url):
    """Any template with a domain in path or query works, at any address the operator writes."""
    (candidate,) = Provider.parse(template).candidates("a.com")

    assert candidate.url == url
    assert candidate.source is LogoSource.SERVICE


@pytest.mark.parametrize(
    "template",
    [
        "", "https://x.test/", "https://x.test/{size}", "https://x.test/{domain}/{colour}", "https://x.test/{domain}/{",
        "https://{domain}/favicon.ico", "https://{domain}.x.test/", "https://x.test:{size}/{domain}",
        "{domain}://x.test/",
        "ftp://x.test/{domain}", "x.test/{domain}", "https://u:p@x.test/{domain}", "https:///{domain}",
        "https://x.test/#{domain}", "https://x.test/{{domain}}", "https://x.test/{domain!r}",
    ],
)  # fmt: skip
def test_no_templates(template):
    """A template without a domain, with other braces, of no http URL, or with a host that clients choose is refused."""
    with pytest.raises(ValueError, match=r"."):
        Provider.parse(template)


def test_a_domain_stays_in_its_place():
    """Whatever is put in for the domain cannot end the path or begin another parameter."""
    (candidate,) = Provider.parse("https://x.test/{domain}?k=1").candidates("a/../b?c#e")

    assert candidate.url == "https://x.test/a%2F..%2Fb%3Fc%23e?k=1"


@pytest.mark.parametrize(
    ("template", "source", "is_usual", "shown"),
    [
        ("https://x.test/{domain}?token=t", LogoSource.SERVICE, False, "https://x.test/"),
        ("https://x.test:81/t/{domain}", LogoSource.SERVICE, False, "https://x.test:81/"),
        ("https://x.test/f?domain={domain}&key=k", LogoSource.GOOGLE, False, "https://x.test/f"),
        ("https://x.test/f?domain={domain}", LogoSource.GOOGLE, True, "https://x.test/f?domain=a.com"),
    ],
)
def test_tokens_are_not_shown(template, source, is_usual, shown):
    """What may be a token in an operator's template is not shown; the shipped ones hold none."""
    (candidate, *_) = Provider.parse(template, source, is_usual=is_usual).candidates("a.com")

    assert candidate.shown_url == shown
    assert candidate.url.startswith("https://x.test")
