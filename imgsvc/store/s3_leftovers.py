"""What writers that were killed left in a bucket."""

import logging
import re
import time
from collections.abc import Callable
from datetime import datetime

from imgsvc.errors import StoreError
from imgsvc.store.s3_bucket import Bucket
from imgsvc.store.s3_writer import UPLOADS

log = logging.getLogger("imgsvc.store")

LEFTOVER_SECONDS = 3600
"""An upload that began so long ago has no writer any more: none takes this long."""

PAUSE_SECONDS = 3600
"""From one sweep to the next."""

# Nothing else below the prefix is ours to delete.
_OURS = re.compile(re.escape(UPLOADS) + r"[0-9a-f]{32}")


class Leftovers:
    """
    Removes open uploads and finished ones that were not copied to their key, once they are an hour old.

    Needs the rights to list and abort uploads; without them it does nothing but say so.

    Args:
        bucket: what it counts is nobody's failure, so one with counters of its own.
        clock: unix seconds, as the server counts them.
    """

    def __init__(self, bucket: Bucket, clock: Callable[[], float] = time.time) -> None:
        self._bucket = bucket
        self._clock = clock
        self._next_sweep: float | None = None

    def is_due(self) -> bool:
        """Whether to sweep now; says so once an hour."""
        now = self._clock()
        if self._next_sweep is not None and now < self._next_sweep:
            return False
        self._next_sweep = now + PAUSE_SECONDS
        return True

    async def sweep(self) -> None:
        """Remove what is there; failures are logged only."""
        try:
            await self._abort_uploads()
            await self._delete_objects()
        except StoreError as error:
            log.info("leftovers in the bucket were not removed: %s", error.detail)

    async def _abort_uploads(self) -> None:
        async for page in self._bucket.pages("list_multipart_uploads", Prefix=UPLOADS):
            for upload in page.get("Uploads", ()):
                if self._is_leftover(upload["Key"], upload["Initiated"]):
                    await self._bucket.call("abort_multipart_upload", Key=upload["Key"], UploadId=upload["UploadId"])

    async def _delete_objects(self) -> None:
        async for page in self._bucket.pages("list_objects_v2", Prefix=UPLOADS):
            for item in page.get("Contents", ()):
                if self._is_leftover(item["Key"], item["LastModified"]):
                    await self._bucket.call("delete_object", Key=item["Key"])

    def _is_leftover(self, key: str, begun_at: datetime) -> bool:
        return _OURS.fullmatch(key) is not None and begun_at.timestamp() < self._clock() - LEFTOVER_SECONDS
