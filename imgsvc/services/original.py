"""A source's own bytes, as the services hand them on."""

from msgspec import Struct

from imgsvc.model.blob import BlobMeta
from imgsvc.model.formats import ImageFormat
from imgsvc.services.answers import Tier
from imgsvc.services.download import Download
from imgsvc.stream.base import FileRange
from imgsvc.stream.spool import Spool
from imgsvc.transform.pool import ImageInfo


class Original(Struct, frozen=True):
    """
    A source's bytes, ready to be transformed; held once by whoever gets it, who lets it go.

    Attributes:
        spool: the bytes; of a large source perhaps still arriving.
        meta: what is known of them; of what still arrives no digest, and no more than its header says.
        tier: STORE or ORIGIN.
        shareable: False when the source forbids to keep or share them.
        is_stale: whether its source failed, and these are only the last bytes that were good.
        download: brings what is not there yet and stores it; None when all was there from the start.
        info: what the first bytes of a large one said of it; None where they said nothing, or it is none.
    """

    spool: Spool
    image_format: ImageFormat
    meta: BlobMeta
    tier: Tier
    shareable: bool = True
    is_stale: bool = False
    download: Download | None = None
    info: ImageInfo | None = None

    @property
    def body(self) -> bytes | FileRange:
        """All of it, when all of it is there."""
        return self.spool.whole_file or self.spool.data

    async def whole_meta(self) -> BlobMeta:
        """Wait until all has arrived and was looked at; raises as :meth:`Download.whole`."""
        return self.meta if self.download is None else await self.download.whole()

    def hold(self) -> None:
        """Want it once more."""
        self.spool.hold()

    def let_go(self) -> None:
        """Want it once less."""
        self.spool.let_go()
