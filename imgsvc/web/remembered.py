"""A bounded memory of what requests mean."""

from collections.abc import Callable
from typing import TypeVar

from aiohttp import web
from cachetools import LRUCache
from multidict import istr

REMEMBERED = 2048
REMEMBERED_CHARS = 2048
"""Longer requests are understood anew each time: what is remembered shall stay at some ten megabytes at the worst."""

# Folded once here instead of at every look-up.
ACCEPT, SAVE_DATA, CH_DPR = istr("Accept"), istr("Save-Data"), istr("Sec-CH-DPR")

T = TypeVar("T")

Fingerprint = tuple[str, str, str, str, str]


def _fingerprint_of(request: web.Request, hint: istr | None) -> Fingerprint:
    """Give all texts that decide what a request means: its target, three headers, and the client hint of its routes."""
    headers = request.headers
    return (
        request.raw_path,
        ", ".join(headers.getall(ACCEPT, ())),
        headers.get(SAVE_DATA, ""),
        headers.get(CH_DPR, ""),
        "" if hint is None else headers.get(hint, ""),
    )


class Remembered(LRUCache[Fingerprint, T]):
    """
    Meanings of requests by all texts that decide.

    Args:
        hint: the client hint, beside those of all routes, that may decide; None = there is none.
    """

    def __init__(self, hint: istr | None = None) -> None:
        super().__init__(REMEMBERED)
        self._hint = hint

    def understood(
        self,
        request: web.Request,
        understand: Callable[[web.Request, Fingerprint], T],
        is_current: Callable[[T], bool] | None = None,
    ) -> T:
        """
        Give what *request* means, as it was understood before, if that still holds.

        Args:
            request: any.
            understand: takes it apart where it was not; what it raises goes on.
            is_current: whether a meaning holds; None = it always does.
        """
        fingerprint = _fingerprint_of(request, self._hint)
        known = self.get(fingerprint)
        if known is None or not (is_current is None or is_current(known)):
            known = understand(request, fingerprint)
            self.keep(fingerprint, known)
        return known

    def keep(self, fingerprint: Fingerprint, meaning: T) -> None:
        """Remember *meaning*, unless the request is too long for that."""
        if sum(map(len, fingerprint)) <= REMEMBERED_CHARS:
            self[fingerprint] = meaning
