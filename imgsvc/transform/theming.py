"""Pictures that have to read on a page: what is asked of whoever can see, and what was seen before."""

from collections.abc import Callable
from threading import Lock
from typing import Any, Protocol

from cachetools import LRUCache
from msgspec import Struct
from msgspec.structs import replace

from imgsvc.model.colours import Colour
from imgsvc.model.look import Look
from imgsvc.model.spec import TransformSpec
from imgsvc.transform.runtime import KillSwitch
from imgsvc.transform.source import PixelSource

LOOK_SIDE_PX = 512
"""Longest side of what is looked at, whatever size was asked for, so that all sizes of a picture get one verdict."""

MOST_SIGHTS = 512
"""How many pictures, each on one page, are remembered: some 200 bytes apiece."""

_GREY = "b-w"


class Sight(Protocol):
    """What was seen of a picture on one page; a small value that may be kept and shared by threads."""

    def look(self, scheme: str, *, remembered: bool | None) -> Look:
        """
        Give the verdict, nothing being adapted yet.

        Args:
            scheme: ``light`` or ``dark``: for which of the two the page stands; empty = its own colour tells.
            remembered: an earlier verdict, kept unless the contrast is clearly another.
        """


class Theming(Protocol):
    """Sees pictures and adapts them; ``vision`` has the real one. For threads, any number at once."""

    def see(self, image: Any, page: Colour) -> Sight:
        """Look at a small 8-bit sRGB picture, and at how it reads on *page*."""

    def adapt(self, image: Any, page: Colour, watch: Callable[[Any], Any]) -> Any | None:
        """
        Make a picture read on a page.

        Args:
            image: 8-bit sRGB or grey, in memory.
            page: the background.
            watch: makes evaluation through an image stoppable; given all that is read again and again.

        Returns:
            8-bit sRGB with alpha, in memory; None when nothing was to be done.

        Raises:
            pyvips.Error: the work was stopped.
        """


class Viewed(Struct, frozen=True, kw_only=True):
    """
    What is known of a source's looks before its pixels are read.

    Attributes:
        sha256: hex digest of its bytes; empty = what is seen is not remembered.
        sight: what was seen of it before; None = it has to be looked at.
        source: what to look at then; None = the source itself.
    """

    sha256: str = ""
    sight: Sight | None = None
    source: PixelSource | None = None


UNSEEN = Viewed()
"""Nothing is known, and nothing will be remembered."""


class SightStatistics(Struct, frozen=True, kw_only=True):
    """
    Snapshot of what was seen.

    Attributes:
        entries: remembered now.
        hits: look-ups since the start that spared a look.
        misses: look-ups that found nothing.
    """

    entries: int
    hits: int
    misses: int


class Sights:
    """
    What was seen of pictures, by their content, the scheme they were drawn for and the page; safe for threads.

    Args:
        most: how many are kept, the least recently used going first.
    """

    def __init__(self, most: int = MOST_SIGHTS) -> None:
        self._kept: LRUCache[tuple[str, str, Colour | None], Sight] = LRUCache(most)
        self._lock = Lock()
        self._hits = self._misses = 0

    def recall(self, sha256: str, spec: TransformSpec) -> Sight | None:
        """Give what was seen of these bytes, if it is remembered; without a digest nothing is."""
        if not sha256 or not is_themed(spec):
            return None
        with self._lock:
            sight = self._kept.get((sha256, spec.scheme, spec.page))
            self._hits += sight is not None
            self._misses += sight is None
        return sight

    def keep(self, sha256: str, spec: TransformSpec, sight: Sight) -> None:
        """Remember what was seen; without a digest it is forgotten."""
        if sha256:
            with self._lock:
                self._kept[sha256, spec.scheme, spec.page] = sight

    def statistics(self) -> SightStatistics:
        """Snapshot of what is kept and of the counters."""
        with self._lock:
            return SightStatistics(entries=len(self._kept), hits=self._hits, misses=self._misses)


class Painter:
    """The step of a picture that has no page to read on: it does nothing, and nothing was seen."""

    changed = False
    """Whether anything was done."""

    @property
    def look(self) -> str:
        """What was seen, and whether anything was done; empty when nothing was looked at."""
        return ""

    def adapt(self, image: Any) -> Any:
        """Give the picture as it is."""
        return image


class ThemedPainter(Painter):
    """
    The step that adapts one picture to a page, if it is lost there, and says afterwards whether it did.

    Args:
        seen: the verdict.
        theming: does the work.
        page: to read on.
        switch: stops it.
    """

    def __init__(self, seen: Look, theming: Theming, page: Colour, switch: KillSwitch) -> None:
        self._seen = seen
        self._theming = theming
        self._page = page
        self._switch = switch

    @property
    def look(self) -> str:
        """What was seen, and whether anything was done."""
        return replace(self._seen, inverted=self.changed).to_text()

    def adapt(self, image: Any) -> Any:
        """Give the picture adapted, in memory and in the colour space it came in, or as it was."""
        if not self._seen.needs_inversion:
            return image
        image = self._switch.in_memory(image)
        adapted = self._theming.adapt(image, self._page, self._switch.watch)
        # All that was watched is evaluated, and would be held until the answer is there.
        self._switch.let_go()
        if adapted is None:
            return image
        self.changed = True
        return adapted.colourspace(_GREY) if image.interpretation == _GREY else adapted


def is_themed(spec: TransformSpec) -> bool:
    """Whether the answer is a picture that has to read on a page; a description has no page."""
    return spec.page is not None and not spec.is_json
