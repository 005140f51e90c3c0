"""Candidates that have arrived: what they really are, and whether they are out."""

import asyncio
import hashlib
from functools import partial
from typing import Any

from msgspec import Struct

from imgsvc.errors import (
    CorruptImage,
    ImageTooLarge,
    ImgsvcError,
    NotAnImage,
    NotFound,
    OriginError,
    Overloaded,
    SourceForbidden,
    SourceTooLarge,
    TransformTimeout,
)
from imgsvc.logos.candidate import Candidate
from imgsvc.logos.score import Measured, Reason
from imgsvc.model.formats import CAPABILITIES, ImageFormat
from imgsvc.model.look import Theme
from imgsvc.origin.answer import Validators
from imgsvc.services.fetches import Arrived
from imgsvc.services.inspecting import Inspector
from imgsvc.services.logos.answers import Verdict
from imgsvc.stream.base import FileRange
from imgsvc.transform.pool import TransformPool
from imgsvc.vision import generic
from imgsvc.vision.analysis import Analysis, analyse, needs_inversion
from imgsvc.vision.pixels import Pixels

LOOKED_AT_PX = 512
"""As large as a logo is looked at; more shows nothing new."""

# What may be wrong with a candidate, by what went wrong with it.
_REASONS: tuple[tuple[type[Exception], Reason], ...] = (
    (SourceForbidden, Reason.FORBIDDEN),
    (NotFound, Reason.UNREACHABLE),
    (OriginError, Reason.UNREACHABLE),
    (SourceTooLarge, Reason.TOO_LARGE),
    (ImageTooLarge, Reason.TOO_LARGE),
    (NotAnImage, Reason.NOT_AN_IMAGE),
    (CorruptImage, Reason.NOT_AN_IMAGE),
    # Its own fault mostly: a drawing may take for ever.
    (TransformTimeout, Reason.TOO_LARGE),
)


class Picture(Struct, frozen=True):
    """
    A candidate's bytes, made harmless, and what was seen of them.

    Attributes:
        data: owned.
        image_format: by our own sniff.
        sha256: hex digest of *data*.
        sent_sha256: of the bytes as they were sent.
        width_px: whole.
        height_px: whole.
        analysis: of its colours.
        validators: by which its source can be asked whether it still holds.
    """

    data: bytes
    image_format: ImageFormat
    sha256: str
    sent_sha256: str
    width_px: int
    height_px: int
    analysis: Analysis
    validators: Validators

    @property
    def media_type(self) -> str:
        """Of *data*."""
        return CAPABILITIES[self.image_format].media_type

    def lost_on(self, before: frozenset[Theme] | None = None) -> frozenset[Theme]:
        """Give the themes on which it does not read; an earlier verdict is kept unless it is clearly another."""
        return frozenset(
            theme
            for theme in Theme
            if needs_inversion(self.analysis, theme, remembered=None if before is None else theme in before)
        )


class Seen(Struct, frozen=True):
    """A candidate, measured; *picture* only of one that is in the race."""

    measured: Measured
    picture: Picture | None = None


class _Examined(Struct, frozen=True):
    """What the pixels say."""

    is_blank: bool
    is_upscaled: bool
    match: generic.Match | None
    analysis: Analysis | None


