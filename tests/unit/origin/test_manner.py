"""How a source is asked."""

import pytest

from imgsvc.model.secret import Secret
from imgsvc.origin.answer import Validators
from imgsvc.origin.manner import FOUND_PICTURE, MANIFEST, PAGE, PICTURE, Credential, Manner

KNOWN = Manner(credential=Credential("https://a.test/assets/", Secret("t0ken")))


def test_headers():
    """What is accepted and the conditions are sent; the latter to their own URL only."""
    manner = Manner(accept="text/html", validators=Validators(url="https://a.test/", etag='"1"'))

    assert manner.headers_for("https://a.test/") == {"Accept": "text/html", "If-None-Match": '"1"'}
    assert manner.headers_for("https://b.test/") == {"Accept": "text/html"}
    assert PICTURE.headers_for("https://a.test/") == {}


def test_kinds():
    """Only what a client named may not lead anywhere; only pictures are bounded by their size."""
    assert [kind.found_for is not None for kind in (PICTURE, FOUND_PICTURE, PAGE, MANIFEST)] == [
        False,
        True,
        True,
        True,
    ]
    assert [kind.is_bounded for kind in (PICTURE, FOUND_PICTURE, PAGE, MANIFEST)] == [True, True, False, False]


def test_a_credential_is_told_to_its_own_origin():
    """Scheme, host and port have to be the same; the path need not."""
    assert KNOWN.headers_for("https://a.test/elsewhere") == {"Authorization": "Bearer t0ken"}
    assert "t0ken" not in repr(KNOWN)


@pytest.mark.parametrize(
    "url",
    [
        "http://a.test/assets/x", "https://a.test:8443/assets/x", "https://b.a.test/x", "https://a.test.b.test/x",
        "https://b.test/https://a.test/",
    ],
)  # fmt: skip
def test_no_other_origin_is_told(url):
    """Nor is that of the credential once a fetch has been elsewhere."""
    away = KNOWN.redirected_to(url)

    assert KNOWN.headers_for(url) == {}
    assert away.headers_for("https://a.test/assets/x") == {}
    assert KNOWN.redirected_to("https://a.test/y") is KNOWN
