"""Signatures of reads, held against botocore's own signer."""

import datetime as dt
from typing import Any

import botocore.auth
import pytest
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import ReadOnlyCredentials
from hypothesis import given
from hypothesis import strategies as st

from imgsvc.store.s3_signing import Signer

pytestmark = pytest.mark.slow

HOST = "s3.test:9000"
REGION = "eu-west-1"
MIDNIGHT = dt.datetime(2026, 3, 1, tzinfo=dt.UTC).timestamp()

SECRETS = st.text("abcXYZ019+/=", min_size=1, max_size=100)
VISIBLE = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), max_size=20)
HEADERS = st.fixed_dictionaries({}, optional={"If-Match": VISIBLE, "Range": VISIBLE})
PATHS = st.text("aZ0._~%2F/-", max_size=40).map("/".__add__)
CREDENTIALS = st.builds(ReadOnlyCredentials, st.just("name"), SECRETS, st.none() | st.text("aZ9+/= ", max_size=60))


def by_botocore(credentials: Any, method: str, path: str, headers: dict[str, str], at: float) -> dict[str, str]:
    """Give what botocore signs at that second, all of its headers by their names in lower case."""
    request = AWSRequest(method, f"https://{HOST}{path}", {"Host": HOST, **headers})
    request.context["client_config"] = Config(s3={"payload_signing_enabled": False})
    with pytest.MonkeyPatch.context() as patch:
        moment = dt.datetime.fromtimestamp(at, dt.UTC)
        patch.setattr(botocore.auth, "get_current_datetime", lambda *_, **__: moment)
        botocore.auth.S3SigV4Auth(credentials, "s3", REGION).add_auth(request)
    return {name.lower(): value for name, value in request.headers.items()}


@given(
    st.lists(
        st.tuples(CREDENTIALS, st.sampled_from(("GET", "HEAD")), PATHS, HEADERS, st.integers(-3, 3)),
        min_size=1,
        max_size=4,
    )
)
def test_same_as_botocore(requests: list[tuple[Any, str, str, dict[str, str], int]]):
    """Whatever is signed, and whatever was signed before, around midnight too, it is what botocore signs."""
    at = MIDNIGHT
    signer = Signer(REGION, lambda: at)
    for credentials, method, path, headers, offset_seconds in requests:
        at = MIDNIGHT + offset_seconds
        ours = signer.sign(credentials, method, path, HOST, headers)
        assert {name.lower(): value for name, value in ours.items()} == by_botocore(
            credentials, method, path, headers, at
        )


def test_key_is_made_once_a_day(monkeypatch: pytest.MonkeyPatch):
    """The key is made for the first request of a day and of a secret, not for each."""
    made = []
    at = MIDNIGHT
    signer = Signer(REGION, lambda: at)
    real = signer._made
    monkeypatch.setattr(signer, "_made", lambda *of: made.append(of) or real(*of))
    for secret, at in (("a", MIDNIGHT), ("a", MIDNIGHT + 5), ("b", MIDNIGHT + 5), ("b", MIDNIGHT + 86400)):  # noqa: B007 - the clock
        signer.sign(ReadOnlyCredentials("name", secret, None), "GET", "/", HOST, {})
    assert made == [("a", "20260301"), ("b", "20260301"), ("b", "20260302")]
