"""What a search has gathered: candidates, and the pictures of those that may be the logo."""

import asyncio
from collections.abc import Iterator

from imgsvc.logos.score import suffices, winners
from imgsvc.services.logos.judging import Seen
from imgsvc.stream.base import Ledger

MOST_HELD_BYTES = 8 * 1024 * 1024
"""Of the pictures of one search: beyond, the largest are let go, though they may be best for some size."""


class Gathered:
    """
    Holds candidates by their URL, and counts the bytes of their pictures; :meth:`let_go` at the end.

    Args:
        ledger: counts them.
    """

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._seen: dict[str, Seen] = {}
        self._held_bytes = 0
        self._in_turn = asyncio.Lock()

    def __contains__(self, url: str) -> bool:
        return url in self._seen

    def __iter__(self) -> Iterator[Seen]:
        return iter(tuple(self._seen.values()))

    def has_picture(self, url: str) -> bool:
        """Whether that candidate is in the race."""
        seen = self._seen.get(url)
        return seen is not None and seen.picture is not None

    @property
    def is_empty(self) -> bool:
        """Whether none is in the race."""
        return all(seen.picture is None for seen in self._seen.values())

    def suffices(self, asked_px: int) -> bool:
        """Whether one that is held suffices to fill *asked_px*."""
        return any(seen.picture and suffices(seen.measured, asked_px) for seen in self._seen.values())

    async def add(self, seen: Seen) -> bool:
        """Take a candidate in; False when there is no room for its picture, and that is left away."""
        url = seen.measured.candidate.url
        if seen.picture is not None and not self._ledger.take(len(seen.picture.data)):
            self._seen[url] = Seen(seen.measured)
            return False
        self._seen[url] = seen
        self._held_bytes += len(seen.picture.data) if seen.picture is not None else 0
        if self._held_bytes > MOST_HELD_BYTES:
            await self.let_losers_go()
        return True

    async def let_losers_go(self) -> None:
        """Keep the pictures only of those that are best for some size or theme, and no more of them than may be."""
        async with self._in_turn:  # or two would each take for the best what the other lets go
            # Of those that are held: what had to be let go cannot be the logo. Others may come meanwhile.
            known = tuple(seen.measured for seen in self._seen.values() if seen.picture is not None)
            best = set(await asyncio.to_thread(winners, known))
            for measured in known:
                if measured not in best:
                    self._drop(measured.candidate.url)
            while self._held_bytes > MOST_HELD_BYTES:
                self._drop(self._smallest_first()[-1])

    def let_go(self) -> None:
        """Count nothing any more: whoever has the pictures by now counts them; twice is allowed."""
        self._ledger.give_back(self._held_bytes)
        self._held_bytes = 0

    def _smallest_first(self) -> list[str]:
        sizes = {url: len(seen.picture.data) for url, seen in self._seen.items() if seen.picture is not None}
        return sorted(sizes, key=sizes.__getitem__)

    def _drop(self, url: str) -> None:
        seen = self._seen[url]
        if seen.picture is not None:
            self._seen[url] = Seen(seen.measured)
            self._held_bytes -= len(seen.picture.data)
            self._ledger.give_back(len(seen.picture.data))
