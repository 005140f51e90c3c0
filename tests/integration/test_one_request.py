"""
What one cold request costs beside its pixels, counted: copies of its bytes, reads of its header, hashes.

Copies are counted by a memory profiler, which sees what libvips and the codecs allocate as well. Origin and client are
in this process too, so they send and read in pieces that are too small to count.
"""

import asyncio
import hashlib
import threading
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlencode

import memray
import pytest
import pyvips

from imgsvc.stream.base import CHUNK_BYTES
from tests.support import pictures
from tests.support.http_server import Exchange
from tests.support.origin import JPEG, ScriptedOrigin
from tests.support.service import IMAGES, RunningService, running_service

SMALL = {"w": 300, "f": "webp"}
AS_LARGE = {"f": "jpg", "q": 95}
"""An answer about as large as its source; what is encoded is decoded before, to time the two apart."""

JOINED = ("tail.py", "whole")
"""What came in pieces becomes one object, which then goes to libvips, memory and store."""
READ = ("objectfile.py", "_read_data")
"""What the store had is read into one object, likewise."""
DECODED = ("runtime.py", "in_memory")
"""The pixels between decoder and encoder."""
ENCODED = ("encode.py", "encode")
"""The encoder's memory is libvips' own: the answer is taken out of it once, and goes to memory, store and client."""


@pytest.fixture(scope="module")
def photo() -> bytes:
    """Noise, which JPEG makes little smaller: 4.5 MB, just small enough to be kept whole."""
    return pictures.jpeg(pictures.noise(1700, 1200), Q=95)


@pytest.fixture
async def service(photo, tmp_path) -> AsyncIterator[RunningService]:
    """A service that has made a picture already, before an origin with two more."""

    async def behave(exchange: Exchange) -> None:
        await exchange.head(headers=JPEG | {"Content-Length": str(len(photo))})
        for start in range(0, len(photo), CHUNK_BYTES):
            await exchange.send(photo[start : start + CHUNK_BYTES])

    async with ScriptedOrigin() as origin, running_service(tmp_path, origin.port) as service:
        for path in ("/before.jpg", "/a.jpg"):
            origin.script(path, behave)
        service.source = origin.url("/a.jpg")
        await answered(service, origin.url("/before.jpg"), SMALL)
        yield service


async def answered(service: RunningService, url: str, parameters: dict[str, object]) -> int:
    """Ask, read the answer piece by piece, wait for what happens behind it; gives the size of the body."""
    target = f"{IMAGES}?{urlencode({'url': url} | parameters)}"
    reader, writer = await asyncio.open_connection("127.0.0.1", service.port)
    writer.write(f"GET {target} HTTP/1.1\r\nHost: x\r\nAccept: */*\r\nConnection: close\r\n\r\n".encode())
    head, size_bytes = await reader.readuntil(b"\r\n\r\n"), 0
    while piece := await reader.read(CHUNK_BYTES):
        size_bytes += len(piece)
    writer.close()
    assert head.startswith(b"HTTP/1.1 200")
    await service.settled()
    return size_bytes


async def large_allocations(service: RunningService, parameters: dict[str, object], folder: Path, least_bytes: int):
    """Count by function of ours what one request allocates in one piece of *least_bytes* or more."""
    with memray.Tracker(folder / "allocations"):
        await answered(service, service.source, parameters)
    with memray.FileReader(folder / "allocations") as reader:
        records = [record for record in reader.get_allocation_records() if record.size >= least_bytes]
        return Counter(place for record in records if (place := _place(record.stack_trace())) is not None)


def _place(stack: list[tuple[str, str, int]]) -> tuple[str, str] | None:
    """Name who allocates; None where it is an encoder at work, from which the bytes are still to be taken."""
    inner, ours = stack[0], next((frame for frame in stack if "/imgsvc/" in frame[1]), stack[0])
    place = (Path(ours[1]).name, ours[0])
    return None if place == ENCODED and Path(inner[1]).name == "voperation.py" else place


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [(SMALL, {JOINED: 1}), (AS_LARGE, {JOINED: 1, DECODED: 1, ENCODED: 1})],
    ids=["small", "as-large"],
)
async def test_what_is_fetched_is_copied_no_more_than_it_must(service, photo, tmp_path, parameters, expected) -> None:
    """From the socket to libvips, and from there to memory, store and client, bytes are put together once each."""
    assert await large_allocations(service, parameters, tmp_path, len(photo) // 2) == expected


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [(SMALL, {READ: 1}), (AS_LARGE, {READ: 1, DECODED: 1, ENCODED: 1})],
    ids=["small", "as-large"],
)
async def test_what_is_stored_is_copied_no_more_than_it_must(service, photo, tmp_path, parameters, expected) -> None:
    """A stored original is read into the memory that libvips reads from."""
    await answered(service, service.source, {"w": 301, "f": "webp"})
    assert await large_allocations(service, parameters, tmp_path, len(photo) // 2) == expected


async def test_an_original_is_answered_as_it_came(service, photo, tmp_path) -> None:
    """Whoever asks for the source itself is sent the one object there is."""
    assert await large_allocations(service, {"f": "original"}, tmp_path, len(photo) // 2) == {JOINED: 1}


@contextmanager
def loads(monkeypatch) -> Iterator[list[str]]:
    """Note each file that libvips opens; it reads the header then, and pixels only when they are asked for."""
    seen: list[str] = []
    call = pyvips.Operation.call

    def noted(name: str, *arguments, **options):
        if "load" in name:
            seen.append(f"{name} shrunk" if options.get("shrink", 1) > 1 else name)
        return call(name, *arguments, **options)

    with monkeypatch.context() as patch:
        patch.setattr(pyvips.Operation, "call", staticmethod(noted))
        yield seen


async def test_a_header_is_read_once(service, monkeypatch) -> None:
    """What the look at a new source found out is not found out again, nor for the next size; pixels are read anew."""
    with loads(monkeypatch) as fetched:
        await answered(service, service.source, SMALL)
    with loads(monkeypatch) as stored:
        await answered(service, service.source, {"w": 301, "f": "webp"})
    with loads(monkeypatch) as hit:
        await answered(service, service.source, SMALL)
    assert fetched == ["jpegload_source", "jpegload_source shrunk"]
    assert stored == ["jpegload_source shrunk"]
    assert hit == []


class Hashes:
    """Stands before ``hashlib.sha256`` and notes how many bytes each thread hashes."""

    def __init__(self) -> None:
        self.bodies: list[tuple[int, bool]] = []
        self._new, self._loop = hashlib.sha256, threading.current_thread()

    def __call__(self, data: bytes = b"", **options):
        self.bodies.append((len(data), threading.current_thread() is self._loop))
        return self._new(data, **options)

    def above(self, size_bytes: int) -> list[tuple[int, bool]]:
        """Give sizes, and whether it was on the loop, of those above *size_bytes*."""
        return [body for body in self.bodies if body[0] > size_bytes]


async def test_bytes_are_hashed_once_and_not_on_the_loop(service, photo, monkeypatch) -> None:
    """The source's digest and the answer's, which its tag comes from, are made where the bytes are, in threads."""
    monkeypatch.setattr(hashlib, "sha256", hashes := Hashes())
    size_bytes = await answered(service, service.source, AS_LARGE)
    fetched, hashes.bodies = hashes.above(CHUNK_BYTES), []
    other_bytes = await answered(service, service.source, AS_LARGE | {"q": 94})
    assert fetched == [(len(photo), False), (size_bytes, False)]
    assert hashes.above(CHUNK_BYTES) == [(len(photo), False), (other_bytes, False)]
