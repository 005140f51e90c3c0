"""The command line's way to a running service."""

import socket

import pytest

from imgsvc.web.service_client import NotReachedError, ask, server_url
from tests.support.answering import answering


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("127.0.0.1", "http://127.0.0.1:80"),
        ("0.0.0.0", "http://127.0.0.1:80"),  # noqa: S104 - to be reached, not to listen at
        ("::", "http://[::1]:80"),
        ("a.test", "http://a.test:80"),
    ],
)
def test_server_url(host, url):
    """Where a service listens at any address, it is reached at the loopback one."""
    assert server_url(host, 80) == url


def test_an_answer_that_is_no_object_says_nothing():
    """Whoever answers something else than a JSON object is taken for somebody else."""
    for body in (b"<html>", b"[1]", b"\xff", b"[" * 60_000, b'{"a":' * 10_000, b'{"a":' + b"9" * 5000 + b"}"):
        with answering(200, body) as (url, asked):
            assert ask(url, "GET", "/x", timeout_seconds=60) == (200, {})
            assert asked[0][0] == "/x"


def test_https_is_spoken_where_it_is_named():
    """To a server that speaks plain HTTP a handshake fails, in one line and with the settings that help."""
    with answering(200, b"{}") as (url, _), pytest.raises(NotReachedError, match="--server") as caught:
        ask(url.replace("http:", "https:"), "GET", "/", timeout_seconds=60)
    assert "SSL" in str(caught.value)


def test_whoever_takes_the_request_and_says_nothing():
    """The time is for everything together."""
    with socket.create_server(("127.0.0.1", 0)) as server, pytest.raises(NotReachedError, match=r"within 0\.1 s$"):
        ask(f"http://127.0.0.1:{server.getsockname()[1]}", "GET", "/", timeout_seconds=0.1)
