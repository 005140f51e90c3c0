"""
The picture of a page: chosen once while the page is fresh, kept under its own name, answered in any form.

One that was chosen too long ago is answered all the same, for a day, while page and pictures are asked again behind.
"""

import logging
import math
import time
from collections.abc import Callable, Mapping
from functools import partial
from types import MappingProxyType

from msgspec.structs import replace

from imgsvc.cache.coalesce import Coalescer
from imgsvc.errors import ImgsvcError, ObjectNotFound, Overloaded, ShareImageNotFound
from imgsvc.model.blob import BlobMeta
from imgsvc.model.card import CARD_HEIGHT_PX, CARD_WIDTH_PX
from imgsvc.model.formats import CAPABILITIES, ImageFormat
from imgsvc.model.freshness import STALE_WHILE_REVALIDATE_SECONDS, http_date
from imgsvc.model.source import Source
from imgsvc.model.spec import Output, TransformSpec
from imgsvc.opengraph.keys import share_key
from imgsvc.services.answers import ImageRequest, Served
from imgsvc.services.fetches import Errand
from imgsvc.services.images import ImageService
from imgsvc.services.kept_pictures import KEPT_SECONDS, KeptPicture, KeptPictures
from imgsvc.services.limits import Allowance
from imgsvc.services.opengraph.answers import Shared, ShareRequest
from imgsvc.services.opengraph.choosing import CHOOSING_SECONDS, Choice, Chooser, Chosen
from imgsvc.services.opengraph.deadline import Deadline
from imgsvc.services.opengraph.document import PageDocument, SharePicture
from imgsvc.services.opengraph.fitting import fitted
from imgsvc.services.opengraph.scrutiny import Scrutiny
from imgsvc.services.opengraph.service import LIFETIME_SECONDS, PageService
from imgsvc.stream.base import Ledger

log = logging.getLogger("imgsvc.opengraph")

WHOLE_SECONDS = 3600
"""A choice among all that a page offers holds for so long at the least, however old the page's data are."""

UNENDED_SECONDS = 300
"""One that did not really end, or in which something failed, is made again after so long at the earliest."""

SHORT_SECONDS = CHOOSING_SECONDS / 2
"""With less time than this a search that did not end says nothing of what it would have found."""

_CONTENT_CHARS = 8
_NOTHING: Mapping[str, bytes] = MappingProxyType({})


class _Decided:
    """
    A page whose picture is chosen; held by each who waited for that, who lets it go.

    Args:
        document: what is known of it.
        new: that picture's bytes by its key, where it was chosen just now.
        ledger: counts them as long as it is held.
        is_stale: whether it was chosen too long ago.
    """

    def __init__(
        self, document: PageDocument, ledger: Ledger, new: Mapping[str, bytes] = _NOTHING, *, is_stale: bool = False
    ) -> None:
        self.document, self.new, self.is_stale = document, new, is_stale
        self._ledger, self._size_bytes, self._holds = ledger, sum(map(len, new.values())), 1
        ledger.take_regardless(self._size_bytes)

    def hold(self) -> None:
        self._holds += 1

    def let_go(self) -> None:
        self._holds -= 1
        if self._holds == 0:
            self._ledger.give_back(self._size_bytes)


