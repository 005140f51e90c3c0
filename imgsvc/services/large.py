"""Transforms of originals, whole in memory, in a file, or still arriving."""

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator

from imgsvc.errors import UnusableSource
from imgsvc.model.spec import TransformSpec
from imgsvc.services.download import Download
from imgsvc.services.original import Original
from imgsvc.stream.bridge import begin_pouring
from imgsvc.stream.spool import Spool
from imgsvc.transform.pool import Head, Transformed, TransformPool

LOOK_BYTES = 5 * 1024 * 1024
"""How much of a large source is waited for before it is decided how to read it."""

FAST_BYTES_PER_SECOND = 4 * 1024 * 1024
"""A source slower than this would keep a decoder waiting: its file is decoded when it is finished."""

HEAD_BYTES = 256 * 1024
"""How much is looked at for the header; cameras put up to some 100 KB of metadata before it."""


class LargeTransforms:
    """
    Runs transforms.

    What is whole is decoded as it lies. What still arrives is decoded while it does, through a pipe and on a thread of
    its own, when the source is fast and the format can be read once from top to bottom; else when it is finished.

    Args:
        transforms: does the work.
        timeout_seconds: longest time for one that does not wait for its source.
        max_bytes: the largest source; what one that declared nothing is taken for.
    """

    def __init__(self, transforms: TransformPool, timeout_seconds: float, max_bytes: int) -> None:
        self._transforms = transforms
        self._timeout_seconds = timeout_seconds
        self._max_bytes = max_bytes

    async def run(self, original: Original, spec: TransformSpec, *, patient: bool = False) -> Transformed:
        """
        Make what *spec* asks for; *original* is held by the caller.

        Args:
            original: the source.
            spec: what is asked for.
            patient: whether AVIF may take longer than IMGSVC_AVIF_BUDGET: nobody waits for it.

        Raises:
            NoSpoolRoom: the source has to be whole for this, and there is no room for it.
            ImgsvcError: as :meth:`TransformPool.run`, and whatever the source did wrong.
        """
        if original.download is not None and not original.spool.ended:
            head = await self._pipeable(original, original.download, spec, patient=patient)
            if head is not None:
                return await self._piped(original, head, spec, patient=patient)
        meta = await original.whole_meta()
        return await self._transforms.run(
            original.body, original.image_format, spec, patient=patient, sha256=meta.sha256
        )

    async def _pipeable(
        self, original: Original, download: Download, spec: TransformSpec, *, patient: bool
    ) -> Head | None:
        """Wait for the first megabytes; give the header when the rest is best decoded while it arrives."""
        spool = download.spool
        await spool.until(lambda: spool.is_narrow or spool.size_bytes >= LOOK_BYTES)
        is_slow = download.arrival.bytes_per_second < FAST_BYTES_PER_SECOND
        if is_slow or spool.is_narrow or spool.ended or spool.error is not None:
            return None
        head = Head(original.image_format, original.info)
        if head.info is None:  # not in the first bytes
            head = await self._transforms.inspect_head(await spool.peek(HEAD_BYTES))
        can_pipe = self._transforms.can_pipe(head, spec, spool.declared_bytes or 0, patient=patient)
        return head if can_pipe else None

    async def _piped(self, original: Original, head: Head, spec: TransformSpec, *, patient: bool) -> Transformed:
        """Decode while the source arrives; a pipe that ends early looks like an end, so the source's word counts."""
        spool = original.spool
        wait_seconds = (spool.declared_bytes or self._max_bytes) / FAST_BYTES_PER_SECOND
        async with _pipe(spool) as reading_end:
            try:
                return await self._transforms.run_piped(
                    reading_end,
                    head,
                    spec,
                    source_bytes=spool.declared_bytes or 0,
                    timeout_seconds=self._timeout_seconds + wait_seconds,
                    patient=patient,
                )
            except UnusableSource:
                if spool.error is not None:
                    raise spool.error from None
                raise


@contextlib.asynccontextmanager
async def _pipe(spool: Spool) -> AsyncIterator[int]:
    """Pour *spool* into a pipe until the block ends; whoever gets its reading end closes that."""
    reader = spool.reader()
    try:
        reading_end, writing_end = os.pipe()
        pouring = begin_pouring(aiter(reader), writing_end)
        try:
            yield reading_end
        finally:
            pouring.cancel()
            await asyncio.wait((pouring,))
            if not pouring.cancelled():
                pouring.exception()  # it is the spool's error, which whoever reads the pipe asks for
    finally:
        reader.close()
