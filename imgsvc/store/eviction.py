"""Counting what is in a folder, and deleting what was not used for longest: plain blocking calls, for a thread."""

import threading
from collections.abc import Callable
from contextlib import closing

from imgsvc.errors import StoreError
from imgsvc.store.ceiling import Oldest, Tally
from imgsvc.store.folder import Folder
from imgsvc.store.survey import is_kept

BATCH = 256
"""Files looked at, a few microseconds each, between two pauses."""
PAUSE_SECONDS = 0.001
"""In it the event loop has the interpreter to itself; half a million files are counted within a few seconds."""


class Eviction:
    """
    One walk after the other, never two at once.

    Args:
        folder: what is counted.
        tally: told of it.
    """

    def __init__(self, folder: Folder, tally: Tally) -> None:
        self._folder = folder
        self._tally = tally
        self._stopped = threading.Event()

    def run(self, wanted_bytes: Callable[[], int]) -> int:
        """
        Count, and delete what is too much.

        Args:
            wanted_bytes: tells, when asked, what writes are waiting for.

        Returns:
            The bytes that are free now and were not.

        Raises:
            StoreError: it was stopped.
        """
        oldest = self._count()
        excess_bytes, freed_bytes = self._tally.excess_bytes(wanted_bytes()), 0
        for number, seen in enumerate(oldest.in_order() if excess_bytes else ()):
            self._breathe(number)
            if freed_bytes >= excess_bytes:
                break
            freed_bytes += self._folder.evict(seen)
        return freed_bytes

    def stop(self) -> None:
        """Make what runs, and whatever is begun later, end soon; from any thread."""
        self._stopped.set()

    def _count(self) -> Oldest:
        self._tally.begin_count()
        oldest, found, found_bytes = Oldest(), 0, 0
        with closing(self._folder.survey()) as files:
            for seen in files:
                self._breathe(found)
                found += 1
                found_bytes += seen.size_bytes
                if not is_kept(seen.path):
                    oldest.offer(seen)
        self._tally.counted(found_bytes, found, *self._folder.space())
        return oldest

    def _breathe(self, number: int) -> None:
        if number % BATCH == 0 and self._stopped.wait(PAUSE_SECONDS):
            raise StoreError("The filesystem store is closed.")
