"""The last requests: what is kept of one, and of which."""

import gc
import weakref

import pytest
from aiohttp import web
from aiohttp.test_utils import make_mocked_request

from imgsvc.model.source import Source
from imgsvc.settings import ServerSettings
from imgsvc.web.appkeys import SUBJECT
from imgsvc.web.recent import CAPACITY, RecentRequests, recent_requests

SECRET = "https://a.test/x.png?token=s3cret"


class Resource:
    def __init__(self, canonical: str) -> None:
        self.canonical = canonical


class Match:
    def __init__(self, resource: Resource | None) -> None:
        self.route = type("Route", (), {"resource": resource})


def asked(route: str | None = "/api/cache/images", method: str = "GET", subject: object = None) -> web.Request:
    request = make_mocked_request(method, "/?sig=hidden&url=x")
    request._match_info = Match(None if route is None else Resource(route))
    if subject is not None:
        request[SUBJECT] = subject
    return request


def answered(**headers: str) -> web.Response:
    return web.Response(body=b"12345", headers={"X-Request-Id": "r-1", "Content-Length": "5"} | headers)


@pytest.fixture
def recent() -> RecentRequests:
    return RecentRequests(clock=lambda: 1_000.0004)


def test_what_is_kept(recent):
    """An entry has what the list shows, and of a source neither query nor signature."""
    answer = answered(**{"X-Source": "memory", "X-Cache": "HIT"})
    recent.note(asked(subject=Source(SECRET)), answer, 0.0123456)

    assert recent.entries() == [
        {
            "time": 1000.0, "method": "GET", "status": 200, "route": "/api/cache/images", "tier": "memory",
            "cache": "HIT", "ms": 12.346, "bytes": 5, "request_id": "r-1", "source": "https://a.test/x.png",
        }
    ]  # fmt: skip


def test_what_is_given_again(recent):
    """An answer that is given again without its request is shown as any other."""
    headers = {"X-Source": "memory", "X-Cache": "HIT", "X-Request-Id": "r-1"}
    recent.note(asked(subject=Source(SECRET)), answered(**headers), 0.0123456)
    recent.note_known(0.0123456, "GET", "/api/cache/images", 200, headers, 5, Source(SECRET))

    told, again = recent.entries()
    assert told == again


def test_a_site_is_its_host(recent):
    """What is about a site names it; what is about nothing names nothing."""
    recent.note(asked(subject="acme.test"), answered(), 0)
    recent.note(asked(), answered(), 0)

    assert [entry["source"] for entry in recent.entries()] == [None, "acme.test"]


def test_the_latest_is_first_and_the_oldest_goes(recent):
    """There are never more than a hundred."""
    for n in range(CAPACITY + 2):
        recent.note(asked(subject=f"{n}.test"), answered(), 0)

    sources = [entry["source"] for entry in recent.entries()]
    assert (sources[0], sources[-1], len(sources)) == (f"{CAPACITY + 1}.test", "2.test", CAPACITY)


@pytest.mark.parametrize(
    "route", ["/api/health", "/api/health/metrics", "/api/health/requests", "/metrics", "/console/{name}"]
)
def test_probes_are_left_out(recent, route):
    """What asks after the service does not push out what it is asked for."""
    recent.note(asked(route), answered(), 0)

    assert recent.entries() == []


def test_no_route_at_all(recent):
    """A request for nothing is told without its path, which is anybody's text."""
    recent.note(asked(None), web.Response(status=404), 0)

    assert [(entry["route"], entry["request_id"]) for entry in recent.entries()] == [("unknown", None)]


def test_what_sends_no_body_sends_no_bytes(recent):
    """The size is of what was sent, whatever the headers say of what HEAD or a 304 stand for."""
    recent.note(asked(method="HEAD"), answered(), 0)
    recent.note(asked(), web.Response(status=304, headers={"Content-Length": "5"}), 0)

    assert [entry["bytes"] for entry in recent.entries()] == [0, 0]


def test_nothing_large_is_held(recent):
    """Neither the request nor its answer outlives its own end."""
    request, answer = asked(), answered()
    ends = [weakref.ref(answer)]
    recent.note(request, answer, 0)
    del request, answer
    gc.collect()

    assert [end() for end in ends] == [None]
    assert len(recent.entries()) == 1


def test_without_a_token_nothing_is_kept():
    """There is a ring only where somebody may read it."""
    assert recent_requests(ServerSettings()) is None
    assert recent_requests(ServerSettings.from_env({"IMGSVC_ADMIN_TOKEN": "t"})) is not None
