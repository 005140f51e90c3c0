"""Decompression within bounds."""

import contextlib
import gzip
import random
import tracemalloc
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imgsvc.errors import OriginUnreachable, SourceTooLarge
from imgsvc.stream.inflate import FREE_BYTES, MAX_MEMBERS, Beginning, beginning, inflate

TEXT = b"".join(b"<path d='M%d'/>" % n for n in range(5000))
NOISE = random.Random(1).randbytes(10_000)
LIMIT = 1_000_000


def bare(data: bytes) -> bytes:
    """Compress without zlib's header and checksum."""
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return packer.compress(data) + packer.flush()


@pytest.mark.parametrize("encoding", ["gzip", "x-gzip", " GZip "])
def test_gzip(encoding):
    """Gzip is undone under all its names, several members one after the other too."""
    assert inflate(gzip.compress(TEXT), encoding, LIMIT) == TEXT
    assert inflate(gzip.compress(TEXT) + gzip.compress(b"") + gzip.compress(b"end"), encoding, LIMIT) == TEXT + b"end"


@pytest.mark.parametrize("pack", [zlib.compress, bare])
def test_deflate(pack):
    """Deflate is undone with zlib's header and without."""
    assert inflate(pack(TEXT), "deflate", LIMIT) == TEXT


def test_identity():
    """What is not encoded stays as it is, within the limit."""
    assert inflate(b"abc", "identity", 3) == b"abc"
    with pytest.raises(SourceTooLarge):
        inflate(b"abc", "identity", 2)


@pytest.mark.parametrize("encoding", ["br", "zstd", "compress", "", "gzip, gzip", "gzip\x00"])
def test_unknown_encoding(encoding):
    """An encoding that was never asked for and is not known is the source's failure."""
    with pytest.raises(OriginUnreachable):
        inflate(b"abc", encoding, LIMIT)


@pytest.mark.parametrize(("encoding", "pack"), [("gzip", gzip.compress), ("deflate", zlib.compress), ("deflate", bare)])
@settings(deadline=None)  # the machine may be busy
@given(cut=st.integers(0, 10_000))
def test_truncation(encoding, pack, cut):
    """A stream cut anywhere is an error, never half a body."""
    packed = pack(NOISE)
    with pytest.raises(OriginUnreachable):
        inflate(packed[: min(cut, len(packed) - 1)], encoding, LIMIT)


@pytest.mark.parametrize(("encoding", "pack"), [("gzip", gzip.compress), ("deflate", zlib.compress), ("deflate", bare)])
@pytest.mark.parametrize("garbage", [b"x", b"\0", b"\x1f\x8b", b"\x1f\x8bxxxxxxxxxxxxxx"])
def test_trailing_garbage(encoding, pack, garbage):
    """Something behind the end is an error."""
    with pytest.raises(OriginUnreachable):
        inflate(pack(TEXT) + garbage, encoding, LIMIT)


def test_checksum():
    """A body whose checksum is wrong is broken."""
    packed = bytearray(gzip.compress(TEXT))
    packed[-8] ^= 1
    with pytest.raises(OriginUnreachable):
        inflate(bytes(packed), "gzip", LIMIT)


@pytest.mark.parametrize(("encoding", "pack"), [("gzip", gzip.compress), ("deflate", zlib.compress), ("deflate", bare)])
def test_limit(encoding, pack):
    """Exactly the limit passes, one byte more does not."""
    assert inflate(pack(NOISE), encoding, len(NOISE)) == NOISE
    with pytest.raises(SourceTooLarge):
        inflate(pack(NOISE), encoding, len(NOISE) - 1)


def test_limit_spans_members():
    """Members count together."""
    packed = gzip.compress(NOISE)

    assert inflate(packed + packed, "gzip", 2 * len(NOISE)) == NOISE + NOISE
    with pytest.raises(SourceTooLarge):
        inflate(packed + packed, "gzip", 2 * len(NOISE) - 1)


