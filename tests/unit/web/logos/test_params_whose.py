"""Whose logo a query asks for: what a client may name, and under which names."""

import pytest

from imgsvc.errors import InvalidRequest, ObjectNotFound, SchemeNotAllowed
from imgsvc.web.logos.parameters import BESTICON, CANDIDATES, CLEARBIT, GOOGLE, INVERT, LOGO
from imgsvc.web.logos.params import parse_logo_query
from imgsvc.web.params import Hints
from tests.unit.web.logos.asking import ask


def whose(query: str, shape=LOGO):
    return parse_logo_query(query, Hints(), shape)


@pytest.mark.parametrize(
    ("query", "shape", "website", "param"),
    [
        ("website=a.test", LOGO, "a.test", "website"), ("domain=a.test", LOGO, "a.test", "domain"),
        ("url=http://a.test/x", LOGO, "http://a.test/x", "url"),
        ("website=+a.test%20", LOGO, "a.test", "website"), ("company=&website=a.test", LOGO, "a.test", "website"),
        ("domain=a.test&website=a.test", LOGO, "a.test", "domain"),
        ("domain=a.test", INVERT, "a.test", "domain"), ("website=a.test", INVERT, "a.test", "website"),
        ("url=&domain=a.test", INVERT, "a.test", "domain"),
        ("domain=a.test", GOOGLE, "a.test", "domain"), ("domain_url=a.test", GOOGLE, "a.test", "domain_url"),
        ("url=a.test", BESTICON, "a.test", "url"), ("url=a.test", CANDIDATES, "a.test", "url"),
    ],
)  # fmt: skip
def test_a_website(query, shape, website, param):
    """It is kept as sent, with the name under which it was."""
    question = whose(query, shape)
    assert (question.website, question.param, question.company, question.source) == (website, param, "", None)


@pytest.mark.parametrize("shape", [LOGO, CANDIDATES])
def test_a_company(shape):
    """Its name may hold anything."""
    question = whose("company=+Soci%C3%A9t%C3%A9+%26+S%C3%B6hne&website=", shape)
    assert (question.company, question.website, question.param) == ("Société & Söhne", "", "company")


def test_a_picture():
    """Where a picture is asked for it is a source like any other."""
    for name in ("url", "src"):
        question = whose(f"{name}=HTTPS://a.test:443/x.png", INVERT)
        assert (question.website, question.source.url, question.param) == ("", "https://a.test/x.png", name)
    assert whose("url=s3://images/logos/a.png", INVERT).source.object_key == "images/logos/a.png"


@pytest.mark.parametrize(
    ("query", "error", "param"),
    [
        ("url=ftp://a.test/", SchemeNotAllowed, "url"), ("src=a.png", InvalidRequest, "src"),
        ("url=s3://secret/a.png", ObjectNotFound, "url"),
    ],
)  # fmt: skip
def test_no_picture(query, error, param):
    """What is no source is refused as on the picture routes."""
    with pytest.raises(error) as caught:
        whose(query, INVERT)
    assert caught.value.param == param


@pytest.mark.parametrize(
    ("query", "shape", "param"),
    [
        ("", LOGO, "website"), ("website=", LOGO, "website"), ("domain=+&company=", LOGO, "domain"),
        ("size=64", INVERT, "domain"), ("", GOOGLE, "domain"), ("", BESTICON, "url"), ("", CANDIDATES, "website"),
        ("company=Acme", INVERT, "domain"), ("company=Acme", GOOGLE, "domain"),
        ("website=a.test&company=Acme", LOGO, "company"), ("company=Acme&url=a.test", LOGO, "company"),
        ("domain=a.test&url=https://a.test/x", INVERT, "url"), ("website=a.test&domain=b.test", LOGO, "website"),
        ("company=" + "x" * 201, LOGO, "company"), ("website=" + "x" * 3073, LOGO, "website"),
        ("company=%E9", LOGO, "company"),
    ],
)  # fmt: skip
def test_neither_or_both(query, shape, param):
    """Exactly one thing is asked for, and the error says which parameter is at fault."""
    with pytest.raises(InvalidRequest) as caught:
        whose(query, shape)
    assert type(caught.value) is InvalidRequest
    assert caught.value.param == param


def test_the_path_says_it():
    """On the route whose path names the domain no parameter does."""
    question = ask("website=b.test&company=Acme", shape=CLEARBIT, website="acme.test")
    assert question.website == "acme.test"
    assert question.headers == (("Vary", "Accept"), ("X-Ignored-Params", "website, company"))
