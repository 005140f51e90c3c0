"""The end of a spool that lies in memory."""

from bisect import bisect_right

from imgsvc.stream.base import Ledger

SMALL_BYTES = 4 * 1024
"""Neighbours that are smaller together become one piece: a source that drips single bytes would else cost some hundred
times what it sends, which no ledger counts."""


class Tail:
    """
    Pieces of a body, each behind the other, from :attr:`start` to :attr:`stop`.

    Args:
        ledger: counts what is here.
    """

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._pieces: list[bytes] = []
        self._starts: list[int] = []
        self.start = 0
        """Place in the body of the first byte that is here."""
        self.stop = 0
        """Place behind the last: as much as has arrived."""

    @property
    def size_bytes(self) -> int:
        """How much is here."""
        return self.stop - self.start

    @property
    def pieces(self) -> list[bytes]:
        """All of them; a copy of the list, not of the bytes."""
        return self._pieces.copy()

    def append(self, piece: bytes) -> None:
        """Add bytes at the end; the ledger counts them already."""
        if self._pieces and len(self._pieces[-1]) + len(piece) <= SMALL_BYTES:
            self._pieces[-1] += piece
        elif piece:
            self._pieces.append(piece)
            self._starts.append(self.stop)
        self.stop += len(piece)

    def read(self, at: int, limit_bytes: int) -> bytes:
        """Give at most *limit_bytes* of the one piece that has the byte *at*, which must be here."""
        index = bisect_right(self._starts, at) - 1
        piece, skipped_bytes = self._pieces[index], at - self._starts[index]
        return piece[skipped_bytes : skipped_bytes + limit_bytes]  # no copy when that is all of it

    def whole(self) -> bytes:
        """Give all that is here; asked again, the same object."""
        if len(self._pieces) > 1:
            self._pieces, self._starts = [b"".join(self._pieces)], [self.start]
        return self._pieces[0] if self._pieces else b""

    def drop_before(self, at: int) -> bool:
        """Forget the pieces that end at or before *at*; say whether there were any."""
        count = len(self._pieces) if at >= self.stop else bisect_right(self._starts, at) - 1
        if count <= 0:
            return False
        del self._pieces[:count], self._starts[:count]
        start = self._starts[0] if self._starts else self.stop
        self._ledger.give_back(start - self.start)
        self.start = start
        return True
