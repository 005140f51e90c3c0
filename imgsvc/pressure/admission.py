"""The one place where new work is refused for want of memory."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal, Self

from msgspec import Struct

from imgsvc.errors import MemoryPressure
from imgsvc.pressure.gate import ByteGate, Permit
from imgsvc.pressure.levels import Level
from imgsvc.pressure.monitor import MemoryMonitor

MAX_AGE_SECONDS = 0.1
"""How old a reading may be that work is admitted by: a burst is over in less than the second between two samples."""

RETRY_AFTER_SECONDS = 5
"""When asking again may help: a level lasts two seconds at the least, and one eviction or two end most of them."""


class Work(Struct, frozen=True):
    """
    Something about to be fetched or decoded.

    Attributes:
        kind: what *size_bytes* means.
        size_bytes: a source's declared length, or a decode's estimate; None = not known.
    """

    kind: Literal["anything", "source", "decode"]
    size_bytes: int | None = None

    @classmethod
    def anything(cls) -> Self:
        """Work of which nothing is known yet, and which is not called large for it."""
        return cls("anything")

    @classmethod
    def source(cls, declared_bytes: int | None) -> Self:
        """A source about to be read; large when it has more bytes than are buffered, or does not say how many."""
        return cls("source", declared_bytes)

    @classmethod
    def decode(cls, estimate_bytes: int) -> Self:
        """A picture about to be decoded; large by what that is predicted to need."""
        return cls("decode", estimate_bytes)


class AdmissionStatistics(Struct, frozen=True):
    """
    Counters since the start.

    Attributes:
        refused: by reason; every reason is present: ``memory-critical``, ``memory-guard``, and the gate's own.
    """

    refused: Mapping[str, int]


class Admission:
    """
    Decides whether new work may begin; what is in memory or stored is served without asking.

    Args:
        monitor: knows the level.
        gate: admits decodes by bytes.
        large_operation_bytes: a decode estimated to need more is large.
        stream_threshold_bytes: a source declared to have more is large.
    """

    def __init__(
        self, monitor: MemoryMonitor, gate: ByteGate, large_operation_bytes: int, stream_threshold_bytes: int
    ) -> None:
        self._monitor = monitor
        self._gate = gate
        self._large_operation_bytes = large_operation_bytes
        self._stream_threshold_bytes = stream_threshold_bytes
        self._refused = {"memory-critical": 0, "memory-guard": 0}

    def check(self, work: Work) -> None:
        """
        Let *work* pass, or not, by a reading at most 100 ms old.

        Called before the first byte is fetched or decoded, after memory and store have missed.

        Raises:
            MemoryPressure: the level is ``CRITICAL`` or above, or it is ``GUARD`` and the work is large.
        """
        level = self._monitor.sample_if_older(MAX_AGE_SECONDS).level
        if level >= Level.CRITICAL:
            raise self._refusal("memory-critical", "The service is out of memory and serves only what it has.")
        if level >= Level.GUARD and self._is_large(work):
            raise self._refusal("memory-guard", "The service is short of memory and takes no large pictures now.")

    async def admit(self, estimate_bytes: int) -> Permit:
        """
        Wait for leave to decode; whoever gets it releases it when the thread has ended.

        Raises:
            MemoryPressure: see :meth:`check`; or no room could be made; or the queue was emptied.
            QueueFull: too many wait already, or for too long.
            ImageTooLarge: that much memory is not there even with nothing else under way.
        """
        self.check(Work.decode(estimate_bytes))
        return await self._gate.admit(estimate_bytes)

    def could_admit(self, estimate_bytes: int) -> bool:
        """Whether that much memory is there with nothing else under way, whatever the level is now."""
        return self._gate.could_admit(estimate_bytes)

    def statistics(self) -> AdmissionStatistics:
        """Snapshot of the counters."""
        return AdmissionStatistics(MappingProxyType({**self._refused, **self._gate.statistics().refused}))

    def _is_large(self, work: Work) -> bool:
        match work.kind:
            case "source":
                return work.size_bytes is None or work.size_bytes > self._stream_threshold_bytes
            case "decode":
                return work.size_bytes is None or work.size_bytes > self._large_operation_bytes
        return False

    def _refusal(self, reason: str, detail: str) -> MemoryPressure:
        self._refused[reason] += 1
        return MemoryPressure(detail, retry_after_seconds=RETRY_AFTER_SECONDS)
