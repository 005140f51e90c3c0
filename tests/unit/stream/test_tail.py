"""What of a spool lies in memory."""

from hypothesis import given, settings
from hypothesis import strategies as st

from imgsvc.pressure.transfers import TransferLedger
from imgsvc.stream.tail import SMALL_BYTES, Tail


def tail_of(*pieces: bytes) -> tuple[Tail, TransferLedger]:
    ledger = TransferLedger(10**6)
    ledger.take(sum(map(len, pieces)))
    tail = Tail(ledger)
    for piece in pieces:
        tail.append(piece)
    return tail, ledger


def test_small_pieces_become_one():
    """Single bytes do not become as many objects, and nothing is lost of them."""
    pieces = [bytes([i % 256]) for i in range(3 * SMALL_BYTES)]
    tail, _ = tail_of(*pieces)

    assert b"".join(tail.pieces) == b"".join(pieces)
    assert len(tail.pieces) == 3


def test_no_copy():
    """A piece that is asked for whole is given itself, and so is the whole when it is one piece."""
    piece = b"x" * 65536
    tail, _ = tail_of(piece)

    assert tail.read(0, 65536) is piece
    assert tail.whole() is piece


def test_whole():
    """All pieces come as one object, the same every time, and can be read and dropped afterwards."""
    tail, ledger = tail_of(b"x" * 5000, b"y" * 5000)

    assert tail.whole() == b"x" * 5000 + b"y" * 5000
    assert tail.whole() is tail.whole()
    assert tail.read(4999, 2) == b"xy"
    assert tail.drop_before(10_000)
    assert (tail.whole(), tail.start, ledger.in_use_bytes) == (b"", 10_000, 0)


@settings(deadline=None)
@given(st.lists(st.integers(0, 9000), max_size=20), st.lists(st.integers(0, 60_000), max_size=20), st.data())
def test_any(sizes, drops, data):
    """Whatever is dropped before wherever, what is left is read right, and the ledger counts just that."""
    pieces = [bytes([i]) * size for i, size in enumerate(sizes)]
    tail, ledger = tail_of(*pieces)
    whole = b"".join(pieces)
    for at in drops:
        start = tail.start
        assert tail.drop_before(at) == (tail.start > start)
        assert tail.start <= max(at, start)
        assert ledger.in_use_bytes == tail.size_bytes == len(whole) - tail.start
        assert b"".join(tail.pieces) == whole[tail.start :]
    if tail.size_bytes:
        at = data.draw(st.integers(tail.start, tail.stop - 1))
        got = tail.read(at, 5000)
        assert got
        assert whole[at : at + 5000].startswith(got)
