"""How a source is asked."""

from imgsvc.origin.answer import Validators
from imgsvc.origin.manner import FOUND_PICTURE, MANIFEST, PAGE, PICTURE, Manner


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
