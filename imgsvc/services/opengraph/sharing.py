"""The picture that stands for a page, a picture, an asset or a stored object; never nothing."""

import time
from collections import Counter
from collections.abc import Callable, Mapping
from copy import copy
from functools import partial
from math import inf
from pathlib import PurePosixPath
from types import MappingProxyType
from urllib.parse import urlsplit

from msgspec import Struct
from msgspec.structs import replace

from imgsvc.errors import ImgsvcError, InvalidRequest, NotAnImage, NotAPage, OriginError, Overloaded, RateLimited
from imgsvc.model.formats import FILE_EXTENSIONS
from imgsvc.model.spec import TransformSpec
from imgsvc.services.answers import ImageRequest
from imgsvc.services.assets import Assets
from imgsvc.services.images import ImageService
from imgsvc.services.limits import Allowance
from imgsvc.services.marks import Marks
from imgsvc.services.opengraph.answers import LastShared, Shared, ShareRequest
from imgsvc.services.opengraph.cards import Cards
from imgsvc.services.opengraph.deadline import Deadline
from imgsvc.services.opengraph.fitting import fitted
from imgsvc.services.opengraph.page_pictures import PagePictures
from imgsvc.services.opengraph.scrutiny import Scrutiny
from imgsvc.services.opengraph.service import PageService

CARD_SECONDS = 3600
"""How long a card may stand in for a picture that may be there sooner."""

LOOKED_SECONDS = 60
"""How long the same is answered without another look at why."""


class ShareStatistics(Struct, frozen=True):
    """
    Counters since the start; answers from memory that nothing was looked at for count too.

    Attributes:
        pictures: answered.
        cards: answered, by why: the class of what went wrong, or ``asked`` where nothing did.
    """

    pictures: int
    cards: Mapping[str, int]


