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

What either of the first two tiers has that is no longer fresh is answered all the same, for a day, while its source is
asked behind; later its source is asked first, and a source that fails has its last good picture answered for a week.

Work for which there is no memory is refused in one place, between the second and the third of these. Large bodies are
never whole in memory: they are answered while they are read, from the store or from their source.

Failures are outcomes too: they are shared by all who wait, and remembered for the source as long as their class says.
An answer of a source that forbids sharing (``no-store``, ``private``) reaches only the one whose request fetched it.
"""

import time
from collections.abc import Callable
from functools import partial

from msgspec.structs import replace

from imgsvc.cache.coalesce import Coalescer
from imgsvc.cache.memory import MemoryCache
from imgsvc.errors import ImgsvcError, NotFound, RateLimited
from imgsvc.model.blob import Blob
from imgsvc.model.freshness import STALE_IF_ERROR_SECONDS
from imgsvc.model.keys import original_key
from imgsvc.pressure.admission import Admission, Work
from imgsvc.services.answers import ImageRequest, Served, Tier, Trace
from imgsvc.services.limits import Allowance, joined_for
from imgsvc.services.maker import Maker
from imgsvc.services.marks import Marks
from imgsvc.services.original import Original
from imgsvc.services.originals import Originals
from imgsvc.services.records import Records
from imgsvc.services.revalidations import Revalidations
from imgsvc.services.shelf import Shelf
from imgsvc.services.standing import Standing, judged, standing_at
from imgsvc.services.upgrades import Upgrades
from imgsvc.services.variants import NOWHERE, Found, Variants

# Named once, for the path of a hit: until Python 3.12 to name a member of an enumeration is a call.
_MEMORY = Tier.MEMORY
_STALE, _OLD, _GONE = Standing.STALE, Standing.OLD, Standing.GONE


class ImageService:
    """Answers image requests; knows nothing of HTTP."""

    def __init__(  # noqa: PLR0913 - all named, by the composition root alone
        self,
        *,
        memory: MemoryCache,
        flights: Coalescer,
        shelf: Shelf,
        records: Records,
        marks: Marks,
        variants: Variants,
        originals: Originals,
        revalidations: Revalidations,
        maker: Maker,
        upgrades: Upgrades,
        admission: Admission,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._memory = memory
        self._flights = flights
        self._shelf = shelf
        self._records = records
        self._marks = marks
        self._variants = variants
        self._originals = originals
        self._revalidations = revalidations
        self._maker = maker
        self._upgrades = upgrades
        self._admission = admission
        self._clock = clock

    def lookup(self, request: ImageRequest) -> Served | None:
        """Give what memory has and may answer; a plain call, so that a hit never leaves the loop's turn."""
        return self.lookup_again(request.key, request.source.url, request.stale_seconds)

    def lookup_again(self, key: str, url: str, stale_seconds: int) -> Served | None:
        """Do so by all that it takes of a request: its key, its source's URL, and how stale an answer may be."""
        blob = self._memory.get(key)
        if blob is None:
            return None
        if blob.source.url != url:
            # The same object by another name (its URL, its key), or a clash of digests. What is fresh, where it comes
            # from and so what is said of it differ.
            return None
        now = self._clock()
        if blob.is_fresh(now):
            return Served(blob, _MEMORY, hit=True)
        return self._past_its_end(blob, now, stale_seconds)

    @property
    def use(self) -> Callable[[Blob], bool]:
        """What counts one more use of a blob if memory still has it; False = it has not."""
        return self._memory.use

    def changes(self) -> int:
        """
        Count what was learnt of sources; a plain call.

        While it stays, and memory has the same bytes, a stale answer stays one until its time is over.
        """
        return self._records.changes

    def holds(self, key: str) -> bool:
        """Whether memory has something under *key*; no use is counted."""
        return self._memory.peek(key) is not None

    async def get(self, request: ImageRequest, allowance: Allowance | None = None) -> Served:
        """
        Serve *request* from the nearest tier that has it, filling the nearer tiers on the way; the caller lets it go.

        Raises:
            ImgsvcError: as :meth:`find` does.
        """
        return self.lookup(request) or await self.find(request, allowance)

    async def find(self, request: ImageRequest, allowance: Allowance | None = None) -> Served:
        """
        Serve *request*, which memory has just been asked for in vain; the caller lets it go.

        Args:
            request: what is asked for.
            allowance: what the client may still cause to be fetched; None = no limit.

        Raises:
            RateLimited: that is nothing.
            ImgsvcError: what the source, the picture or the load of this process forbids.
        """
        # Who comes after a purge does not join work that began before it.
        purges = self._shelf.purges(request.source)
        name = f"{request.key} of {request.source.url} after {purges} and {self._marks.epoch}"
        work = partial(self._produce, request, allowance)
        outcome = await joined_for(allowance, lambda: self._flights.join(name, work))
        if not outcome.joined:
            return outcome.value
        if not outcome.value.blob.shareable:
            outcome.value.let_go()
            return await work()
        return outcome.value.as_follower()

    def _past_its_end(self, blob: Blob, now: float, stale_seconds: int) -> Served | None:
        """Judge a kept answer that is no longer fresh; what its source said since may have made it so again."""
        source = blob.source
        if (record := self._records.known(source)) is not None:
            standing, meta = judged(blob.meta, record, now, stale_seconds)
        else:
            standing, meta = standing_at(blob.meta, now, stale_seconds), blob.meta
        if blob.provisional or not source.has_origin or standing is _GONE:
            self._memory.discard(blob.key, "expired")
            return None
        if standing is _OLD:
            return None  # but kept: its source may fail, and the store too
        if meta is not blob.meta:
            blob = replace(blob, meta=meta)
            self._memory.replace(blob)
        if standing is _STALE:
            self._revalidations.begin(source)
        return Served(blob, _MEMORY, hit=True, stale=standing is _STALE)

    async def _produce(self, request: ImageRequest, allowance: Allowance | None) -> Served:
        purges, trace = self._shelf.purges(request.source), Trace()
        found = NOWHERE if request.source.is_generated else await self._variants.find(request, trace)
        original = None
        if found.standing is Standing.STALE:
            self._revalidations.begin(request.source)
        elif found.standing is Standing.OLD:
            found, original = await self._asked_first(request, trace, found)
        if found.blob is not None:
            if isinstance(found.blob, Blob):
                self._remember(found.blob, purges)
            return Served(found.blob, Tier.STORE, hit=True, trace=trace, stale=found.standing is Standing.STALE)
        try:
            original = original or await self._original(request, trace, allowance)
        except ImgsvcError as error:
            if (last_good := self._last_good(request, error)) is None:
                raise
            return last_good
        try:
            return await self._served(request, original, trace, purges, fresh_key=not found.is_there)
        finally:
            original.let_go()

    async def _asked_first(self, request: ImageRequest, trace: Trace, before: Found) -> tuple[Found, Original | None]:
        """Have the source asked, then look once more; gives what came instead, to be let go, where that is of use."""
        original = await self._originals.validated(request.source, trace)
        trace.asked_first = True
        try:
            found = await self._variants.find(request, trace, however_old=original is None)
        except BaseException:
            _let_go(original)
            raise
        if original is not None and found.blob is not None and found.blob.meta.sha256 != before.sha256:
            # What has just come was not there before: no hit.
            Served(found.blob, Tier.STORE, hit=True).let_go()
            found = Found(Standing.GONE, is_there=True)
        if found.blob is None:
            return found, original
        _let_go(original)
        return found, None

    async def _original(self, request: ImageRequest, trace: Trace, allowance: Allowance | None = None) -> Original:
        self._admission.check(Work.anything())
        if request.bring is not None:
            return await request.bring(trace)
        return await self._originals.get(request.source, trace, tags=words_of(request), allowance=allowance)

    def _last_good(self, request: ImageRequest, error: ImgsvcError) -> Served | None:
        """Give what memory still has of a picture that cannot be had any more, if its source has not ended it."""
        blob = self._memory.peek(request.key)
        if blob is None or blob.source.url != request.source.url or isinstance(error, NotFound | RateLimited):
            return None
        if blob.provisional or self._clock() >= blob.meta.fresh_until + STALE_IF_ERROR_SECONDS:
            return None
        return Served(blob, Tier.MEMORY, hit=True, stale=True)

    async def _served(
        self, request: ImageRequest, original: Original, trace: Trace, purges: int, *, fresh_key: bool
    ) -> Served:
        """Answer with what is made of *original*, which is the caller's."""
        self._flights.head_arrived()
        if request.spec.is_identity and original.spool.is_large:
            passed = await self._maker.passed_through(request, original)
            return Served(passed, original.tier, hit=False, trace=trace, stale=original.is_stale)
        made = await self._maker.made(request, original, trace, purges)
        if made.shareable:
            self._keep(made, purges, fresh_key=fresh_key, is_copy=_is_copy(request))
            if made.provisional:
                name = f"{request.key} after {purges} and {self._marks.epoch}"
                self._upgrades.begin(name, partial(self._upgrade, request))
        return Served(made, original.tier, hit=False, trace=trace, stale=original.is_stale)

    async def _upgrade(self, request: ImageRequest) -> None:
        """Make what took too long to be waited for, for the next who asks."""
        purges, trace = self._shelf.purges(request.source), Trace()
        original = await self._original(request, trace)
        try:
            made = await self._maker.made(request, original, trace, purges, patient=True)
        finally:
            original.let_go()
        if made.shareable:
            self._keep(made, purges, fresh_key=False)

    def _remember(self, blob: Blob, purges: int) -> bool:
        """Keep in memory what no purge has hit since it was fetched; whether it may be kept elsewhere too."""
        if not self._shelf.may_keep(blob.source, purges):
            return False
        verdict = self._marks.verdict(blob.source, blob.meta.tags, blob.meta.fetched_at)
        if verdict.is_gone:
            return False
        if blob.provisional and self._memory.peek(blob.key) is not None:
            return False  # the better answer was there first
        if verdict.stale_since is not None:
            meta = blob.meta.refreshed(blob.meta.fetched_at, min(blob.meta.fresh_until, verdict.stale_since))
            blob = replace(blob, meta=meta)
        self._memory.put(blob)
        return True

    def _keep(self, blob: Blob, purges: int, *, fresh_key: bool, is_copy: bool = False) -> None:
        """Memory now, the store behind; an original is there or on its way, what was drawn here is drawn again."""
        is_elsewhere = (
            is_copy or blob.source.is_generated or blob.key in (blob.source.object_key, original_key(blob.source))
        )
        if self._remember(blob, purges) and not is_elsewhere and not blob.provisional:
            self._shelf.persist(blob.key, blob.data, blob.meta, if_absent=fresh_key)


def _is_copy(request: ImageRequest) -> bool:
    """Whether the answer is a stored object itself, under whatever name."""
    return request.spec.is_identity and request.source.object_key is not None


def _let_go(original: Original | None) -> None:
    if original is not None:
        original.let_go()


def words_of(request: ImageRequest) -> str:
    """Give a request's tags as they are written down, between spaces."""
    return " ".join(sorted(request.tags))
