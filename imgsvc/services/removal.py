"""Taking everything of one source out of every tier of this process and out of the store."""

from imgsvc.cache.failures import RememberedFailures
from imgsvc.cache.memory import MemoryCache
from imgsvc.model.keys import source_prefix
from imgsvc.model.source import Source
from imgsvc.services.incoming import Incoming
from imgsvc.services.records import Records
from imgsvc.services.shelf import Shelf


class Removal:
    """Removes; who comes after it finds nothing of before, not even in flight."""

    def __init__(
        self,
        *,
        memory: MemoryCache,
        failures: RememberedFailures,
        shelf: Shelf,
        records: Records,
        incoming: Incoming,
    ) -> None:
        self._memory = memory
        self._failures = failures
        self._shelf = shelf
        self._records = records
        self._incoming = incoming

    async def remove(self, source: Source) -> int:
        """
        Remove the original of *source*, all made from it, and what is remembered of its failures.

        Returns:
            How many stored objects were deleted.

        Raises:
            StoreError: the store failed on the way.
        """
        with self._shelf.purging(source):
            self._memory.discard_prefix(source_prefix(source))
            if source.object_key is not None:
                self._memory.discard(source.object_key, "purged")
            self._records.forget(source)
            await self._incoming.committed(source)
            await self._failures.forget(source.h16)
            await self._failures.forget(broken_pixels(source))
            return await self._shelf.delete(source)


def broken_pixels(source: Source) -> str:
    """Name what is remembered of a source whose bytes came well but are no whole picture."""
    return f"{source.h16}/pixels"
