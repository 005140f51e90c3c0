"""A bounded memory of what requests mean."""

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


def fingerprint_of(request: web.Request, hint: istr) -> Fingerprint:
    """Give all texts that decide what a request means: its target, three headers, and the client hint of its routes."""
    headers = request.headers
    return (
        request.raw_path,
        ", ".join(headers.getall(ACCEPT, ())),
        headers.get(SAVE_DATA, ""),
        headers.get(CH_DPR, ""),
        headers.get(hint, ""),
    )


class Remembered(LRUCache[Fingerprint, T]):
    """Meanings of requests by all texts that decide."""

    def __init__(self) -> None:
        super().__init__(REMEMBERED)

    def keep(self, fingerprint: Fingerprint, meaning: T) -> None:
        """Remember *meaning*, unless the request is too long for that."""
        if sum(map(len, fingerprint)) <= REMEMBERED_CHARS:
            self[fingerprint] = meaning
