"""What a probe makes of what it is answered."""

import json
import socket

import pytest

from imgsvc.web.health_client import ask_health
from tests.support.answering import answering


@pytest.mark.parametrize(
    ("code", "answer", "status", "line", "is_good"),
    [
        (200, {"status": "healthy", "reasons": []}, "healthy", "healthy", True),
        (200, {"status": "degraded", "reasons": ["a", "b"]}, "degraded", "degraded: a, b", True),
        (503, {"status": "unhealthy", "reasons": ["draining"]}, "unhealthy", "unhealthy: draining", False),
        (200, {"status": "unhealthy", "reasons": []}, "unreachable", None, False),
        (503, {"status": "healthy", "reasons": []}, "unreachable", None, False),
        (404, {}, "unreachable", None, False),
        (200, {"status": "healthy", "reasons": "x"}, "unreachable", None, False),
        (200, {"status": ["healthy"]}, "unreachable", None, False),
        (799, {"status": "healthy"}, "unreachable", None, False),
    ],
)
def test_what_is_answered(code, answer, status, line, is_good):
    """Health is what status and body say together; whoever contradicts itself is no service of ours."""
    with answering(code, json.dumps(answer).encode()) as (url, asked):
        found = ask_health(url, live=False, timeout_seconds=60)

    assert asked[0][0] == "/api/health"
    assert (found.status, found.is_good) == (status, is_good)
    assert found.line() == (line or f"unreachable: {url} answered {code}, but is no imgsvc (--server)")
    assert found.facts()["status"] == status


def test_only_whether_it_answers():
    """The live probe asks its own route."""
    with answering(200, b'{"status": "live"}') as (url, asked):
        found = ask_health(url + "/behind/", live=True, timeout_seconds=60)

    assert asked[0][0] == "/behind/api/health/live"
    assert (found.status, found.is_good) == ("live", True)


def test_nobody_there():
    """A port that nobody listens at is a line that names the settings."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
    found = ask_health(url, live=False, timeout_seconds=60)

    assert found.line().startswith(f"unreachable: {url} cannot be asked (--server, IMGSVC_HOST, IMGSVC_PORT): ")


def test_the_whole_answer_has_one_deadline():
    """A server that takes the connection and says nothing is given up on in time."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        found = ask_health(url, live=False, timeout_seconds=0.1)

    assert (found.status, found.is_good) == ("unreachable", False)
