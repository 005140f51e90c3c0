"""Large sources that must not be passed on, and how soon that is said."""

import asyncio
import zlib

import pytest

from tests.support import pictures
from tests.support.large import (
    THRESHOLD_BYTES,
    broken_off,
    halves,
    nothing_left,
    photo,
    pull,
    statistics,
    streaming_service,
)
from tests.support.origin import ScriptedOrigin

PLAIN = b"this is no picture at all. " * 20_000
DRAWING = b'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><!--' + b"x" * 1_200_000 + b"--></svg>"


@pytest.fixture
async def service(origin: ScriptedOrigin, tmp_path):
    async with streaming_service(tmp_path, origin, MAX_IMAGE_SIZE_BYTES="2000000") as service:
        yield service


def wide_header() -> bytes:
    """The beginning of a PNG that says it has 30,000 × 30,000 pixels, and rubbish behind it."""
    data = bytearray(pictures.png(pictures.noise(400, 300)))
    data[16:24] = (30_000).to_bytes(4) * 2
    data[29:33] = zlib.crc32(data[12:29]).to_bytes(4)
    return bytes(data)


@pytest.mark.parametrize(
    ("body", "headers", "status", "code"),
    [
        (DRAWING, {"Content-Type": "image/svg+xml"}, 413, "too-large"),
        (PLAIN, {}, 415, "not-an-image"),
        (wide_header(), {}, 422, "too-many-pixels"),
        (photo(), {"Content-Encoding": "gzip"}, 502, "source-failed"),
        (photo(), {"Content-Encoding": "br"}, 502, "source-failed"),
    ],
    ids=["drawing", "text", "pixels", "gzip", "br"],
)
@pytest.mark.parametrize("chunked", [False, True], ids=["declared", "chunked"])
async def test_refused_before_the_first_byte(service, origin, tmp_path, body, headers, status, code, chunked):
    """What no client may have is refused as soon as enough is there to tell, and remembered."""
    assert len(body) > THRESHOLD_BYTES
    halves(origin, "/a", body, at=len(body) - 10, chunked=chunked, headers=headers)
    url = origin.url("/a")
    async with asyncio.timeout(60):
        answer = await service.image(url, f="original")
        again = await service.image(url, w=10)
    await nothing_left(service, tmp_path)

    assert (answer.status, answer.json()["code"]) == (status, code)
    assert (again.status, again.json()["code"]) == (status, code)
    assert origin.hits("/a") == 1
    assert statistics(service, "downloads").started == 0


async def test_declared_too_large(service, origin):
    """A source that declares more than MAX_IMAGE_SIZE_BYTES is refused at once, whatever it would send."""
    origin.stall_after_head("/a", declared_bytes=2_000_001)
    async with asyncio.timeout(60):
        answer = await service.image(origin.url("/a"), f="original")

    assert (answer.status, answer.json()["code"]) == (413, "too-large")
    assert "max-age=" in answer.headers["Cache-Control"]


async def test_exactly_the_largest(service, origin):
    """As many bytes as are allowed pass."""
    body = photo() + bytes(2_000_000 - len(photo()))
    origin.serve("/a", body)

    assert (await service.image(origin.url("/a"), f="original")).body == body


async def test_one_byte_too_many(service, origin, tmp_path):
    """One more than allowed, undeclared, breaks the answer off; size and transform of it are refused."""
    body = photo() + bytes(2_000_001 - len(photo()))
    origin.chunked("/a", body, piece_bytes=50_000)
    origin.chunked("/b", body, piece_bytes=50_000)
    async with asyncio.timeout(60), pull(service, origin.url("/a")) as answer:
        await broken_off(answer)
    made = await service.image(origin.url("/b"), w=10)
    await nothing_left(service, tmp_path)

    assert (made.status, made.json()["code"]) == (413, "too-large")
    assert list((tmp_path / "store").rglob("*=o")) == []


async def test_an_endless_source(service, origin, tmp_path):
    """A source without end costs no more than the limit, and its connection is dropped."""
    origin.endless("/a", piece=photo())
    async with asyncio.timeout(60), pull(service, origin.url("/a")) as answer:
        got = await broken_off(answer)
    await nothing_left(service, tmp_path)
    await origin.until_open_connections(0)

    assert len(got) <= 2_000_000


async def test_too_large_for_everybody_who_joined(service, origin, tmp_path):
    """All who read a source that turns out too large are broken off; none takes it for whole."""
    gate = halves(origin, "/a", photo() * 6, at=len(photo()), chunked=True)
    async with asyncio.timeout(60), pull(service, origin.url("/a")) as one, pull(service, origin.url("/a")) as two:
        gate.open()
        bodies = await asyncio.gather(broken_off(one), broken_off(two))

    assert all((photo() * 6).startswith(body) for body in bodies)
    assert origin.hits("/a") == 1


async def test_a_large_drawing_inside_the_limit(origin, tmp_path):
    """A drawing above the threshold but below its own limit is refused too, or answered sanitised; never raw."""
    drawing = DRAWING.replace(b"<!--", b"<script>alert(1)</script><!--", 1)[: -1_000_000 - 12] + b"--></svg>"
    async with streaming_service(tmp_path, origin) as service:
        origin.serve("/a", drawing, headers={"Content-Type": "image/svg+xml"})
        answer = await service.image(origin.url("/a"), f="original")

    assert THRESHOLD_BYTES < len(drawing) < 1 << 20
    assert b"script" not in answer.body
