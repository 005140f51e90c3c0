"""What is counted as an answer, and what is not."""

import pytest

from bench.load import request_bytes
from bench.pump import pump
from tests.support.origin import Exchange, ScriptedOrigin

BODY = bytes(range(256)) * 40
WHOLE, OTHER = (request_bytes("origin.test", path, {}) for path in ("/whole", "/other"))
HEAD = WHOLE.replace(b"GET", b"HEAD")


@pytest.fixture
async def origin():
    """A server with two pictures of different lengths."""
    async with ScriptedOrigin() as origin:
        origin.serve("/whole", BODY)
        origin.serve("/other", BODY * 3)
        yield origin


async def test_as_many_answers_come_as_were_wished(origin) -> None:
    """Every request of the count is sent, in turn, over as many connections as wished, and answered."""
    pumped = await pump(origin.port, [WHOLE, OTHER, HEAD], 3, count=60)
    assert (pumped.answers, origin.connections) == (60, 3)
    assert (origin.hits("/whole"), origin.hits("/other")) == (40, 20)
    assert 0 < pumped.p50_seconds <= pumped.p99_seconds


async def test_connections_are_opened_before_anything_counts(origin) -> None:
    """One request more on each connection is answered where that is wished, and is in no figure."""
    pumped = await pump(origin.port, WHOLE, 3, count=10, opened=True)
    assert (pumped.answers, origin.hits("/whole"), origin.connections) == (10, 13, 3)


async def test_time_ends_it_as_well(origin) -> None:
    """What was asked before the time was over is answered and counted, and nothing is asked afterwards."""
    pumped = await pump(origin.port, WHOLE, 2, seconds=0.05)
    assert 2 <= pumped.answers == origin.hits("/whole")
    assert pumped.answers / pumped.rate >= 0.05


async def test_an_answer_in_pieces_is_one(origin) -> None:
    """A head in two pieces and a body in three are one answer, also after one that came at once."""

    async def pieces(exchange: Exchange) -> None:
        exchange.keep_alive = True
        for piece in (b"HTTP/1.1 200 OK\r\nContent-", b"Length: 9\r\n\r\nabc", b"def", b"ghi"):
            await exchange.send(piece)

    origin.script("/other", pieces)
    assert (await pump(origin.port, [WHOLE, OTHER], 1, count=20)).answers == 20


async def test_a_304_has_no_body(origin) -> None:
    """A 304 is whole without one, whatever length it names."""
    origin.conditional("/whole", BODY, etag='"1"', headers_304={"Content-Length": str(len(BODY))})
    request = request_bytes("origin.test", "/whole", {"If-None-Match": '"1"'})
    assert (await pump(origin.port, request, 2, count=20, status=304)).answers == 20


async def test_another_status_is_an_error(origin) -> None:
    """An answer with another status ends it, and is named."""
    with pytest.raises(RuntimeError, match=r"wanted 200, got b.HTTP/1\.1 404"):
        await pump(origin.port, [WHOLE, request_bytes("origin.test", "/none", {})], 1, count=20)


@pytest.mark.parametrize("declared_bytes", [len(BODY) - 1, len(BODY) + 1])
async def test_half_an_answer_is_an_error(origin, declared_bytes: int) -> None:
    """A body that ends before its length, or goes on behind it, is not counted."""
    origin.misdeclare("/whole", BODY, declared_bytes=declared_bytes)
    with pytest.raises(RuntimeError, match=r"more bytes than|closed the connection"):
        await pump(origin.port, WHOLE, 1, count=1)


async def test_either_time_or_count(origin) -> None:
    """One of the two says how long, never both or none."""
    with pytest.raises(ValueError, match="either"):
        await pump(origin.port, WHOLE, 1)
