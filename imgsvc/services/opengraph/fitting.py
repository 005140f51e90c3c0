"""Making a picture fit: for a network's limits, or for crawlers that say nothing of what they take."""

from collections.abc import Awaitable, Callable

from msgspec.structs import replace

from imgsvc.errors import SourceTooLarge
from imgsvc.model.blob import Blob
from imgsvc.model.formats import ImageFormat
from imgsvc.model.look import Theme
from imgsvc.model.spec import Fit, Output, TransformSpec
from imgsvc.opengraph.profiles import PROFILES, Network, attempts, enlarged
from imgsvc.services.answers import ImageRequest, Served
from imgsvc.services.opengraph.scrutiny import Scrutiny

Question = Callable[[TransformSpec], ImageRequest]
Answers = Callable[[ImageRequest], Awaitable[Served]]
Fitted = tuple[Served, ImageRequest]
"""An answer, to be let go, and what was asked for it."""

PLAIN_TYPES = frozenset(("image/jpeg", "image/png", "image/gif"))
"""What every network takes."""

_WEBP = "image/webp"
_LOSSY = frozenset((_WEBP, "image/avif"))
_HEAD_BYTES = 4096
# WebP's chunks, and bits of their flags (RFC 9649 §2.7 and §3.4).
_VP8X, _VP8L = b"VP8X", b"VP8L"
_ANIMATED, _ALPHA = 0x02, 0x10
# What AVIF calls the picture that holds opacity (AVIF 1.1, §4, auxiliary image items).
_ALPHA_NAME = b"urn:mpeg:mpegB:cicp:systems:auxiliary:alpha"


async def fitted(
    ask: Answers,
    question: Question,
    spec: TransformSpec,
    network: Network | None,
    *,
    image_format: ImageFormat | None = None,
    size_px: tuple[int, int] | None = None,
    scrutiny: Scrutiny | None = None,
) -> Fitted:
    """
    Ask for a picture until an answer fits; others are let go.

    Args:
        ask: gives answers.
        question: asks for the picture in one form.
        spec: what the client asks for.
        network: whose limits hold; None = a client without ``Accept`` gets what everybody takes.
        image_format: of the picture, if it is known.
        size_px: likewise.
        scrutiny: looks at what is passed on as it came; None = it was made here.

    Raises:
        SourceTooLarge: nothing that can be made of it fits.
        ImgsvcError: what *ask* raises.
    """
    if network is None:
        return await _plain(ask, question, spec, scrutiny)
    profile = PROFILES[network]
    if size_px is not None:
        spec = enlarged(profile, spec, size_px)
    for attempt in attempts(profile, spec, image_format):
        served, asked = await _seen(ask, question, attempt, scrutiny if image_format is not ImageFormat.JPEG else None)
        meta = served.blob.meta
        if profile.is_too_small(meta.width, meta.height) and (fit := _further(spec)) is not None:
            served.let_go()
            spec = enlarged(profile, spec, (meta.width, meta.height), fit)
            return await fitted(ask, question, spec, network, image_format=image_format, scrutiny=scrutiny)
        if profile.takes(meta.media_type, _size_bytes(served)):
            return served, asked
        served.let_go()
    raise SourceTooLarge(f"The picture does not fit into the {profile.max_bytes} bytes that {network.value} takes.")


def _further(spec: TransformSpec) -> Fit | None:
    """
    Say how to enlarge what was too small when it was asked for so; None = there is no other way.

    A line of a few pixels cannot be scaled until it covers the least that is taken: it is laid on as much.
    """
    if not spec.enlarge:
        return Fit.COVER
    return Fit.CONTAIN if spec.fit is not Fit.CONTAIN else None


async def _plain(ask: Answers, question: Question, spec: TransformSpec, scrutiny: Scrutiny | None) -> Fitted:
    """
    Answer as asked; a client that names no format gets one that everybody takes.

    It is the picture unchanged where that can be; one that is streamed is.
    """
    if spec.output is not Output.AUTO_SOURCE or spec.changes_pixels:
        served, asked = await _seen(ask, question, spec, scrutiny)
    else:
        served = await ask(asked := question(replace(spec, output=Output.ORIGINAL).normalised()))
        if scrutiny is not None and not await _may_pass(served, scrutiny):
            served.let_go()
            served = await ask(asked := question(spec))
    if spec.output is not Output.AUTO_SOURCE or _is_plain(served):
        return served, asked
    is_opaque = served.blob.meta.media_type in _LOSSY and not _may_be_clear(served.blob)
    served.let_go()
    asked = question(replace(spec, output=Output.JPEG if is_opaque else Output.PNG, animate=False).normalised())
    return await ask(asked), asked


async def _seen(ask: Answers, question: Question, spec: TransformSpec, scrutiny: Scrutiny | None) -> Fitted:
    """Ask for a picture; one that is white on nothing is laid on night where JPEG would lay it on white."""
    served = await ask(asked := question(spec))
    if spec.output is not Output.JPEG or spec.background is not None or not await _is_blank(served, scrutiny):
        return served, asked
    served.let_go()
    asked = question(replace(spec, background=Theme.DARK.page).normalised())
    return await ask(asked), asked


async def _is_blank(served: Served, scrutiny: Scrutiny | None) -> bool:
    try:
        return scrutiny is not None and isinstance(served.blob, Blob) and await scrutiny.is_blank(served.blob)
    except BaseException:
        served.let_go()
        raise


async def _may_pass(served: Served, scrutiny: Scrutiny) -> bool:
    """Ask whether a picture may be passed on as it came; one that may not be at all is let go."""
    try:
        return not isinstance(served.blob, Blob) or await scrutiny.is_clean(served.blob)
    except BaseException:
        served.let_go()
        raise


def _is_plain(served: Served) -> bool:
    """Whether it is of a type that all take, or moves: that is shown or not, but never as something else."""
    media_type = served.blob.meta.media_type
    return media_type in PLAIN_TYPES or (media_type == _WEBP and _is_animated(served.blob))


def _is_animated(blob: object) -> bool:
    """Read it from the file's head (RFC 9649 §2.7); what is streamed counts as moving, for it is large."""
    if not isinstance(blob, Blob):
        return True
    return blob.data[12:16] == _VP8X and bool(blob.data[20] & _ANIMATED)


def _may_be_clear(blob: object) -> bool:
    """Whether a WebP or AVIF has alpha, by its head: a white logo would vanish on the white that JPEG puts behind."""
    if not isinstance(blob, Blob):
        return False
    head = bytes(blob.data[:_HEAD_BYTES])
    if head[12:16] == _VP8L:
        return bool(head[24] & _ALPHA)
    return bool(head[20] & _ALPHA) if head[12:16] == _VP8X else _ALPHA_NAME in head


def _size_bytes(served: Served) -> int:
    blob = served.blob
    if isinstance(blob, Blob):
        return len(blob.data)
    return blob.body.size_bytes or 1 << 62
