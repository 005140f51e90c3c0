"""Taking page data, and the pictures chosen from them, out of the store that hard marks hit."""

from collections.abc import Awaitable, Callable

from imgsvc.model.source import Source
from imgsvc.services.mark_index import MarkIndex
from imgsvc.services.opengraph.document import DOCUMENT_PREFIX, PageDocument, document_key
from imgsvc.store.base import ObjectStore


class PageSweep:
    """
    Looks at every document.

    Args:
        store: where they lie.
        remove: removes a picture and all made from it; gives how many objects that were.
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
        async for key in self._store.list(DOCUMENT_PREFIX):
            stored = await self._store.get(key)
            document = PageDocument.parse_any(stored.data) if stored is not None else None
            if document is not None and index.verdict(document.site, document.tags, document.fetched_at).is_gone:
                deleted += await self._delete(document)
        return deleted

    async def remove(self, page: Source) -> int:
        """Delete what is known of *page*, for good: marks of single URLs do not last; gives and raises likewise."""
        stored = await self._store.get(document_key(page.url)) if page.has_origin else None
        document = PageDocument.parse(stored.data, page.url) if stored is not None else None
        return 0 if document is None else await self._delete(document)

    async def _delete(self, document: PageDocument) -> int:
        deleted = 0
        if document.picture is not None and document.picture.key is not None:
            deleted += await self._remove(Source.stored(document.picture.key))
        return deleted + await self._store.delete(document.key)
