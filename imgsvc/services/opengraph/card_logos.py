"""The logo on a card: found in time, in the form that reads on its tile."""

import logging
from collections.abc import Callable
from functools import partial

from imgsvc.errors import BadDomain, ImgsvcError
from imgsvc.logos.domain import Domain
from imgsvc.model.blob import Blob
from imgsvc.model.colours import Colour, is_light, luminance_of
from imgsvc.model.look import Theme
from imgsvc.model.spec import Output, TransformSpec
from imgsvc.services.behind import Behind
from imgsvc.services.limits import Allowance
from imgsvc.services.logos.answers import Fallback, LogoRequest, Subject
from imgsvc.services.logos.keeper import LogoKeeper
from imgsvc.services.logos.service import LogoService
from imgsvc.services.opengraph.deadline import Deadline
from imgsvc.services.opengraph.emblem import WAIT_SECONDS, Emblem, in_time
from imgsvc.transform.cards import OG_TILE_PX

log = logging.getLogger("imgsvc.opengraph")

SEARCHES_AT_ONCE = 16
"""Searches that go on when their card no longer waits."""

DRAWING_SECONDS = 0.5
"""What a logo that is known has for being drawn, however little time the answer has left."""

_WHITISH = 0.85
"""From this luminance on a colour is what a logo stands on, and says nothing of whose it is."""


class CardLogos:
    """
    Brings logos; :meth:`aclose` once.

    Args:
        logos: answers with logos.
        keeper: says what is known of them.
        may_run: whether there is room for work behind answers, just now.
        wait_seconds: longest wait for a search, and then for the logo's form.
    """

    def __init__(
        self,
        logos: LogoService,
        keeper: LogoKeeper,
        may_run: Callable[[], bool],
        *,
        wait_seconds: float = WAIT_SECONDS,
    ) -> None:
        self._logos = logos
        self._keeper = keeper
        self._may_run = may_run
        self._wait_seconds = wait_seconds
        self._behind = Behind("card logo", SEARCHES_AT_ONCE)
        self.idle, self.aclose = self._behind.idle, self._behind.aclose

    def domain(self, host: str) -> Domain | None:
        """Say whose logo goes with a page of *host*; None = nobody's, as for an address."""
        try:
            return self._logos.subject(host).domain if host else None
        except BadDomain:
            return None

    async def colour(self, domain: Domain) -> Colour | None:
        """Give a site's own colour, or else its logo's; None when neither is known, or the logo is mostly white."""
        known = await self._keeper.look(domain)
        if known is None or known.record.colour is not None:
            return None if known is None else known.record.colour
        best = known.best(OG_TILE_PX, None)
        seen = None if best is None or best.kept is None else best.kept.analysis.dominant_colour
        return None if seen is None or luminance_of(seen) > _WHITISH else seen

    async def search(self, domain: Domain, size_px: int, allowance: Allowance | None, deadline: Deadline) -> None:
        """
        See that it is known what logo a site has, as far as that is found in time; a search that takes longer goes on.

        Raises:
            Overloaded: there is no room for it.
        """
        if self._may_run() and self._keeper.known(domain, size_px) is None:
            self._behind.begin(domain.host, partial(self._search_behind, domain, size_px, allowance))
        wait_seconds = deadline.left_seconds(self._wait_seconds)
        await in_time(f"logo of {domain.host}", self._keeper.settled(domain, size_px, allowance), wait_seconds)

    async def logo(self, domain: Domain, size_px: int, tile: Colour, deadline: Deadline) -> Emblem | None:
        """
        Give a site's logo, as far as it is known, in the form that reads on *tile*; None when there is none in time.

        Raises:
            Overloaded: there is no room for it.
        """
        known = await self._keeper.look(domain)
        if known is None or not known.record.has_logo:
            return None
        theme = Theme.LIGHT if is_light(tile) else Theme.DARK
        spec = TransformSpec(
            output=Output.PNG, width=size_px, height=size_px, animate=False, page=tile, scheme=theme.value
        ).normalised()  # fmt: skip
        request = LogoRequest(Subject(domain), size_px, spec, theme, Fallback.NOT_FOUND)
        wait_seconds = max(DRAWING_SECONDS, deadline.left_seconds(self._wait_seconds))
        return await in_time(f"logo of {domain.host}", self._drawn(request), wait_seconds)

    async def _search_behind(self, domain: Domain, size_px: int, allowance: Allowance | None) -> None:
        try:
            await self._keeper.settled(domain, size_px, allowance)
        except ImgsvcError as error:
            log.info("logo of %s: %s", domain.host, error.detail)
        except Exception:
            log.exception("looking for the logo of %s failed unforeseen", domain.host)

    async def _drawn(self, request: LogoRequest) -> Emblem | None:
        answer = await self._logos.find(request)
        try:
            blob = answer.served.blob
            return Emblem(blob.data, blob.meta.sha256) if isinstance(blob, Blob) else None
        finally:
            answer.served.let_go()
