"""What a client sees when something is wrong: always a problem document, with a stable code."""

import asyncio

import pytest

from tests.support import pictures
from tests.support.origin import Canary
from tests.support.service import IMAGES, running_service

SHORT = {"IMGSVC_READ_TIMEOUT": "4", "IMGSVC_FETCH_TIMEOUT": "8"}
"""Long enough for sources that fail at once to be answered, however busy the machine is."""


def check_problem(answer, status: int, code: str, param: str | None = None) -> None:
    """Assert that an answer is a whole problem document."""
    document = answer.json()
    assert (answer.status, document["code"], document.get("param")) == (status, code, param)
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert document["status"] == status
    assert document["type"] == "about:blank"
    assert document["title"]
    assert document["detail"]
    assert document["request_id"] == answer.headers["X-Request-Id"]
    assert answer.headers["X-System-Status"] == "HEALTHY"


@pytest.mark.parametrize(
    ("query", "code", "param"),
    [
        ("", "missing-url", "url"),
        ("?url=", "missing-url", "url"),
        ("?url=undefined", "url-undefined", "url"),
        ("?url=ftp://a.test/x", "scheme-not-allowed", "url"),
        ("?url=javascript:alert(1)", "scheme-not-allowed", "url"),
        ("?url=http://u:p@a.test/x", "userinfo-not-allowed", "url"),
        ("?url=a.test/x.jpg", "bad-parameter", "url"),
        ("?url=http:///x", "bad-parameter", "url"),
        ("?url=http://a.test/&w=0", "bad-parameter", "w"),
        ("?url=http://a.test/&w=8193", "bad-parameter", "w"),
        ("?url=http://a.test/&width=1.5", "bad-parameter", "width"),
        ("?url=http://a.test/&h=-1", "bad-parameter", "h"),
        ("?url=http://a.test/&dpr=0.5", "bad-parameter", "dpr"),
        ("?url=http://a.test/&fit=round", "bad-parameter", "fit"),
        ("?url=http://a.test/&q=0", "bad-parameter", "q"),
        ("?url=http://a.test/&f=bmp", "bad-parameter", "f"),
        ("?url=http://a.test/&bg=nocolour", "bad-parameter", "bg"),
        ("?url=http://a.test/&blur=0.1", "bad-parameter", "blur"),
        ("?url=http://a.test/&rot=45", "bad-parameter", "rot"),
        ("?url=http://a.test/&g=fp:2:0", "bad-parameter", "g"),
        ("?url=http://a.test/&placeholder=x", "bad-parameter", "placeholder"),
        ("?url=http://a.test/&w=1&w=2", "bad-parameter", "w"),
        ("?url=http://a.test/&w=1&width=2", "bad-parameter", "w"),
        ("?url=s3://../etc/passwd", "bad-key", "url"),
        ("?url=store:images/image/../x", "bad-key", "url"),
    ],
)
async def test_bad_requests(service, query, code, param):
    """A wrong request is 400 with the parameter's name as the client wrote it, and is never kept."""
    answer = await service.raw("GET", IMAGES + query)

    check_problem(answer, 400, code, param)
    assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("http://elsewhere.example/x.jpg", "source-not-allowed"),
        ("http://127.0.0.1/x.jpg", "source-not-allowed"),
    ],
)
async def test_hosts_that_are_not_listed(service, url, code):
    """A host outside the allow list is 403, and the detail names the setting."""
    answer = await service.image(url)

    check_problem(answer, 403, code, "url")
    assert "IMGSVC_ALLOWED_HOSTS" in answer.json()["detail"]


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "2130706433",
        "127.1",
        "0x7f.1",
        "0",
        "localhost",
        "[64:ff9b::7f00:1]",
    ],
)
async def test_no_private_address_is_reached(origin, tmp_path, host):
    """With every public host allowed, no spelling of this machine is connected to."""
    async with Canary() as canary, running_service(tmp_path, origin.port, IMGSVC_ALLOWED_HOSTS="*") as service:
        answer = await service.image(f"http://{host}:8080/x.jpg")
        at_canary = await service.image(f"http://{host}:{canary.port}/x.jpg")

    check_problem(answer, 403, "address-not-public", "url")
    check_problem(at_canary, 403, "port-not-allowed", "url")
    assert canary.connections == 0


