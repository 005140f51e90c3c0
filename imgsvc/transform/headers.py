"""What headers say, read once for all the sizes that are asked for of one source."""

from cachetools import LRUCache

from imgsvc.model.formats import ImageFormat
from imgsvc.transform.body import Body
from imgsvc.transform.looking import Looker
from imgsvc.transform.probe import ImageInfo
from imgsvc.transform.results import Inspected
from imgsvc.transform.workshop import Workshop

REMEMBERED = 1024
"""Sources; one is asked for in many sizes, mostly soon after it has come."""


class Headers:
    """
    Reads headers in threads, and remembers them by the digest of their source. Belongs to one event loop.

    Args:
        work: has the threads.
        looker: reads.
    """

    def __init__(self, work: Workshop, looker: Looker) -> None:
        self._work = work
        self._looker = looker
        self._known: LRUCache[str, ImageInfo] = LRUCache(REMEMBERED)

    def keep(self, found: Inspected) -> None:
        """Remember what a look at a source has found out; of a drawing there is nothing."""
        self._note(found.sha256, found.info)

    async def of(self, body: Body, image_format: ImageFormat, sha256: str) -> ImageInfo:
        """
        Give what the header of a picture says that is no drawing; where it is remembered nothing is read.

        Args:
            body: the whole source.
            image_format: as sniffed.
            sha256: hex digest of *body*; empty = it is read, and not remembered.

        Raises:
            CorruptImage, ImageTooLarge: as :func:`~imgsvc.transform.probe.probe`.
            TransformTimeout, Draining: as :meth:`Workshop.look`.
        """
        if (info := self._known.get(sha256)) is None:
            info = await self._work.look(body, lambda kept: self._looker.header(kept, image_format))
            self._note(sha256, info)
        return info

    def _note(self, sha256: str, info: ImageInfo | None) -> None:
        if sha256 and info is not None:
            self._known[sha256] = info
