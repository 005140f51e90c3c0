"""Which scripts the fonts of this machine do not have; asked once, and shown to operators."""

import asyncio
import logging
from collections.abc import Callable

from imgsvc.transform.typefaces import missing_scripts

log = logging.getLogger("imgsvc")


class Scripts:
    """
    Remembers.

    Args:
        find: names scripts; called once, in a thread, for the first look at the system's fonts may take seconds.
    """

    def __init__(self, find: Callable[[], tuple[str, ...]] = missing_scripts) -> None:
        self._find = find
        self.missing: tuple[str, ...] | None = None
        """None until :meth:`look` is done."""

    async def look(self) -> None:
        """Look; afterwards the fonts are ready for the first card."""
        self.missing = await asyncio.to_thread(self._find)
        if self.missing:
            log.info("no font has %s: cards leave such letters out", ", ".join(self.missing))