@pytest.mark.parametrize(
    ("status", "expected", "code"),
    [
        (404, 404, "source-not-found"),
        (410, 404, "source-not-found"),
        (403, 502, "source-failed"),
        (500, 502, "source-failed"),
        (204, 502, "source-failed"),
        (304, 502, "source-failed"),
    ],
)
async def test_statuses_of_the_source(service, origin, status, expected, code):
    """What the source answers decides what we answer."""
    origin.serve("/a.jpg", b"", status=status)

    check_problem(await service.image(origin.url("/a.jpg")), expected, code, "url")


@pytest.mark.parametrize(
    "body", [b"<!doctype html><p>hello", b"%PDF-1.7", b"plain text", b"PK\x03\x04zip", b"{}", b"\x00" * 100, b""]
)
async def test_what_is_no_image(service, origin, body):
    """Whatever the source declares, bytes that are no picture are 415."""
    origin.serve("/a.jpg", body)

    check_problem(await service.image(origin.url("/a.jpg")), 415, "not-an-image", "url")


async def test_truncated_pictures(service, origin, photo):
    """A picture that ends too early is 422, every time, and never half of it is answered."""
    origin.serve("/a.jpg", photo[: len(photo) // 2])

    for width in (50, 60):
        check_problem(await service.image(origin.url("/a.jpg"), w=width), 422, "broken-image", "url")
    check_problem(await service.image(origin.url("/a.jpg"), f="original"), 422, "broken-image", "url")


async def test_half_a_photograph_with_a_small_one_inside(service, origin, photo):
    """The end of the picture that cameras put before the pixels is not taken for the photograph's."""
    small = pictures.jpeg()
    data = photo[:2] + b"\xff\xe1" + (2 + len(small)).to_bytes(2, "big") + small + photo[2:]
    origin.serve("/whole.jpg", data)
    origin.serve("/half.jpg", data[: len(data) // 2])

    assert (await service.image(origin.url("/whole.jpg"), f="original")).body == data
    for query in ({"f": "original"}, {"w": 50}, {"f": "original"}):
        check_problem(await service.image(origin.url("/half.jpg"), **query), 422, "broken-image", "url")


async def test_too_many_bytes(origin, photo, tmp_path):
    """More bytes than allowed are 413, declared or not."""
    origin.serve("/declared.jpg", photo)
    origin.chunked("/counted.jpg", photo)
    origin.endless("/endless.jpg")
    async with running_service(tmp_path, origin.port, MAX_IMAGE_SIZE_BYTES="5000") as service:
        for path in ("/declared.jpg", "/counted.jpg", "/endless.jpg"):
            check_problem(await service.image(origin.url(path)), 413, "too-large", "url")


async def test_too_many_pixels(origin, photo, tmp_path):
    """A picture over the pixel limit is 422 by its header, before a pixel is decoded."""
    origin.serve("/a.jpg", photo)
    async with running_service(tmp_path, origin.port, IMGSVC_MAX_PIXELS="100000") as service:
        answer = await service.image(origin.url("/a.jpg"), w=10)

    check_problem(answer, 422, "too-many-pixels", "url")


async def test_slow_and_broken_sources(origin, photo, tmp_path):
    """Each way for a source to fail has its answer, and none leaves anything behind."""
    origin.stall_before_head("/no-head.jpg")
    origin.stall_after_head("/no-body.jpg")
    origin.drip("/drip.jpg", photo, piece_bytes=10, every_seconds=0.1)
    origin.reset_before_head("/reset.jpg")
    origin.reset_mid_body("/dies.jpg", photo)
    origin.misdeclare("/lies.jpg", photo, declared_bytes=len(photo) * 2)
    origin.garbage("/garbage.jpg")
    origin.huge_headers("/headers.jpg")
    origin.gzipped("/gzip.jpg", photo)
    expected = {
        "/no-head.jpg": (504, "source-timeout"),
        "/no-body.jpg": (504, "source-timeout"),
        "/drip.jpg": (504, "source-timeout"),
        "/reset.jpg": (502, "source-failed"),
        "/dies.jpg": (502, "source-failed"),
        "/lies.jpg": (502, "source-failed"),
        "/garbage.jpg": (502, "source-failed"),
        "/headers.jpg": (502, "source-failed"),
        "/gzip.jpg": (502, "source-failed"),
    }
    async with running_service(tmp_path, origin.port, **SHORT) as service:
        answers = await asyncio.gather(*(service.image(origin.url(path), w=10) for path in expected))
        await origin.until_open_connections(0)

    for answer, (status, code) in zip(answers, expected.values(), strict=True):
        check_problem(answer, status, code, "url")
        assert answer.headers["Cache-Control"] == "no-store"


async def test_names_that_do_not_resolve(origin, tmp_path):
    """A name without an address is 502 of its own kind."""
    async with running_service(tmp_path, origin.port, IMGSVC_ALLOWED_HOSTS="*") as service:
        answer = await service.image("http://no-such-host.invalid/x.jpg")

    check_problem(answer, 502, "source-unresolvable", "url")


@pytest.mark.parametrize(
    ("location", "status", "code"),
    [
        ("http://other.example/x.jpg", 403, "source-not-allowed"),
        ("ftp://origin.test/x.jpg", 403, "source-not-allowed"),
        ("http://u:p@origin.test/x", 403, "source-not-allowed"),
        (None, 502, "too-many-redirects"),
        ("http://", 502, "too-many-redirects"),
        ("/a.jpg", 502, "too-many-redirects"),
    ],
)
async def test_redirects_that_lead_astray(service, origin, location, status, code):
    """Each hop is judged like the first."""
    origin.redirect("/a.jpg", location)

    answer = await service.image(origin.url("/a.jpg"))

    assert (answer.status, answer.json()["code"]) == (status, code)


async def test_redirects_are_followed_three_times(service, origin, photo):
    """Three hops are fine, the fourth is too many."""
    origin.serve("/end.jpg", photo)
    origin.chain("/three", "/end.jpg", redirects=3)
    origin.chain("/four", "/end.jpg", redirects=4)

    assert (await service.image(origin.url("/three"), w=10)).status == 200
    check_problem(await service.image(origin.url("/four"), w=10), 502, "too-many-redirects", "url")


async def test_a_failure_is_remembered(service, origin):
    """Once a source is known to fail it is not asked again; the answer says how long that holds."""
    first = await service.image(origin.url("/missing.jpg"), w=10)
    second = await service.image(origin.url("/missing.jpg"), w=20)
    origin.serve("/down.jpg", b"", status=500)
    await service.image(origin.url("/down.jpg"))
    down = await service.image(origin.url("/down.jpg"))

    assert origin.hits("/missing.jpg") == origin.hits("/down.jpg") == 1
    assert first.headers["Cache-Control"].startswith("public, max-age=")
    assert 0 < second.max_age <= 900
    assert 1 <= int(down.headers["Retry-After"]) <= 60


async def test_the_queue_refuses_what_it_cannot_hold(origin, photo, tmp_path):
    """A burst of cold work beyond the queue is refused with 503 and Retry-After; what was taken is served."""
    count = 220
    for n in range(count):
        origin.serve(f"/{n}.jpg", photo)
    # Room for some forty of these at once, with the memory of the process that runs the tests in it.
    budget = {"IMAGE_RAM_BUDGET_BYTES": str(1 << 30), "IMGSVC_TRANSFORM_THREADS": "1"}
    async with running_service(tmp_path, origin.port, **budget) as service:
        answers = await asyncio.gather(
            *(service.image(origin.url(f"/{n}.jpg"), f="avif", w=390, blur=20) for n in range(count))
        )

    refused = [a for a in answers if a.status == 503]
    assert {a.status for a in answers} == {200, 503}
    for answer in refused:
        check_problem(answer, 503, "overloaded")
        assert int(answer.headers["Retry-After"]) >= 1


async def test_what_is_not_http_gets_a_document_too(service):
    """Even a broken request line is answered with a problem document."""
    reader, writer = await asyncio.open_connection("127.0.0.1", service.port)
    writer.write(b"GET / HTTP/1.1\r\nHost: a\r\nbad header\r\n\r\n")
    head, _, body = (await reader.read()).partition(b"\r\n\r\n")
    writer.close()

    assert head.split(b" ")[1] == b"400"
    assert b"application/problem+json" in head
    assert b'"code"' in body
