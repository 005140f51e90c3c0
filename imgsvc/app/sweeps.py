"""What takes logos and page data out of the store: loaded by the first removal or purge that needs it."""

from collections.abc import Awaitable, Callable

from msgspec import Struct

from imgsvc.model.source import Source
from imgsvc.services.logos.sweeping import LogoSweep
from imgsvc.services.mark_index import MarkIndex
from imgsvc.services.opengraph.sweeping import PageSweep
from imgsvc.store.base import ObjectStore


class Sweeps(Struct, frozen=True):
    """Both of them."""

    logos: LogoSweep
    pages: PageSweep

    async def __call__(self, index: MarkIndex) -> int:
        """
        Delete what is hit; gives how many objects that were.

        Raises:
            StoreError: the store failed on the way.
        """
        return await self.logos(index) + await self.pages(index)


def make_sweeps(
    store: ObjectStore,
    remove: Callable[[Source], Awaitable[int]],
    remove_picture: Callable[[Source], Awaitable[int]],
) -> Sweeps:
    """
    Make them.

    Args:
        store: where both lie.
        remove: takes all that is known of a source out of every tier; gives how many objects that were.
        remove_picture: the same of pictures alone.
    """
    return Sweeps(LogoSweep(store, remove), PageSweep(store, remove_picture))
