"""How large this process and its workers are now."""

from collections.abc import Callable, Iterable
from contextlib import suppress

import psutil


def resident_reader(worker_pids: Callable[[], Iterable[int]] = tuple) -> Callable[[], int]:
    """
    Give a reader of the resident size of this process and its workers together, in bytes.

    Pages that a worker shares with this process count twice: more is assumed than is used, never less. While there are
    too many open files to ask, this process is taken to be as large as it was: who watches over memory goes on.

    Args:
        worker_pids: gives the process ids of the workers there are now; one that is dead, or cannot be read, counts 0.
    """
    own, workers = _Own(), _Workers()
    return lambda: own.rss_bytes() + workers.rss_bytes(worker_pids())


class _Own:
    """Remembers what it has read last."""

    def __init__(self) -> None:
        self._process = psutil.Process()
        self._last_bytes = int(self._process.memory_info().rss)

    def rss_bytes(self) -> int:
        with suppress(OSError):
            self._last_bytes = int(self._process.memory_info().rss)
        return self._last_bytes


class _Workers:
    """Remembers the handle of each worker: making one costs as much as several readings."""

    def __init__(self) -> None:
        self._handles: dict[int, psutil.Process] = {}

    def rss_bytes(self, pids: Iterable[int]) -> int:
        sizes = {pid: self._read(pid) for pid in pids}
        for pid in self._handles.keys() - sizes.keys():
            del self._handles[pid]
        return sum(sizes.values())

    def _read(self, pid: int) -> int:
        try:
            if pid not in self._handles:
                self._handles[pid] = psutil.Process(pid)
            return int(self._handles[pid].memory_info().rss)
        except (psutil.Error, OSError):
            return 0
