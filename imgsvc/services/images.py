"""
The spine: how a picture is found, made and kept.

A request walks three tiers, nearest first, and what it finds fills the nearer ones on the way back::

    memory ── a plain call, no await
      │ miss
    flight ── one piece of work a key; everybody else who asks for the same waits for its outcome
      │
    store ─── the answer itself, while its source's record says it is fresh
      │ miss
    original ─ a second flight, one a source: from the store, else fetched
      │
    transform ─ off the loop; then memory now, the store behind

Work for which there is no memory is refused in one place, between the second and the third of these. Large bodies are
never whole in memory: they are answered while they are read, from the store or from their source.

Failures are outcomes too: they are shared by all who wait, and remembered for the source as long as their class says.
An answer of a source that forbids sharing (``no-store``, ``private``) reaches only the one whose request fetched it.
"""

import time
from collections.abc import Callable

from imgsvc.cache.coalesce import Coalescer
from imgsvc.cache.failures import RememberedFailures
from imgsvc.cache.memory import MemoryCache
from imgsvc.errors import CorruptImage, ObjectNotFound
from imgsvc.model.blob import Blob, BlobMeta
from imgsvc.model.formats import BY_MEDIA_TYPE, CAPABILITIES, ImageFormat
from imgsvc.model.keys import original_key, source_prefix
from imgsvc.model.source import Source
from imgsvc.pressure.admission import Admission, Work
from imgsvc.services.answers import ImageRequest, Served, Streamed, Tier, Trace
from imgsvc.services.bodies import SpoolBody, StoredBody
from imgsvc.services.large import LargeTransforms
from imgsvc.services.original import Original
from imgsvc.services.originals import Originals
from imgsvc.services.shelf import Shelf
from imgsvc.store.base import StoredObject, StoredStream


