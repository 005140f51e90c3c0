"""Where spools are made."""

from imgsvc.stream.base import FileRange, Ledger
from imgsvc.stream.spool import Spool
from imgsvc.stream.spoolfile import SpoolSpace


class Spools:
    """
    Makes spools that share a folder and an account.

    Args:
        space: where files are had; whoever gives it closes it.
        ledger: counts what all of them hold in memory.
        threshold_bytes: a body with more goes to a file.
    """

    def __init__(self, space: SpoolSpace, ledger: Ledger, threshold_bytes: int) -> None:
        self._space = space
        self._ledger = ledger
        self.threshold_bytes = threshold_bytes

    def new(self, declared_bytes: int | None) -> Spool:
        """Make an empty one for a body declared so long."""
        return Spool(self._space, self._ledger, self.threshold_bytes, declared_bytes)

    def of(self, data: bytes) -> Spool:
        """Make one of bytes that are there already."""
        self._ledger.take_regardless(len(data))
        return Spool.of(data, self._space, self._ledger)

    def holding(self, body: bytes | FileRange, spool: Spool) -> Spool:
        """Give *spool* itself, held once more, when *body* is its own; else one of those bytes."""
        if isinstance(body, FileRange) or (not spool.is_large and body is spool.data):
            spool.hold()
            return spool
        return self.of(body)