class Judge:
    """
    Looks at candidates.

    Args:
        inspector: says what bytes are.
        transforms: decodes.
    """

    def __init__(self, inspector: Inspector, transforms: TransformPool) -> None:
        self._inspector = inspector
        self._transforms = transforms

    async def seen(self, candidate: Candidate, arrived: Arrived, host: str) -> Seen:
        """
        Measure a candidate for the logo of *host*.

        Raises:
            ImgsvcError: it is no usable picture (see :func:`rejected`), or there is too much load to say.
        """
        inspected = await self._inspector.inspect(arrived.body, arrived.content_encoding)
        size_px = (inspected.width, inspected.height)
        measured = Measured(candidate, *size_px, inspected.image_format)
        if measured.reason is not None:
            return Seen(measured)
        examined = await self._transforms.examine(
            inspected.data, inspected.image_format, LOOKED_AT_PX, partial(_examine, host=host), inspected.sha256
        )
        if (reason := _reason(examined, is_vector=measured.is_vector)) is not None or examined.analysis is None:
            return Seen(Measured(candidate, *size_px, inspected.image_format, reason or Reason.BLANK))
        is_as_sent = inspected.data is arrived.body
        sent_sha256 = inspected.sha256 if is_as_sent else await asyncio.to_thread(digest, arrived.body)
        data = await asyncio.to_thread(_read, inspected.data)
        picture = Picture(
            data, inspected.image_format, inspected.sha256, sent_sha256, *size_px, examined.analysis, arrived.validators
        )
        return Seen(measured, picture)

    async def verdict(self, body: bytes | FileRange, content_encoding: str | None = None, host: str = "") -> Verdict:
        """
        Say whether a picture is one of those that stand for any site; *host* has it, empty = nobody known.

        Raises:
            ImgsvcError: as :meth:`seen`.
        """
        inspected = await self._inspector.inspect(body, content_encoding)
        examined = await self._transforms.examine(
            inspected.data, inspected.image_format, LOOKED_AT_PX, partial(_recognise, host=host), inspected.sha256
        )
        if (found := examined.match) is not None:
            name = found.name
            return Verdict(True, found.reason.value, name, found.similarity, _confidence(found))
        return Verdict(is_generic=False, reason="blank" if examined.is_blank else "")


def reason_of(error: ImgsvcError) -> Reason | None:
    """Say why a candidate is out that met *error*; None when that says something of this process, not of it."""
    found = next((reason for kind, reason in _REASONS if isinstance(error, kind)), None)
    return found or (None if isinstance(error, Overloaded) else Reason.UNREACHABLE)


def out(candidate: Candidate, reason: Reason) -> Seen:
    """Give a candidate that is out."""
    return Seen(Measured(candidate, rejected=reason))


def digest(body: bytes | FileRange) -> str:
    """Give the hex digest of a body; for a thread."""
    return hashlib.sha256(_read(body)).hexdigest()


def _read(body: bytes | FileRange) -> bytes:
    return body if isinstance(body, bytes) else body.read()


def _examine(image: Any, host: str) -> _Examined:
    """Look for all that may be wrong, the cheapest first; for a thread."""
    pixels = Pixels.of(image)
    if generic.is_blank(pixels):
        return _Examined(is_blank=True, is_upscaled=False, match=None, analysis=None)
    if (match := generic.match(pixels, host)) is not None:
        return _Examined(is_blank=False, is_upscaled=False, match=match, analysis=None)
    return _Examined(is_blank=False, is_upscaled=generic.is_upscaled(pixels), match=None, analysis=analyse(pixels))


def _recognise(image: Any, host: str) -> _Examined:
    """Look only for what stands for any site; for a thread."""
    pixels = Pixels.of(image)
    return _Examined(generic.is_blank(pixels), is_upscaled=False, match=generic.match(pixels, host), analysis=None)


def _reason(examined: _Examined, *, is_vector: bool) -> Reason | None:
    if examined.is_blank:
        return Reason.BLANK
    if examined.match is not None:
        return Reason.GENERIC_ICON
    return Reason.UPSCALED if examined.is_upscaled and not is_vector else None


def _confidence(match: generic.Match) -> float:
    """How sure a match is: certain by digest, else by how far likeness and hash are from where they no longer count."""
    if match.reason is generic.Reason.DIGEST:
        return 1.0
    above = (match.similarity - generic.MIN_LIKENESS) / (1 - generic.MIN_LIKENESS)
    near = 1 - match.distance / generic.MAX_SMALL_DISTANCE
    return round(min(0.99, max(0.5, 0.5 + 0.25 * above + 0.25 * near)), 2)
