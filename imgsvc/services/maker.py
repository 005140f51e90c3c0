"""From an original to the answer that was asked for."""

import math
import time
from collections.abc import Callable

from imgsvc.cache.failures import RememberedFailures
from imgsvc.errors import CorruptImage
from imgsvc.model.blob import Blob
from imgsvc.services.answers import ImageRequest, Streamed, Trace
from imgsvc.services.bodies import SpoolBody
from imgsvc.services.large import LargeTransforms
from imgsvc.services.original import Original
from imgsvc.services.removal import broken_pixels
from imgsvc.services.shelf import Shelf
from imgsvc.services.tracing import part
from imgsvc.services.variants import blob_of, streamed_of
from imgsvc.transform.pool import Transformed

PROVISIONAL_SECONDS = 60
"""How long a WebP stands in for the AVIF that is being made."""


class Maker:
    """Makes answers; keeps none. Originals are the caller's."""

    def __init__(
        self,
        *,
        failures: RememberedFailures,
        shelf: Shelf,
        transforms: LargeTransforms,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._failures = failures
        self._shelf = shelf
        self._transforms = transforms
        self._clock = clock

    async def passed_through(self, request: ImageRequest, original: Original) -> Streamed:
        """Answer with a large original as it is, perhaps while it arrives."""
        spool = original.spool
        is_whole = spool.whole_file is not None
        meta = await original.whole_meta() if is_whole else original.meta
        original.hold()
        return streamed_of(request, meta, SpoolBody(spool), is_whole=is_whole, shareable=original.shareable)

    async def made(
        self, request: ImageRequest, original: Original, trace: Trace, purges: int, *, patient: bool = False
    ) -> Blob:
        """Transform, unless the original itself was asked for."""
        if request.spec.is_identity:
            return blob_of(request, original.spool.data, original.meta, shareable=original.shareable)
        with part("transform"):
            made = await self._transformed(request, original, purges, patient=patient)
        for name in ("queue", "decode", "encode"):
            trace.add(name, getattr(made, f"{name}_seconds"))
        meta = (await original.whole_meta()).of_variant(
            media_type=made.media_type,
            sha256=made.sha256,
            width=made.width,
            height=made.height,
            degraded=made.degraded,
            look=made.look,
        )
        if made.deferred:
            soon = self._clock() + PROVISIONAL_SECONDS
            meta = meta.refreshed(meta.fetched_at, min(meta.fresh_until, soon))
        return blob_of(request, made.data, meta, shareable=original.shareable, provisional=made.deferred)

    async def _transformed(
        self, request: ImageRequest, original: Original, purges: int, *, patient: bool
    ) -> Transformed:
        """Make the pixels; a picture found broken is remembered as that, until other bytes come."""
        name = broken_pixels(request.source)
        # What failed at the very moment of the fetch was these bytes' fault still.
        since = math.nextafter(original.meta.fetched_at, 0)
        if (failure := await self._failures.recall(name, newer_than=since)) is not None:
            raise failure
        try:
            return await self._transforms.run(original, request.spec, patient=patient)
        except CorruptImage as error:
            if self._shelf.may_keep(request.source, purges):
                await self._failures.remember(name, error)
            raise