class ImageService:
    """Answers image requests; knows nothing of HTTP."""

    def __init__(
        self,
        *,
        memory: MemoryCache,
        flights: Coalescer,
        failures: RememberedFailures,
        shelf: Shelf,
        originals: Originals,
        transforms: LargeTransforms,
        admission: Admission,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._memory = memory
        self._flights = flights
        self._failures = failures
        self._shelf = shelf
        self._originals = originals
        self._transforms = transforms
        self._admission = admission
        self._clock = clock

    def lookup(self, request: ImageRequest) -> Blob | None:
        """Give the fresh answer that memory has; a plain call, so that a hit never leaves the loop's turn."""
        blob = self._memory.get(request.key)
        if blob is None:
            return None
        if blob.source.url != request.source.url:
            # The same object by another name (its URL, its key), or a clash of digests. What is fresh, where it comes
            # from and so what is said of it differ.
            return None
        if blob.is_fresh(self._clock()):
            return blob
        self._memory.discard(request.key, "expired")
        return None

    async def get(self, request: ImageRequest) -> Served:
        """
        Serve *request* from the nearest tier that has it, filling the nearer tiers on the way; the caller lets it go.

        Raises:
            ImgsvcError: what the source, the picture or the load of this process forbids.
        """
        if (blob := self.lookup(request)) is not None:
            return Served(blob, Tier.MEMORY, hit=True)
        return await self.find(request)

    async def find(self, request: ImageRequest) -> Served:
        """
        Serve *request*, which memory has just been asked for in vain; the caller lets it go.

        Raises:
            ImgsvcError: as :meth:`get` does.
        """
        # Who comes after a purge does not join work that began before it.
        name = f"{request.key} of {request.source.url} after {self._shelf.purges(request.source)}"
        outcome = await self._flights.join(name, lambda: self._produce(request))
        if not outcome.joined:
            return outcome.value
        if not outcome.value.blob.shareable:
            outcome.value.let_go()
            return await self._produce(request)
        return outcome.value.as_follower()

    async def purge(self, source: Source) -> int:
        """
        Remove the original of *source* and all made from it from every tier.

        Returns:
            How many stored objects were deleted.

        Raises:
            StoreError: the store failed on the way.
        """
        with self._shelf.purging(source):
            self._memory.discard_prefix(source_prefix(source))
            if source.object_key is not None:
                self._memory.discard(source.object_key, "purged")
            await self._originals.forget(source)
            await self._failures.forget(source.h16)
            await self._failures.forget(_pixels(source))
            return await self._shelf.delete(source)

    async def _produce(self, request: ImageRequest) -> Served:
        purges, trace = self._shelf.purges(request.source), Trace()
        found, blob = await self._nearest(request, trace)
        if blob is not None:
            if isinstance(blob, Blob) and self._shelf.may_keep(request.source, purges):
                self._memory.put(blob)
            return Served(blob, Tier.STORE, hit=True, trace=trace)
        self._admission.check(Work.anything())
        original = await self._originals.get(request.source, trace)
        self._flights.head_arrived()
        try:
            if request.spec.is_identity and original.spool.is_large:
                passed = await self._passed_through(request, original)
                return Served(passed, original.tier, hit=False, trace=trace)
            data, meta = await self._made(request, original, trace, purges)
            made = self._blob(request, data, meta, shareable=original.shareable)
        finally:
            original.let_go()
        if made.shareable and self._shelf.may_keep(request.source, purges):
            self._keep(made, fresh_key=not found)
        return Served(made, original.tier, hit=False, trace=trace)

    async def _nearest(self, request: ImageRequest, trace: Trace) -> tuple[bool, Blob | Streamed | None]:
        """Ask the store for the answer itself: whether it has one, and that as an answer when it may be given."""
        trace.asked_store = True
        # Asked before the read: a write may end, or fail, while it is under way.
        is_stored = not self._shelf.is_pending(request.key)
        with trace.timed("store"):
            stored = await self._shelf.open(request.key)
            try:
                meta = await self._fresh_meta(request, stored)
            except BaseException:
                _close(stored)
                raise
        if stored is None or meta is None:
            _close(stored)
            return stored is not None, None
        if isinstance(stored, StoredObject):
            return True, self._blob(request, stored.data, meta, stored=is_stored)
        return True, self._streamed(request, meta, StoredBody(stored), is_whole=True, stored=True)

    async def _passed_through(self, request: ImageRequest, original: Original) -> Streamed:
        """Answer with a large original as it is, perhaps while it arrives."""
        spool = original.spool
        is_whole = spool.whole_file is not None
        meta = await original.whole_meta() if is_whole else original.meta
        original.hold()
        return self._streamed(request, meta, SpoolBody(spool), is_whole=is_whole, shareable=original.shareable)

    async def _fresh_meta(self, request: ImageRequest, stored: StoredObject | StoredStream | None) -> BlobMeta | None:
        """Give a stored answer's metadata while it is fresh: by itself, or because its source was asked again since."""
        if stored is None:
            return None
        if request.key == request.source.object_key:
            return self._served_object(stored)
        if self._clock() < stored.meta.fresh_until:
            return stored.meta
        record = await self._originals.record(request.source)
        if record is None or record.sha256 != stored.meta.source_sha256 or not record.is_fresh(self._clock()):
            return None
        return stored.meta.refreshed(record.fetched_at, record.fresh_until)

    def _served_object(self, stored: StoredObject | StoredStream) -> BlobMeta | None:
        """An object named by its key is its own source: what it holds now is fresh, when it is a picture."""
        if stored.meta.media_type not in BY_MEDIA_TYPE:
            raise ObjectNotFound("The store has no such image.", param="url")
        # A drawing may have been put there by somebody else: it is answered by way of the sanitiser.
        is_drawing = stored.meta.media_type == CAPABILITIES[ImageFormat.SVG].media_type
        return None if is_drawing else self._originals.current(stored.meta)

    async def _made(
        self, request: ImageRequest, original: Original, trace: Trace, purges: int
    ) -> tuple[bytes, BlobMeta]:
        """Transform, unless the original itself was asked for; a picture found broken is remembered as that."""
        if request.spec.is_identity:
            return original.spool.data, original.meta
        if (failure := await self._failures.recall(_pixels(request.source))) is not None:
            raise failure
        try:
            made = await self._transforms.run(original, request.spec)
            meta = await original.whole_meta()
        except CorruptImage as error:
            if self._shelf.may_keep(request.source, purges):
                await self._failures.remember(_pixels(request.source), error)
            raise
        for name in ("queue", "decode", "encode"):
            trace.add(name, getattr(made, f"{name}_seconds"))
        return made.data, meta.of_variant(
            media_type=made.media_type, sha256=made.sha256, width=made.width, height=made.height, degraded=made.degraded
        )

    def _keep(self, blob: Blob, *, fresh_key: bool) -> None:
        """Memory now, the store behind; an original is already there or on its way."""
        self._memory.put(blob)
        if blob.key not in (blob.source.object_key, original_key(blob.source)):
            self._shelf.persist(blob.key, blob.data, blob.meta, if_absent=fresh_key)

    @staticmethod
    def _blob(
        request: ImageRequest, data: bytes, meta: BlobMeta, *, shareable: bool = True, stored: bool = False
    ) -> Blob:
        return Blob(
            data=data,
            meta=meta,
            key=request.key,
            source=request.source,
            shareable=shareable,
            stored=stored,
            immutable=request.spec.version is not None,
        )

    @staticmethod
    def _streamed(
        request: ImageRequest,
        meta: BlobMeta,
        body: StoredBody | SpoolBody,
        *,
        is_whole: bool,
        shareable: bool = True,
        stored: bool = False,
    ) -> Streamed:
        return Streamed(
            body=body,
            is_whole=is_whole,
            meta=meta,
            key=request.key,
            source=request.source,
            shareable=shareable,
            stored=stored,
            immutable=request.spec.version is not None,
        )


def _close(stored: StoredObject | StoredStream | None) -> None:
    if not isinstance(stored, StoredObject | None):
        stored.close()


def _pixels(source: Source) -> str:
    """Name of what is remembered of a source whose bytes came well but are no whole picture."""
    return f"{source.h16}/pixels"
