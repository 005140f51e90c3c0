"""Taking logos out of the store that hard marks hit."""

from collections.abc import Awaitable, Callable

from imgsvc.logos.keys import LOGO_PREFIX, domain_of_key
from imgsvc.model.blob import BlobMeta
from imgsvc.model.source import Source
from imgsvc.services.mark_index import MarkIndex
from imgsvc.store.base import ObjectStore

_WORD = "logo:"


class LogoSweep:
    """
    Looks at every logo and record.

    Args:
        store: where they lie.
        remove: takes a stored picture and all made of it out of every tier, and gives the number of objects deleted.
    """

    def __init__(self, store: ObjectStore, remove: Callable[[Source], Awaitable[int]]) -> None:
        self._store = store
        self._remove = remove

    async def __call__(self, index: MarkIndex) -> int:
        """
        Delete what is hit; gives how many objects that were.

        Raises:
            StoreError: the store failed on the way.
        """
        deleted = 0
        async for key in self._store.list(LOGO_PREFIX):
            meta = await self._store.stat(key)
            if meta is not None and meta.sha256 and _is_hit(index, key, meta):
                deleted += await (
                    self._store.delete(key) if key.endswith(".json") else self._remove(Source.stored(key))
                )
        return deleted


def _is_hit(index: MarkIndex, key: str, meta: BlobMeta) -> bool:
    """Whether what lies there is a logo that a mark names by its domain or a word; the word says whose it is."""
    words = (word.removeprefix(_WORD) for word in meta.tags.split() if word.startswith(_WORD))
    domain = next(words, None) or domain_of_key(key)
    return domain is not None and index.verdict(Source(f"https://{domain}/"), meta.tags, meta.fetched_at).is_gone
