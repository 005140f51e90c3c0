"""What a site says of itself: its page and its manifest, from the first of its hosts that answers."""

import logging
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from typing import TypeVar
from urllib.parse import urlsplit

from msgspec import Struct, field

from imgsvc.errors import CircuitOpen, ImgsvcError, NotFound, OriginError, OriginTimeout, Overloaded, SourceForbidden
from imgsvc.logos.site import is_offer
from imgsvc.pages.addresses import is_data_url
from imgsvc.pages.manifest import Manifest
from imgsvc.pages.tags import Page
from imgsvc.services.fetches import Errand, FoundFetches

log = logging.getLogger("imgsvc.logos")

T = TypeVar("T")

SCHEMES = ("https", "http")


class Reach(Struct):
    """
    What is known of the hosts of one search.

    Attributes:
        places: lets so many fetches run at once.
        errand: for whose sake they run.
        dead: hosts that did not connect or did not answer in time: nothing more is asked of them.
        hung: whether one of them was silent, or is left alone because it has been: it may answer another day.
        has_answer: whether anybody has answered anything; if not, it may be this machine that is cut off.
        failing: whether one of them answered that it fails, or with a status that says nothing of what there is.
    """

    places: Callable[[], AbstractAsyncContextManager[object]]
    errand: Errand
    dead: set[str] = field(default_factory=set)
    hung: bool = False
    has_answer: bool = False
    failing: bool = False

    @property
    def has_ended(self) -> bool:
        """Whether what was asked has had its chance to answer."""
        return self.has_answer and not self.hung

    @property
    def knows_nothing(self) -> bool:
        """Whether, where nothing was found, all that was asked has said so."""
        return self.has_ended and not self.failing

    def note(self, url: str, error: ImgsvcError) -> None:
        """Draw the consequence of a failure."""
        asked, host = host_of(url), failed_host(url, error)
        # A domain that is left alone because this very search saw its hosts refuse has answered, in its way.
        self.hung = self.hung or isinstance(error, OriginTimeout) or (isinstance(error, CircuitOpen) and not self.dead)
        if isinstance(error, OriginTimeout | CircuitOpen) or (
            isinstance(error, OriginError) and not error.was_connected
        ):
            self.dead.add(host)
            self.has_answer = self.has_answer or host != asked  # it was sent there
        elif not isinstance(error, SourceForbidden):
            self.has_answer = True
            self.failing = self.failing or isinstance(error, OriginError)


class Site(Struct, frozen=True):
    """
    What was found.

    Attributes:
        page: None = none that can be read.
        manifest: of the page; None = it names none, or none that can be had.
        url: of the page, or of a host that at least answered; None = none did.
    """

    page: Page | None = None
    manifest: Manifest | None = None
    url: str | None = None


def failed_host(url: str, error: ImgsvcError) -> str:
    """Give the host that failed when *url* was asked: where a redirect led to, if one did."""
    return (error.failed_host if isinstance(error, OriginError) else "") or host_of(url)


def host_of(url: str) -> str:
    """Give the host of a normalised URL."""
    return urlsplit(url).hostname or ""


def _bare(host: str) -> str:
    return host.removeprefix("www.")


class SiteReader:
    """
    Reads sites.

    Args:
        fetches: does the fetching.
    """

    def __init__(self, fetches: FoundFetches) -> None:
        self._fetches = fetches

    async def read(self, hosts: tuple[str, ...], reach: Reach) -> tuple[Site, tuple[str, ...]]:
        """
        Read the page of the first of *hosts* that has one, and the manifest it names.

        A dealer's, to which a host leads that is for sale, is none. https is tried first, then http when that does not
        connect.

        Returns:
            The site, and those of the other hosts that have not been asked and are not the same but for ``www.``.

        Raises:
            Overloaded: this process has no room for it.
        """
        answering: str | None = None
        for at, host in enumerate(hosts, start=1):
            page, url = await self._page_of(host, reach)
            page = None if page is None else await self._sent_on(page, reach)
            if page is not None and is_offer(page, host):
                continue
            if page is not None:
                same = {_bare(host), _bare(host_of(page.url))}
                left = tuple(each for each in hosts[at:] if _bare(each) not in same)
                return Site(page, await self._manifest_of(page, reach), page.url), left
            answering = answering or url
        return Site(url=answering), ()

    async def _page_of(self, host: str, reach: Reach) -> tuple[Page | None, str | None]:
        """Give a host's page, or else the URL at which it answered something else."""
        answering: str | None = None
        for scheme in SCHEMES:
            url = f"{scheme}://{host}/"
            try:
                async with reach.places():
                    page = await self._fetches.page(url, reach.errand)
            except Overloaded:
                raise
            except ImgsvcError as error:
                log.info("%s: %s", url, error.detail)
                is_there = not isinstance(error, OriginError) or error.was_connected or failed_host(url, error) != host
                if isinstance(error, NotFound | OriginError) and is_there:
                    reach.note(url, error)
                    return None, None if host in reach.dead else url
                failure = error
                # It is there, but leads where nobody may go.
                answering = url if isinstance(error, SourceForbidden) else answering
            else:
                reach.has_answer = True
                return page, url
        if not isinstance(failure, SourceForbidden):
            reach.note(url, failure)
        return None, answering

    async def _sent_on(self, page: Page, reach: Reach) -> Page:
        """Follow a page that only sends its reader on, once."""
        if page.refresh_url is None or page.refresh_url == page.url:
            return page
        if page.url.startswith("https:") and page.refresh_url.startswith("http:"):
            return page  # as with redirects
        return await self._or_none(page.refresh_url, self._fetches.page, reach) or page

    async def _manifest_of(self, page: Page, reach: Reach) -> Manifest | None:
        named = (link.href for link in page.links if "manifest" in link.rels and not is_data_url(link.href))
        url = next(named, None)
        return None if url is None else await self._or_none(url, self._fetches.manifest, reach)

    async def _or_none(self, url: str, fetch: Callable[[str, Errand], Awaitable[T]], reach: Reach) -> T | None:
        """Fetch what a page names; without it there is less to go by, no more."""
        if host_of(url) in reach.dead:
            return None
        try:
            async with reach.places():
                return await fetch(url, reach.errand)
        except Overloaded:
            raise
        except ImgsvcError as error:
            log.info("%s: %s", url.partition("?")[0], error.detail)
            reach.note(url, error)
            return None
