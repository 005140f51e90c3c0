"""How large this process and its workers are now."""

from collections.abc import Callable, Iterable

import psutil


def resident_reader(worker_pids: Callable[[], Iterable[int]] = tuple) -> Callable[[], int]:
    """
    Give a reader of the resident size of this process and its workers together, in bytes.

    Pages that a worker shares with this process count twice: more is assumed than is used, never less.

    Args:
        worker_pids: gives the process ids of the workers there are now; one that is dead, or cannot be read, counts 0.
    """
    own = psutil.Process()
    workers = _Workers()

    def read() -> int:
        return int(own.memory_info().rss) + workers.rss_bytes(worker_pids())

    return read


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
        except psutil.Error:
            return 0
