"""Signatures: who made them, what they cover, how long they are good."""

import base64
import hashlib
import hmac

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imgsvc.errors import BadSignature, InvalidRequest, SignatureExpired
from imgsvc.origin.signature import Signer, signed_text

PATH = "/api/cache/images"
PAIRS = [("url", "https://a.test/ü b.jpg?x=1&y=~"), ("w", "100"), ("h", "50")]


def test_canonical_text():
    """Names and values are sorted, form-encoded with %20 and upper-case hex, and unreserved characters stay bare."""
    assert signed_text(PATH, [*PAIRS, ("sig", "x"), ("w", "1")]) == (
        b"/api/cache/images?h=50&url=https%3A%2F%2Fa.test%2F%C3%BC%20b.jpg%3Fx%3D1%26y%3D~&w=1&w=100"
    )


def test_known_signature():
    """A signature is the unpadded base64url HMAC-SHA256 of the canonical text with the first key."""
    digest = hmac.new(b"one", b"/p?a=1&exp=9", hashlib.sha256).digest()

    assert Signer(["one", "two"]).sign("/p", [("exp", "9"), ("a", "1")]) == (
        base64.urlsafe_b64encode(digest).decode().rstrip("=")
    )


def test_all_keys_verify():
    """A signature made with any key is good, so that keys can be changed without a gap."""
    signature = Signer(["old"]).sign(PATH, PAIRS)

    assert Signer(["new", "old"]).verify(PATH, [*PAIRS, ("sig", signature)], now=0) is None
    with pytest.raises(BadSignature):
        Signer(["new"]).verify(PATH, [*PAIRS, ("sig", signature)], now=0)


@pytest.mark.parametrize(
    "change",
    [
        lambda p, s: (PATH + "/", [*p, ("sig", s)]),
        lambda p, s: (PATH, [*p, ("q", "1"), ("sig", s)]),
        lambda p, s: (PATH, [*p[:-1], ("sig", s)]),
        lambda p, s: (PATH, [*p[:-1], ("h", "51"), ("sig", s)]),
        lambda p, s: (PATH, [*p[:-1], ("height", "50"), ("sig", s)]),
        lambda p, s: (PATH, p),
        lambda p, s: (PATH, [*p, ("sig", s), ("sig", s)]),
        lambda p, s: (PATH, [*p, ("sig", s + "=")]),
        lambda p, s: (PATH, [*p, ("sig", s[:-1])]),
        lambda p, s: (PATH, [*p, ("sig", "")]),
        lambda p, s: (PATH, [*p, ("sig", "ü\ud800")]),
        lambda p, s: (PATH, [*p, ("exp", "x"), ("sig", s)]),
    ],
)
def test_any_change_spoils_it(change):
    """Path, names, values and the signature's own text are all covered."""
    signer = Signer(["key"])
    path, pairs = change(PAIRS, signer.sign(PATH, PAIRS))
    with pytest.raises(BadSignature):
        signer.verify(path, pairs, now=0)


def test_expiry():
    """A signature is good until its second, and then it has expired."""
    signer = Signer(["key"])
    pairs = [*PAIRS, ("exp", "1000")]
    signed = [*pairs, ("sig", signer.sign(PATH, pairs))]

    assert signer.verify(PATH, signed, now=999.9) == 1000
    with pytest.raises(SignatureExpired):
        signer.verify(PATH, signed, now=1000)


@pytest.mark.parametrize("values", [["x"], [""], ["-1"], ["1.5"], ["1", "2"], ["٣"], ["1" * 13], ["1\n"]])
def test_malformed_expiry(values):
    """A rightly signed ``exp`` that is no unix second is the client's mistake."""
    signer = Signer(["key"])
    pairs = [("exp", value) for value in values]
    with pytest.raises(InvalidRequest) as caught:
        signer.verify(PATH, [*pairs, ("sig", signer.sign(PATH, pairs))], now=0)

    assert caught.value.param == "exp"


def test_no_keys():
    """Without keys nothing can be signed and no signature is right, the empty key's neither."""
    signer = Signer([])

    with pytest.raises(ValueError, match="IMGSVC_SIGNING_KEYS"):
        signer.sign(PATH, PAIRS)
    with pytest.raises(BadSignature):
        signer.verify(PATH, [*PAIRS, ("sig", Signer([""]).sign(PATH, PAIRS))], now=0)


def test_keys_are_not_shown():
    """A signer's text holds no key."""
    assert "hush" not in repr(Signer(["hush"]))


@given(st.lists(st.tuples(st.text(), st.text())), st.randoms())
def test_order_never_matters(pairs, random):
    """What was signed in one order verifies in any other."""
    pairs = [pair for pair in pairs if pair[0] not in ("sig", "exp")]
    signer = Signer(["key"])
    signed = [*pairs, ("sig", signer.sign(PATH, pairs))]
    random.shuffle(signed)

    assert signer.verify(PATH, signed, now=0) is None
