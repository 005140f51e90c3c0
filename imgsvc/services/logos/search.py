"""
One search for one domain's logo, within one deadline.

The site's own word goes first: its page and manifest, then the well-known paths. External services are asked when those
do not suffice, or, lest a site that hangs takes the whole time, after a share of it::

    0 ──────────── page, manifest ── well-known paths ─────────────────────── given up at 60 %
                        └ does not suffice, or 40 % of the time is over: services ───── 100 %

Every candidate is fetched and measured; four at once at the most, and none of a host that does not connect.
"""

import asyncio
import logging
from collections.abc import Collection, Iterable
from contextlib import suppress
from typing import Any

from msgspec import Struct

from imgsvc.errors import ImgsvcError, Overloaded, QueueFull
from imgsvc.logos.candidate import Candidate, TrustClass
from imgsvc.logos.discovery import page_candidates, well_known_candidates
from imgsvc.logos.domain import Domain
from imgsvc.logos.palette import site_colour
from imgsvc.logos.providers import Provider
from imgsvc.logos.score import Reason
from imgsvc.model.colours import Colour
from imgsvc.services.fetches import Errand, FoundFetches
from imgsvc.services.logos.gathered import Gathered
from imgsvc.services.logos.judging import Judge, Seen, out, reason_of
from imgsvc.services.logos.site import Reach, Site, SiteReader, host_of
from imgsvc.stream.base import Ledger

log = logging.getLogger("imgsvc.logos")

_FIRST = asyncio.FIRST_COMPLETED

FETCHES_AT_ONCE = 4
SERVICES_AFTER = 0.4
SITE_UNTIL = 0.6
SERVICE_APART = 0.15
"""Shares of the deadline; by the last one services follow each other while none has answered."""

GRACE_SECONDS = 1.0
"""When one candidate suffices the others of its class are waited for only while one comes in so much time."""

LONGEST_URL_CHARS = 1024
"""A picture with a longer address is not asked for: every candidate's is written down."""


class Found(Struct, frozen=True):
    """
    What a search has brought.

    Attributes:
        seen: every candidate; those that are best for some size or theme with their pictures.
        is_whole: whether it really ended: somebody answered, nothing hung, nothing was refused for want of room.
        knows_nothing: whether, where nothing was found, all that was asked has said that there is nothing.
        is_exhaustive: whether the services were asked as well.
        colour: of the site's own; None = it names none.
        refusal: why some of it could not be done; None = all was.
    """

    seen: tuple[Seen, ...]
    is_whole: bool
    knows_nothing: bool
    is_exhaustive: bool
    colour: Colour | None = None
    refusal: ImgsvcError | None = None

    def rejects(self, shown_url: str) -> bool:
        """Whether a candidate of that address was named and is out."""
        return any(
            seen.measured.candidate.shown_url == shown_url and seen.measured.reason is not None for seen in self.seen
        )

    @property
    def best_trust(self) -> TrustClass | None:
        """The class of the most trusted one that is in the race; None when none is."""
        return min((seen.measured.candidate.trust for seen in self.seen if seen.picture is not None), default=None)


