"""The size-checking reader."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imgsvc.errors import SourceTooLarge
from imgsvc.stream.limit import SizeLimitedStream
from tests.support.fetching import read_all


class Chunks:
    """A stream of given chunks, which remembers being closed; an exception among them is raised in its turn."""

    def __init__(self, *chunks: bytes | Exception, declared: int | None = None) -> None:
        self._chunks = chunks
        self.declared_bytes = declared
        self.given = 0
        self.closed = 0

    async def __aiter__(self):
        for chunk in self._chunks:
            if isinstance(chunk, Exception):
                raise chunk
            self.given += 1
            yield chunk

    async def aclose(self) -> None:
        self.closed += 1


async def test_whole_body():
    """A body up to the limit passes unchanged, is counted, and its stream closed."""
    inner = Chunks(b"ab", b"cd", declared=4)
    stream = SizeLimitedStream(inner, 4)

    assert stream.declared_bytes == 4
    assert await read_all(stream) == b"abcd"
    assert (stream.received_bytes, inner.closed) == (4, 1)


def test_declared_too_large():
    """Too much declared is refused before any byte is asked for."""
    inner = Chunks(b"ab", declared=5)
    with pytest.raises(SourceTooLarge, match="MAX_IMAGE_SIZE_BYTES"):
        SizeLimitedStream(inner, 4)

    assert inner.given == 0


@pytest.mark.parametrize("declared", [None, 1, 4])
async def test_counted_too_large(declared):
    """Too much arriving ends at the limit, whatever was declared; nothing after it is asked for."""
    inner = Chunks(b"ab", b"cde", b"never", declared=declared)
    with pytest.raises(SourceTooLarge):
        await read_all(SizeLimitedStream(inner, 4))

    assert (inner.given, inner.closed) == (2, 1)


async def test_failure_closes():
    """A stream that fails is closed, and its error passes."""
    inner = Chunks(b"ab", RuntimeError("broken"))
    with pytest.raises(RuntimeError, match="broken"):
        await read_all(SizeLimitedStream(inner, 4))

    assert inner.closed == 1


@given(st.lists(st.binary(min_size=1)), st.integers(0, 50))
async def test_never_beyond_the_limit(chunks, limit):
    """What comes out is the body or an error, and never more than the limit."""
    stream = SizeLimitedStream(Chunks(*chunks), limit)
    out = b""
    try:
        async for chunk in stream:
            out += chunk
    except SourceTooLarge:
        assert sum(map(len, chunks)) > limit
    else:
        assert out == b"".join(chunks)
    assert len(out) <= limit