class ShareService:
    """
    Answers with pictures; knows nothing of HTTP.

    Args:
        pages: says what is known of pages.
        pictures: those of pages.
        images: the spine.
        assets: knows what an asset is asked for.
        cards: stand in.
        marks: number the purges.
        scrutiny: looks at what is passed on.
        clock: unix seconds.
        monotonic: seconds; for the deadline of an answer.
    """

    def __init__(  # noqa: PLR0913 - all named, by the composition root alone
        self,
        *,
        pages: PageService,
        pictures: PagePictures,
        images: ImageService,
        assets: Assets,
        cards: Cards,
        marks: Marks,
        scrutiny: Scrutiny,
        clock: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._pages = pages
        self._pictures = pictures
        self._images = images
        self._assets = assets
        self._cards = cards
        self._marks = marks
        self._scrutiny = scrutiny
        self._clock = clock
        self._monotonic = monotonic
        self._pictures_answered = 0
        self._cards_answered: Counter[str] = Counter()

    def lookup(self, request: ShareRequest) -> Shared | None:
        """Give what memory has and may answer; a plain call, so that a hit never leaves the loop's turn."""
        if request.last is None or self._clock() >= request.last.until:
            return None
        shared = self._last(request)
        return None if shared is None else self._counted(shared)

    def statistics(self) -> ShareStatistics:
        """Snapshot of the counters."""
        return ShareStatistics(self._pictures_answered, MappingProxyType(dict(self._cards_answered)))

    async def find(self, request: ShareRequest, allowance: Allowance | None = None) -> Shared:
        """
        Answer *request*, with a card where there is no picture; the caller lets go what is served.

        Raises:
            InvalidRequest: it is wrong.
            Overloaded: there is no room for it.
        """
        purges = self._marks.learnt  # what is purged meanwhile is not to be answered again
        try:
            shared = await self._found(request, allowance)
        except Overloaded:  # not to look again costs nothing
            if (last := self._last(request)) is None:
                raise
            return self._counted(last)
        self._remember(request, shared, purges)
        return self._counted(shared)

    def _last(self, request: ShareRequest) -> Shared | None:
        """Give what memory still has of the last answer, if nothing has been purged since."""
        last = request.last
        if last is None or last.purges != self._marks.learnt:
            return None
        served = self._images.lookup(last.asked)
        return None if served is None else Shared(served, last.asked, *last.shared)

    async def _found(self, request: ShareRequest, allowance: Allowance | None) -> Shared:
        deadline = Deadline(self._monotonic)
        if request.source.is_generated and request.asset_id is None:
            return await self._card(request, request.refusal, allowance, deadline)
        try:
            return await self._picture(request, allowance, deadline)
        except (InvalidRequest, Overloaded):
            raise
        except ImgsvcError as error:
            return await self._card(request, error, allowance, deadline)

    async def _picture(self, request: ShareRequest, allowance: Allowance | None, deadline: Deadline) -> Shared:
        """Ask first in the manner in which the source is likely to answer: what it is shows only when it comes."""
        if request.asset_id is not None:
            question = partial(self._assets.request, request.asset_id)
            return Shared(
                *await fitted(self._images.get, question, request.spec, request.network, scrutiny=self._scrutiny)
            )
        if not request.source.has_origin:
            return await self._named(request, None)
        if request.refusal is None and _names_a_picture(request.source.url):
            try:
                return await self._named(request, allowance)
            except NotAnImage:
                return await self._pictures.find(request, allowance, deadline)
        try:
            return await self._pictures.find(request, allowance, deadline)
        except NotAPage:
            return await self._named(request, allowance)
        except RateLimited as error:
            if request.refusal is not None or not request.is_listed:
                raise
            return await self._unlimited(request, error)

    async def _unlimited(self, request: ShareRequest, limited: RateLimited) -> Shared:
        """Ask for what may be a picture of a listed host: unlike pages, those are fetched without a limit."""
        try:
            return await self._named(request, None)
        except Overloaded:
            raise
        except ImgsvcError:
            raise limited from None

    async def _named(self, request: ShareRequest, allowance: Allowance | None) -> Shared:
        """Answer with a picture that the client named itself."""
        if request.refusal is not None:
            raise copy(request.refusal)  # the same request comes again: one object would gather the frames of all
        ask = partial(self._images.get, allowance=None if request.is_listed else allowance)
        question = partial(ImageRequest, request.source)
        return Shared(*await fitted(ask, question, request.spec, request.network, scrutiny=self._scrutiny))

    async def _card(
        self, request: ShareRequest, error: ImgsvcError | None, allowance: Allowance | None, deadline: Deadline
    ) -> Shared:
        """Answer with a card, of what is known of the page."""
        known = await self._pages.known(request.source) if request.source.has_origin else None
        card = await self._cards.request(
            request, None if known is None else known.record, error, allowance, deadline=deadline
        )

        def question(spec: TransformSpec) -> ImageRequest:
            return replace(card, spec=spec)

        served, asked = await fitted(self._images.get, question, request.spec, request.network)
        return Shared(served, asked, error, None if error is None else self._clock() + _card_seconds(error))

    def _counted(self, shared: Shared) -> Shared:
        if shared.served.blob.source.is_generated:
            self._cards_answered["asked" if shared.fallback is None else type(shared.fallback).__name__] += 1
        else:
            self._pictures_answered += 1
        return shared

    def _remember(self, request: ShareRequest, shared: Shared, purges: int) -> None:
        """Let the next who asks the same be answered sooner, unless it is one client's affair how it is answered."""
        if isinstance(shared.fallback, RateLimited) or not shared.served.blob.shareable:
            return
        until = min(shared.fresh_until or inf, self._clock() + LOOKED_SECONDS)
        # Without what brings it, which may hold the picture's bytes, and without the frames that an error came through.
        rest = (copy(shared.fallback), shared.fresh_until, shared.size_px, shared.url)
        request.last = LastShared(replace(shared.asked, bring=None), rest, until, purges)


def _card_seconds(error: ImgsvcError) -> int:
    """
    Say how long a card may be kept: as long as nobody would look again, where that is known.

    No cache in front keeps for others what one client has been told for asking too much.
    """
    if isinstance(error, RateLimited):
        return 0
    known_seconds = error.retry_after_seconds or error.remember_seconds
    if known_seconds or isinstance(error, OriginError):
        return min(CARD_SECONDS, max(LOOKED_SECONDS, known_seconds))
    return CARD_SECONDS


def _names_a_picture(url: str) -> bool:
    return PurePosixPath(urlsplit(url).path).suffix.lower().removeprefix(".") in FILE_EXTENSIONS