class PagePictures:
    """
    Answers with them.

    Args:
        pages: says what pages offer.
        chooser: tries that.
        pictures: keeps what was chosen.
        images: the spine.
        flights: lets equal choices be one.
        ledger: counts what was just fetched, until all who waited for it are answered.
        scrutiny: looks at what is passed on.
        clock: unix seconds.
    """

    def __init__(
        self,
        *,
        pages: PageService,
        chooser: Chooser,
        pictures: KeptPictures,
        images: ImageService,
        flights: Coalescer,
        ledger: Ledger,
        scrutiny: Scrutiny,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._pages = pages
        self._chooser = chooser
        self._pictures = pictures
        self._images = images
        self._flights = flights
        self._ledger = ledger
        self._scrutiny = scrutiny
        self._clock = clock

    async def find(self, request: ShareRequest, allowance: Allowance | None, deadline: Deadline) -> Shared:
        """
        Answer with the picture of the page that *request* names; one that the store has lost is chosen anew.

        Raises:
            NotAPage: there is something else.
            ShareImageNotFound: none of its pictures is fit.
            ImgsvcError: what the page, the picture, the way to either or the load of this process forbids.
        """
        known = await self._pages.page_in_time(request.source, allowance, deadline.left_seconds())
        try:
            return await self._answered(request, await self._decided(known.record, deadline))
        except ObjectNotFound:
            lost = replace(known.record, picture=None, chosen_until=0.0)
            return await self._answered(request, await self._decided(lost, deadline))

    async def _answered(self, request: ShareRequest, decided: _Decided) -> Shared:
        """Answer with what was chosen, and let go of it."""
        try:
            return await self._fitted(request, decided)
        finally:
            decided.let_go()

    async def _fitted(self, request: ShareRequest, decided: _Decided) -> Shared:
        document, picture = decided.document, decided.document.picture
        if picture is None:
            again_seconds = int(min(document.fresh_until, document.chosen_until) - self._clock())
            raise ShareImageNotFound(
                "None of the page's pictures is fit to be shared.",
                param="url",
                retry_after_seconds=max(1, again_seconds),
            )
        size_px = (picture.width_px, picture.height_px)

        def question(spec: TransformSpec) -> ImageRequest:
            return self._question(picture, spec, decided.new)

        # Of a drawing its own size says nothing: it is drawn as large as a card.
        known_px = None if picture.image_format is ImageFormat.SVG else size_px
        served, asked = await fitted(
            partial(self._asked, picture), question, _large_enough(request.spec, picture), request.network,
            image_format=picture.image_format, size_px=known_px, scrutiny=self._scrutiny,
        )  # fmt: skip
        served = served._replace(stale=served.stale or decided.is_stale)
        fresh_until = min(document.fresh_until, document.chosen_until)
        return Shared(served, asked, fresh_until=fresh_until, size_px=size_px, url=picture.url)

    async def _asked(self, picture: SharePicture, request: ImageRequest) -> Served:
        """Ask the spine; where another picture lies under the key of this one, not for what lies there."""
        served = await self._images.get(request)
        if request.key != picture.key or served.blob.meta.sha256 == picture.sha256:
            return served
        served.let_go()
        return await self._images.get(self._made(picture, picture.key, request.spec, {}))

    def _question(self, picture: SharePicture, spec: TransformSpec, new: Mapping[str, bytes]) -> ImageRequest:
        if picture.key is None:
            return ImageRequest(Source(picture.url), spec)
        if spec.is_identity and picture.key not in new:  # what is stored can be answered whatever the load
            return ImageRequest(Source.stored(picture.key), spec)
        return self._made(picture, picture.key, spec, new)

    def _made(self, picture: SharePicture, key: str, spec: TransformSpec, new: Mapping[str, bytes]) -> ImageRequest:
        """Ask for what is made of a picture; it is named by that picture's digest too."""
        spec = replace(spec, content=picture.sha256[:_CONTENT_CHARS]).normalised()
        kept = KeptPicture(key, picture.image_format, _meta_of(picture, KEPT_SECONDS))
        return ImageRequest(Source.stored(key), spec, bring=partial(self._pictures.original, kept, new))

    async def _decided(self, document: PageDocument, deadline: Deadline) -> _Decided:
        """Give a page with its picture; one of which there was one until lately need not wait for another."""
        now = self._clock()
        if now < min(document.fresh_until, document.chosen_until):
            return _Decided(document, self._ledger)
        if document.picture is not None and now < document.chosen_until + STALE_WHILE_REVALIDATE_SECONDS:
            self._pages.begin(f"picture of {document.url}", partial(self._decide_behind, document.site))
            return _Decided(document, self._ledger, is_stale=True)
        if now < document.chosen_until:
            return _Decided(document, self._ledger)
        return await self._chosen(document, deadline.left_seconds())

    async def _decide_behind(self, page: Source) -> None:
        try:
            known = await self._pages.refreshed(page)
            if known is not None and self._clock() >= known.record.chosen_until:
                (await self._chosen(known.record, math.inf)).let_go()
        except ImgsvcError as error:
            log.info("%s: %s", page.host, error.detail)
        except Exception:
            log.exception("choosing the picture of a page of %s anew failed unforeseen", page.host)

    async def _chosen(self, document: PageDocument, left_seconds: float) -> _Decided:
        name = f"share picture:{document.url} at {document.fetched_at}"
        outcome = await self._flights.join(name, partial(self._decide, document, left_seconds))
        return outcome.value

    async def _decide(self, document: PageDocument, left_seconds: float) -> _Decided:
        """Choose, and keep; where nobody could look at all that is offered, what was good before is good still."""
        now = self._clock()
        try:
            errand = Errand(frozenset((document.final_host,)))
            choice = await self._chooser.choose(document.data.images, errand, left_seconds)
        except Overloaded:
            if document.picture is None:
                raise
            choice = Choice(None, is_whole=False, again_seconds=0)
        decided = replace(document, chosen_until=_chosen_until(document, choice, now, left_seconds))
        if choice.is_whole:
            decided = replace(decided, picture=None)
        new = _NOTHING
        if choice.chosen is not None:
            decided = replace(decided, picture=_picture_of(document, choice.chosen, now))
            new = self._kept(decided.picture, choice.chosen)
        self._pages.keep(decided)
        return _Decided(decided, self._ledger, new)

    def _kept(self, picture: SharePicture | None, chosen: Chosen) -> Mapping[str, bytes]:
        if picture is None or picture.key is None or chosen.data is None:
            return _NOTHING
        # Under its key, which is the page's, it is good until the page is read again: then another may lie there.
        kept = KeptPicture(picture.key, picture.image_format, _meta_of(picture, LIFETIME_SECONDS))
        self._pictures.keep(kept, chosen.data)
        return {picture.key: chosen.data}


def _large_enough(spec: TransformSpec, picture: SharePicture) -> TransformSpec:
    """Have a drawing drawn as large as a card: most are as small as an icon, and networks show no icons."""
    is_as_it_is = spec.output is Output.ORIGINAL or spec.width is not None or spec.height is not None
    if picture.image_format is not ImageFormat.SVG or is_as_it_is:
        return spec
    return replace(spec, width=CARD_WIDTH_PX, height=CARD_HEIGHT_PX).normalised()


def _chosen_until(document: PageDocument, choice: Choice, now: float, left_seconds: float) -> float:
    """Say how long a choice holds; one for which reading the page left little time is the next one's to make again."""
    if choice.again_seconds == 0 and left_seconds < SHORT_SECONDS:
        return now
    if choice.again_seconds is None:
        return max(document.fresh_until, now + WHOLE_SECONDS)
    return now + max(UNENDED_SECONDS, choice.again_seconds)


def _picture_of(document: PageDocument, chosen: Chosen, now: float) -> SharePicture:
    key = share_key(Source(document.url).host, document.url, chosen.image_format)
    return SharePicture(
        key=None if chosen.data is None else key,
        sha256=chosen.sha256,
        image_format=chosen.image_format,
        width_px=chosen.width_px,
        height_px=chosen.height_px,
        url=chosen.url,
        chosen_at=now,
        last_modified=min(max(0, http_date(chosen.last_modified) or 0), int(now)),
    )


def _meta_of(picture: SharePicture, lifetime_seconds: int) -> BlobMeta:
    return BlobMeta(
        media_type=CAPABILITIES[picture.image_format].media_type,
        sha256=picture.sha256,
        source_sha256=picture.sha256,
        fetched_at=picture.chosen_at,
        fresh_until=picture.chosen_at + lifetime_seconds,
        last_modified=picture.last_modified or int(picture.chosen_at),
        width=picture.width_px,
        height=picture.height_px,
    )
