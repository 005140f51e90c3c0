"""Which of a page's pictures stands for it: the first that is one, and good enough to be shown."""

import asyncio
import logging
import math
from collections.abc import Iterator
from typing import Any

from msgspec import Struct

from imgsvc.errors import ImgsvcError, OriginError, Overloaded, QueueFull, SourceTooLarge, UnusableSource
from imgsvc.model.formats import ImageFormat
from imgsvc.opengraph.data import ShareImage
from imgsvc.services.fetches import Arrived, Errand, FoundFetches
from imgsvc.services.incoming import HEAD_BYTES
from imgsvc.services.inspecting import Inspector
from imgsvc.stream.base import FileRange
from imgsvc.transform.pool import Inspected, TransformPool
from imgsvc.vision.generic import is_blank
from imgsvc.vision.pixels import Pixels

log = logging.getLogger("imgsvc.opengraph")

CHOOSING_SECONDS = 8.0
"""Longest search among the pictures of a page; one for an answer has what that has left."""

MOST_TRIED = 10
MIN_SIDE_PX = 200
MOST_TALL, MOST_WIDE = 1 / 3, 5.0
"""Ratios of width to height that networks show as a picture."""

_LOOKED_AT_PX = 256


class Chosen(Struct, frozen=True):
    """
    A page's picture.

    Attributes:
        data: owned; None = too large for what memory there is, or not to be kept: it has to be got from where it lies.
        image_format: by our own sniff.
        sha256: hex digest of *data*; empty without it.
        width_px: whole.
        height_px: whole.
        url: that gave it, after redirects; that named it, without *data*.
        last_modified: header of the source, as sent; None = it sent none, or there is no *data*.
    """

    data: bytes | None
    image_format: ImageFormat
    sha256: str
    width_px: int
    height_px: int
    url: str
    last_modified: str | None = None


class Choice(Struct, frozen=True):
    """
    What came of a search.

    Attributes:
        chosen: None = none is good enough.
        is_whole: whether what was good before is none any more; not where a source failed, or sent what is no picture.
        again_seconds: until the first of the failures is over; None = nothing failed for a time only.
    """

    chosen: Chosen | None
    is_whole: bool
    again_seconds: int | None = None


class Chooser:
    """
    Tries pictures.

    Args:
        fetches: does the fetching.
        inspector: says what bytes are.
        transforms: decodes.
    """

    def __init__(self, fetches: FoundFetches, inspector: Inspector, transforms: TransformPool) -> None:
        self._fetches = fetches
        self._inspector = inspector
        self._transforms = transforms

    async def choose(self, images: tuple[ShareImage, ...], errand: Errand, left_seconds: float = math.inf) -> Choice:
        """
        Try *images* in their order, until one is good or the time is over.

        Args:
            images: what the page offers.
            errand: what is fetched for it.
            left_seconds: to the answer that waits for it.

        Raises:
            Overloaded: none was good, and one could not be looked at for want of room, or of time of this process.
        """
        search = _Search(self, errand)
        task = asyncio.create_task(search.run(images[:MOST_TRIED]))
        try:
            done, _ = await asyncio.wait((task,), timeout=min(left_seconds, CHOOSING_SECONDS))
            waits_for_us = bool(errand.waiting)
        finally:
            task.cancel()
            await asyncio.wait((task,))
        if done:
            return task.result()
        if search.refusal is not None or waits_for_us:
            raise search.refusal or QueueFull("There was no time to look at pictures.", retry_after_seconds=5)
        return Choice(None, is_whole=False, again_seconds=0)

    async def look_at(self, url: str, errand: Errand) -> Chosen | None:
        """
        Fetch one and look at it; None when it is not good enough.

        Raises:
            ImgsvcError: it cannot be had, or is no picture.
        """
        try:
            async with self._fetches.picture(url, errand) as arrived:
                with errand.waits():
                    inspected = await self._inspector.inspect(arrived.body, arrived.content_encoding)
                    is_good = await self._is_good(inspected)
                return _chosen(inspected, arrived, url) if is_good else None
        except SourceTooLarge:
            return await self._large(url, errand)

    async def _is_good(self, inspected: Inspected) -> bool:
        if not _is_shaped(inspected.image_format, inspected.width, inspected.height):
            return False
        return not await self._transforms.examine(
            inspected.data, inspected.image_format, _LOOKED_AT_PX, _is_blank, inspected.sha256
        )

    async def _large(self, url: str, errand: Errand) -> Chosen | None:
        """Look at no more than the first bytes: all of it would not fit in memory."""
        data = await self._fetches.beginning(url, errand, HEAD_BYTES)
        with errand.waits():
            head = await self._transforms.inspect_head(data)
        info = head.info
        if info is None or not _is_shaped(head.image_format, info.width, info.height):
            return None
        return Chosen(None, head.image_format, "", info.width, info.height, url)


class _Search:
    """One search; *refusal* is what kept it from looking."""

    def __init__(self, chooser: Chooser, errand: Errand) -> None:
        self._chooser = chooser
        self._errand = errand
        self._is_whole = True
        self._failures_seconds: list[int] = []
        self.refusal: Overloaded | None = None

    async def run(self, images: tuple[ShareImage, ...]) -> Choice:
        for image in _likely_first(images):
            if (chosen := await self._tried(image)) is not None:
                return Choice(chosen, is_whole=True)
        if self.refusal is not None:
            raise self.refusal
        return Choice(None, self._is_whole, min(self._failures_seconds, default=None))

    async def _tried(self, image: ShareImage) -> Chosen | None:
        try:
            return await self._chooser.look_at(image.url, self._errand)
        except Overloaded as error:
            self.refusal = error
        except ImgsvcError as error:
            log.info("%s: %s", image.url.partition("?")[0], error.detail)
            self._note(error)
        except Exception:
            log.exception("looking at a share picture failed unforeseen")
        return None

    def _note(self, error: ImgsvcError) -> None:
        """Take down how long a failure counts, as it would if the picture were asked for by itself."""
        self._is_whole = self._is_whole and not isinstance(error, OriginError | UnusableSource)
        if error.remember_seconds or isinstance(error, OriginError):
            self._failures_seconds.append(error.remember_seconds)


def _chosen(inspected: Inspected, arrived: Arrived, url: str) -> Chosen:
    """Take what was looked at; for what lies in a file there is no room in memory."""
    data, validators = inspected.data, arrived.validators
    if isinstance(data, FileRange) or not arrived.may_be_kept:
        return Chosen(None, inspected.image_format, "", inspected.width, inspected.height, url)
    return Chosen(
        data, inspected.image_format, inspected.sha256, inspected.width, inspected.height,
        validators.url, validators.last_modified,
    )  # fmt: skip


def _likely_first(images: tuple[ShareImage, ...]) -> Iterator[ShareImage]:
    """Give those last that say themselves that they are too small."""
    small = [image for image in images if min(image.width or MIN_SIDE_PX, image.height or MIN_SIDE_PX) < MIN_SIDE_PX]
    yield from (image for image in images if image not in small)
    yield from small


def _is_shaped(image_format: ImageFormat, width: int, height: int) -> bool:
    """Whether it is large enough, and neither a strip nor a tower; a drawing has any size."""
    is_large = image_format is ImageFormat.SVG or min(width, height) >= MIN_SIDE_PX
    return is_large and MOST_TALL <= width / height <= MOST_WIDE


def _is_blank(image: Any) -> bool:
    return is_blank(Pixels.of(image))
