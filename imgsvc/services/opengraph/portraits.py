"""The portrait on a person's card: the first of a page's pictures that goes into a circle."""

import logging
import time
from collections.abc import Callable
from functools import partial

from cachetools import TTLCache

from imgsvc.cache.coalesce import Coalescer
from imgsvc.cache.memory import MemoryCache
from imgsvc.errors import ImgsvcError
from imgsvc.model.blob import Blob, BlobMeta
from imgsvc.model.source import Source
from imgsvc.model.spec import Fit, Output, TransformSpec
from imgsvc.opengraph.data import ShareImage
from imgsvc.services.fetches import Errand, FoundFetches
from imgsvc.services.inspecting import Inspector
from imgsvc.services.opengraph.deadline import Deadline
from imgsvc.services.opengraph.document import PageDocument
from imgsvc.services.opengraph.emblem import WAIT_SECONDS, Emblem, in_time, pass_on
from imgsvc.transform.cards import PORTRAIT_PX
from imgsvc.transform.pool import Inspected, TransformPool

log = logging.getLogger("imgsvc.opengraph")

MOST_TRIED = 4
"""Pictures of a page that are tried."""

MIN_SIDE_PX = 64
LEAST_RATIO, MOST_RATIO = 1 / 2, 2.0
"""Of a portrait's width to its height; a circle shows little of others."""

NONE_SECONDS, MAX_NONE = 900, 1024
"""For how long, and of how many pages, it is remembered that there is no portrait to be had."""

_FORM = TransformSpec(
    output=Output.PNG, width=PORTRAIT_PX, height=PORTRAIT_PX, fit=Fit.COVER, animate=False
).normalised()  # fmt: skip


class Portraits:
    """
    Brings portraits.

    Args:
        fetches: does the fetching.
        inspector: says what bytes are.
        transforms: makes pictures small.
        memory: keeps them; their pages' purges do not reach them, but a page that is read anew has others.
        flights: lets equal questions be one.
        wait_seconds: longest wait.
        clock: unix seconds.
    """

    def __init__(
        self,
        *,
        fetches: FoundFetches,
        inspector: Inspector,
        transforms: TransformPool,
        memory: MemoryCache,
        flights: Coalescer,
        wait_seconds: float = WAIT_SECONDS,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._fetches = fetches
        self._inspector = inspector
        self._transforms = transforms
        self._memory = memory
        self._flights = flights
        self._wait_seconds = wait_seconds
        self._clock = clock
        self._without: TTLCache[str, None] = TTLCache(MAX_NONE, NONE_SECONDS, timer=clock)

    async def portrait(self, document: PageDocument, deadline: Deadline) -> Emblem | None:
        """
        Give the first of a page's pictures that can be shown in a circle; None when none can be had in time.

        Raises:
            Overloaded: there is no room for it.
        """
        name = f"portrait:{document.url} of {document.fetched_at}"
        if (blob := self._memory.peek(name)) is not None:
            return Emblem(blob.data, blob.meta.sha256)
        if name in self._without or not document.data.images:
            return None
        if not (wait_seconds := deadline.left_seconds(self._wait_seconds)):
            return None
        return (await self._flights.join(name, partial(self._find, name, document, wait_seconds))).value

    async def _find(self, name: str, document: PageDocument, wait_seconds: float) -> Emblem | None:
        host = document.final_host
        blob = await in_time(
            f"portrait on {host}", self._first(name, document, Errand(frozenset((host,)))), wait_seconds
        )  # fmt: skip
        if blob is None:
            if wait_seconds == self._wait_seconds:  # else there was little time, which says nothing of the page
                self._without[name] = None
            return None
        self._memory.put(blob)
        return Emblem(blob.data, blob.meta.sha256)

    async def _first(self, name: str, document: PageDocument, errand: Errand) -> Blob | None:
        for image in document.data.images[:MOST_TRIED]:
            try:
                if (blob := await self._tried(name, image, document.fresh_until, errand)) is not None:
                    return blob
            except ImgsvcError as error:
                pass_on(error)
                log.info("%s: %s", image.url.partition("?")[0], error.detail)
        return None

    async def _tried(self, name: str, image: ShareImage, fresh_until: float, errand: Errand) -> Blob | None:
        """Fetch a picture and make it small; None when it does not go into a circle, or may not be shown to others."""
        async with self._fetches.picture(image.url, errand) as arrived:
            inspected = await self._inspector.inspect(arrived.body, arrived.content_encoding)
            if not (arrived.may_be_kept and _is_shaped(inspected)):
                return None
            made = await self._transforms.run(inspected.data, inspected.image_format, _FORM, sha256=inspected.sha256)
        now = self._clock()
        meta = BlobMeta(
            media_type=made.media_type, sha256=made.sha256, source_sha256=inspected.sha256, fetched_at=now,
            fresh_until=fresh_until, last_modified=int(now),
        )  # fmt: skip
        return Blob(data=made.data, meta=meta, key=name, source=Source(image.url))


def _is_shaped(inspected: Inspected) -> bool:
    width, height = inspected.width, inspected.height
    return min(width, height) >= MIN_SIDE_PX and LEAST_RATIO <= width / height <= MOST_RATIO
