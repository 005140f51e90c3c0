"""Reading a page for what it says of itself, wherever it sends its reader on the way."""

import asyncio
from contextlib import suppress

from msgspec import Struct

from imgsvc.errors import OriginError, OriginTimeout, OriginUnreachable, TooManyRedirects
from imgsvc.opengraph.data import ShareData
from imgsvc.opengraph.metadata import share_data
from imgsvc.pages.tags import Page
from imgsvc.services.fetches import Errand, FoundFetches
from imgsvc.services.heads import Head

READ_SECONDS = 10.0
"""Longest way to a page's data, redirects, a second try and all."""

WAITING_SHARE = 0.9
"""Of that; from then on what has come has to do."""

MAX_REFRESHES = 3


class Read(Struct, frozen=True):
    """
    A page that was read.

    Attributes:
        final_url: where it was found in the end.
        data: what it says.
        is_declared: whether its sender calls it a page.
        is_partial: whether there may have been more: it broke off twice, or was late.
    """

    final_url: str
    data: ShareData
    is_declared: bool
    is_partial: bool


class PageData:
    """
    Reads pages.

    Args:
        fetches: does the fetching.
        deadline_seconds: for all of one page.
    """

    def __init__(self, fetches: FoundFetches, deadline_seconds: float = READ_SECONDS) -> None:
        self._fetches = fetches
        self._deadline_seconds = deadline_seconds

    async def read(self, url: str, errand: Errand) -> Read:
        """
        Read the page at *url*.

        Raises:
            NotAPage: there is something else.
            ImgsvcError: what the source, the way to it or the load of this process forbids.
        """
        until = asyncio.get_running_loop().time() + WAITING_SHARE * self._deadline_seconds
        try:
            async with asyncio.timeout(self._deadline_seconds):
                head = await self._followed(url, errand, until)
                data = await asyncio.to_thread(share_data, head.page)
        except TimeoutError:
            raise OriginTimeout("The page was too slow.") from None
        if head.is_partial and data == ShareData():
            if head.was_late:
                raise OriginTimeout("The page was too slow.")
            raise OriginUnreachable("The page broke off before it said anything.", param="url")
        return Read(head.page.url, data, head.is_declared, head.is_partial)

    async def _followed(self, url: str, errand: Errand, until: float) -> Head:
        """Go where pages that only send their reader on lead; from https never to http, as with redirects."""
        head, seen = await self._head(url, errand, until), {url}
        while (target := _next(head.page)) is not None:
            page = head.page
            if target == page.url or (page.url.startswith("https:") and target.startswith("http:")):
                break
            if target in seen or len(seen) > MAX_REFRESHES:
                raise TooManyRedirects("The page sends its reader in a loop, or too often.", param="url")
            seen.add(target)
            head = await self._head(target, errand, until)
        return head

    async def _head(self, url: str, errand: Errand, until: float) -> Head:
        """Read a head; where there is no connection, or one that breaks off, once more."""
        try:
            head = await self._fetches.head(url, errand, until)
        except OriginUnreachable as error:
            if error.was_connected:  # then the client library has asked twice already
                raise
            return await self._fetches.head(url, errand, until)
        if head.broke_off:
            with suppress(OriginError):  # what came the first time is better than nothing
                head = await self._fetches.head(url, errand, until)
        return head


def _next(page: Page) -> str | None:
    """Say where a page sends its reader; not when it has data of its own: some show it to robots and send people on."""
    return None if page.content("og:title") or page.content("og:image") else page.refresh_url