class Search:
    """One search, and what it has so far."""

    def __init__(
        self,
        fetches: FoundFetches,
        judge: Judge,
        providers: tuple[Provider, ...],
        domain: Domain,
        asked_px: int,
        ledger: Ledger,
    ) -> None:
        self._fetches = fetches
        self._judge = judge
        self._providers = providers
        self._domain = domain
        self._asked_px = asked_px
        self._reach = reach_of(domain)
        self.gathered = Gathered(ledger)
        self._begun: dict[str, Candidate] = {}
        self._too_slow: set[str] = set()
        self._site = Site()
        self._asked_services = self._is_late = False
        self._refusal: ImgsvcError | None = None
        self._site_falls_short = asyncio.Event()

    async def run(self, deadline_seconds: float) -> Found:
        """Search until a logo suffices, nothing is left to ask, or the time is over."""
        site = asyncio.create_task(self._ask_site(), name="logo search, site")
        services = asyncio.create_task(self._ask_services(deadline_seconds), name="logo search, services")
        try:
            async with asyncio.timeout(deadline_seconds):
                await self._decided(site, services, asyncio.get_running_loop().time() + deadline_seconds * SITE_UNTIL)
        except TimeoutError:
            self._is_late = True
            if self._reach.errand.waiting:
                self._refusal = no_room()
            else:
                self._reach.hung = True
        finally:
            await _ended((site, services))
        return self._found()

    async def _decided(self, site: asyncio.Task[bool], services: asyncio.Task[bool], site_until: float) -> None:
        """Wait for as much as it takes; a site that is still silent late is left when services know something."""
        await asyncio.wait((site, services), return_when=asyncio.FIRST_COMPLETED)
        if not site.done() and services.result():
            left_seconds = max(0.0, site_until - asyncio.get_running_loop().time())
            await asyncio.wait((site,), timeout=left_seconds)
            if not site.done():
                self._is_late = self._reach.hung = True
                return
        if not await site:
            await services

    async def _ask_site(self) -> bool:
        """Ask pages, manifests and well-known paths; whether what they have suffices."""
        try:
            is_enough = await self._ask_hosts()
        except Overloaded as error:
            self._refusal, is_enough = error, False
        if not is_enough:
            self._site_falls_short.set()
        return is_enough

    async def _ask_hosts(self) -> bool:
        """Ask one site after the other until one has a picture: ``api.acme.com`` may have a page, but no icon."""
        reader, left, is_enough = SiteReader(self._fetches), self._domain.variants, False
        while left and self.gathered.is_empty and self._refusal is None:
            site, left = await reader.read(left, self._reach)
            self._site = site if self._site.page is None else self._site
            is_enough = await self._ask_page(site) or await self._ask_well_known(site)
        return is_enough

    async def _ask_page(self, site: Site) -> bool:
        if site.page is None:
            return False
        # In a thread, for a page may hold a megabyte of JSON-LD.
        named = await asyncio.to_thread(page_candidates, site.page, site.manifest)
        return await self._measure(each for each in named if len(each.url) <= LONGEST_URL_CHARS)

    async def _ask_well_known(self, site: Site) -> bool:
        if site.url is None:
            return False
        return await self._measure(well_known_candidates(site.url))

    async def _ask_services(self, deadline_seconds: float) -> bool:
        """
        Ask services in their order until one knows a logo; whether one does.

        The next is asked when the one before knows nothing, or has been silent for a while.
        """
        with suppress(TimeoutError):
            async with asyncio.timeout(deadline_seconds * SERVICES_AFTER):
                await self._site_falls_short.wait()
        hosts = dict.fromkeys((self._domain.host, self._domain.registrable))
        turns = iter([provider.candidates(host) for host in hosts for provider in self._providers])
        running: set[asyncio.Task[bool]] = set()
        is_known = False
        try:
            while (turn := next(turns, None)) is not None or running:
                if turn is not None:
                    running.add(asyncio.create_task(self._ask_service(turn)))
                apart_seconds = None if turn is None else deadline_seconds * SERVICE_APART
                done, running = await asyncio.wait(running, timeout=apart_seconds, return_when=_FIRST)
                if is_known := True in [task.result() for task in done]:
                    break
        finally:
            await _ended(running)
        self._asked_services = True
        return is_known

    async def _ask_service(self, candidates: Iterable[Candidate]) -> bool:
        """Ask one service, for its largest size first; whether it knows a logo."""
        for candidate in candidates:
            await self._measure((candidate,))
            if self.gathered.has_picture(candidate.url):
                return True
        return False

    async def _measure(self, candidates: Iterable[Candidate]) -> bool:
        """Fetch and look at *candidates*; whether one that is known then suffices, and so ends the wait for others."""
        new = [candidate for candidate in candidates if candidate.url not in self._begun]
        self._begun |= {candidate.url: candidate for candidate in new}
        running = {asyncio.create_task(self._look_at(candidate), name=candidate.url) for candidate in new}
        try:
            while running:
                patience_seconds = GRACE_SECONDS if self.gathered.suffices(self._asked_px) else None
                done, running = await asyncio.wait(running, timeout=patience_seconds, return_when=_FIRST)
                for task in done:
                    task.result()
                if not done:
                    break
            self._too_slow |= {task.get_name() for task in running}
        finally:
            await _ended(running)
        await self.gathered.let_losers_go()
        return self.gathered.suffices(self._asked_px)

    async def _look_at(self, candidate: Candidate) -> None:
        async with self._reach.places():
            is_dead = host_of(candidate.url) in self._reach.dead
            seen = out(candidate, Reason.UNREACHABLE) if is_dead else await self._fetch(candidate)
        if not await self.gathered.add(seen):
            self._refusal = no_room()  # without its picture the search is none that ended

    async def _fetch(self, candidate: Candidate) -> Seen:
        """Fetch and look at one; whatever is wrong with it, the search goes on."""
        try:
            async with self._fetches.picture(candidate.url, self._reach.errand) as arrived:
                self._reach.has_answer = True
                with self._reach.errand.waits():
                    return await self._judge.seen(candidate, arrived, self._domain.host)
        except ImgsvcError as error:
            log.info("%s: %s", candidate.shown_url.partition("?")[0], error.detail)
            if (reason := reason_of(error)) is None:
                self._refusal, reason = error, Reason.UNREACHABLE
            else:
                self._reach.note(candidate.url, error)
            return out(candidate, reason)
        except Exception:
            log.exception("looking at a candidate for the logo of %s failed unforeseen", self._domain.host)
            return out(candidate, Reason.NOT_AN_IMAGE)

    def _found(self) -> Found:
        # What was cut off because it was not needed any more says nothing of itself.
        missing = {url: candidate for url, candidate in self._begun.items() if url not in self.gathered}
        late = [
            out(each, Reason.UNREACHABLE) for url, each in missing.items() if self._is_late or url in self._too_slow
        ]
        return Found(
            seen=(*self.gathered, *late),
            is_whole=self._reach.has_ended and self._refusal is None,
            knows_nothing=self._reach.knows_nothing and self._refusal is None,
            is_exhaustive=self._asked_services,
            colour=None if self._site.page is None else site_colour(self._site.page, self._site.manifest),
            refusal=self._refusal,
        )


def reach_of(domain: Domain) -> Reach:
    """Begin to know the hosts of a domain."""
    places = asyncio.Semaphore(FETCHES_AT_ONCE)
    return Reach(lambda: places, Errand(frozenset(domain.variants)))


async def _ended(tasks: Collection[asyncio.Task[Any]]) -> None:
    """Give up what is still running, and wait for it."""
    for task in tasks:
        task.cancel()
    if tasks:
        await asyncio.wait(tasks)


def no_room() -> QueueFull:
    """Say that a search could not be made."""
    return QueueFull("There was no room for the search for a logo.", retry_after_seconds=5)