def test_too_many_members():
    """Members are bounded in number, for each costs a copy of the rest."""
    assert inflate(gzip.compress(b"x") * MAX_MEMBERS, "gzip", LIMIT) == b"x" * MAX_MEMBERS
    with pytest.raises(OriginUnreachable):
        inflate(gzip.compress(b"x") * (MAX_MEMBERS + 1), "gzip", LIMIT)


@pytest.mark.parametrize(("encoding", "pack"), [("gzip", gzip.compress), ("deflate", zlib.compress)])
def test_bomb(encoding, pack):
    """A bomb is refused by its ratio, long before the limit, and never unpacked."""
    bomb = pack(bytes(50_000_000))
    tracemalloc.start()
    try:
        with pytest.raises(SourceTooLarge):
            inflate(bomb, encoding, 100_000_000)
        _, peak_bytes = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert peak_bytes < 15_000_000


def test_small_repetition_is_no_bomb():
    """Short and very repetitive text passes, whatever its ratio; a ratio that is asked for is kept."""
    assert inflate(gzip.compress(bytes(FREE_BYTES)), "gzip", LIMIT) == bytes(FREE_BYTES)
    with pytest.raises(SourceTooLarge):
        inflate(gzip.compress(TEXT), "gzip", LIMIT, max_ratio=2)


@given(st.binary(max_size=300))
def test_any_bytes(data):
    """Whatever comes in, one of the two errors comes out, or a body."""
    for encoding in ("gzip", "deflate"):
        with contextlib.suppress(OriginUnreachable, SourceTooLarge):
            assert len(inflate(data, encoding, 1000)) <= 1000


@pytest.mark.parametrize(("encoding", "pack"), [("gzip", gzip.compress), ("deflate", zlib.compress), ("deflate", bare)])
def test_the_beginning_alone(encoding, pack):
    """What a body is can be seen without decoding all of it, even of one that is cut or a bomb."""
    packed = pack(b"<svg>" + bytes(10_000_000))

    assert beginning(packed, encoding, 5) == b"<svg>"
    assert beginning(packed[:-5], encoding, 7) == b"<svg>\0\0"


def test_the_beginning_of_plain_and_of_broken_bodies():
    """Plain bytes are what they are; what is no such stream is a failure of the source."""
    assert beginning(b"abcdef", "identity", 3) == b"abc"
    for data, encoding in ((b"\xff" * 100, "gzip"), (b"abc", "br")):
        with pytest.raises(OriginUnreachable):
            beginning(data, encoding, 3)


@pytest.mark.parametrize(("encoding", "pack"), [("gzip", gzip.compress), ("deflate", zlib.compress), ("deflate", bare)])
def test_a_beginning_piece_by_piece(encoding, pack):
    """However a body is cut its text comes out, and no more of it at once than is wanted."""
    packed, undo = pack(TEXT), Beginning(encoding)

    pieces = [undo.feed(packed[at : at + 100], 1 << 20) for at in range(0, len(packed), 100)]

    assert b"".join(pieces) == TEXT
    assert len(Beginning(encoding).feed(packed, 10)) == 10


def test_a_beginning_of_a_bomb():
    """A piece that would become megabytes takes no more memory than what is wanted of it."""
    bomb = gzip.compress(bytes(50 << 20))
    tracemalloc.start()

    assert len(Beginning("gzip").feed(bomb, 1000)) == 1000
    assert tracemalloc.get_traced_memory()[1] < 1 << 20
    tracemalloc.stop()


@pytest.mark.parametrize("encoding", ["gzip", "deflate"])
def test_a_broken_beginning(encoding):
    """What is no such thing is an error, and so is an encoding that nobody knows."""
    with pytest.raises(OriginUnreachable):
        Beginning(encoding).feed(b"\xff" * 100, 1000)
    with pytest.raises(OriginUnreachable):
        Beginning("br")


@given(st.binary(max_size=200), st.sampled_from(["gzip", "deflate"]))
def test_a_beginning_of_anything(data, encoding):
    """Whatever the bytes are, they are decoded or refused."""
    with contextlib.suppress(OriginUnreachable):
        assert len(Beginning(encoding).feed(data, 50)) <= 50
