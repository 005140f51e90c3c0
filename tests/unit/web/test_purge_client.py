"""The command line's client against real sockets; that the service understands it is shown in integration."""

import json

import pytest

from imgsvc.web.purge_client import NotPurgedError, Purged, ask_to_purge
from tests.support.answering import answering

ASKED = {"urls": ("https://a.test/x",), "hard": True}


@pytest.mark.parametrize("path", ["", "/", "/behind/"])
def test_what_is_asked_and_said(path, monkeypatch):
    """The instructions go to the route below the given URL, by no proxy, with the token as UTF-8."""
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    with answering(200, b'{"purged": 1, "mode": "hard"}') as (url, asked):
        said = ask_to_purge(url + path, "s3crét", ASKED)

    assert said == Purged(1, "hard")
    [(target, headers, data)] = asked
    assert target == f"{path.rstrip('/')}/api/purge"
    assert headers["Authorization"].encode("latin-1") == "Bearer s3crét".encode()
    assert json.loads(data) == {"urls": ["https://a.test/x"], "hard": True}


@pytest.mark.parametrize(
    ("status", "body", "said"),
    [
        (401, b"{}", "^IMGSVC_ADMIN_TOKEN: the service has another token$"),
        (404, b"{}", "^IMGSVC_ADMIN_TOKEN: not set for the service"),
        (400, b'{"detail": "A tag has letters."}', "answered 400: A tag has letters.$"),
        (502, b"<html>", "answered 502: no more$"),
        (500, b"[1]", "answered 500: no more$"),
        (200, b"<html>", r"is no imgsvc \(--server\)$"),
        (200, b'{"purged": "1", "mode": "soft"}', r"is no imgsvc \(--server\)$"),
        (200, b'{"purged": 1, "mode": "loud"}', r"is no imgsvc \(--server\)$"),
        (302, b"", "answered 302: no more$"),
    ],
)
def test_what_went_wrong(status, body, said):
    """Each failure is one line, with the setting that helps where one does; redirects are not followed."""
    answer = answering(status, body, Location="http://127.0.0.1:9/")
    with answer as (url, asked), pytest.raises(NotPurgedError, match=said) as caught:
        ask_to_purge(url, "s3cret", ASKED)

    assert len(asked) == 1
    assert "\n" not in str(caught.value)
    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize("url", ["a.test:80", "ftp://a.test", "http://", "http://a.test:x", "", "http://[::1"])
def test_where_nobody_can_be_asked(url):
    """What is no URL of a server is said to be none."""
    with pytest.raises(NotPurgedError, match="--server"):
        ask_to_purge(url, "t", ASKED)


def test_a_token_that_cannot_be_sent():
    """A token with a line break in it is refused, and not shown."""
    with pytest.raises(NotPurgedError, match="IMGSVC_ADMIN_TOKEN") as caught:
        ask_to_purge("http://127.0.0.1:9", "s3cret\r\nX: y", ASKED)
    assert "s3cret" not in str(caught.value)
