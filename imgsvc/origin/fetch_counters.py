"""What the fetcher counts."""

from collections import Counter
from collections.abc import Mapping
from types import MappingProxyType

from msgspec import Struct

from imgsvc.origin.addresses import Refusal


class FetchStatistics(Struct, frozen=True):
    """
    Counters since the start.

    Attributes:
        fetches: begun.
        open: not ended yet, bodies being read included.
        outcomes: of those that ended: ``ok``, ``not_modified``, the class name of an error, ``cancelled``, or
            ``abandoned`` for a body closed before its end (more bytes than allowed, or no longer wanted).
        refused: addresses refused, by reason.
        received_bytes: of bodies, those of fetches that failed or were given up included.
    """

    fetches: int
    open: int
    outcomes: Mapping[str, int]
    refused: Mapping[Refusal, int]
    received_bytes: int


class FetchCounters:
    """Counts fetches from their beginning to their end."""

    def __init__(self) -> None:
        self._begun = 0
        self._outcomes: Counter[str] = Counter()
        self._received_bytes = 0

    def begin(self) -> None:
        """Count one that begins."""
        self._begun += 1

    def end(self, outcome: str, received_bytes: int) -> None:
        """Count its end; *outcome* as :class:`FetchStatistics` has it."""
        self._outcomes[outcome] += 1
        self._received_bytes += received_bytes

    def statistics(self, refused: Mapping[Refusal, int]) -> FetchStatistics:
        """Snapshot of the counters, with those of who refuses addresses."""
        return FetchStatistics(
            fetches=self._begun,
            open=self._begun - self._outcomes.total(),
            outcomes=MappingProxyType(dict(self._outcomes)),
            refused=refused,
            received_bytes=self._received_bytes,
        )
