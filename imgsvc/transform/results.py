"""What the pool gives back."""

from typing import Self

from msgspec import Struct

from imgsvc.model.formats import ImageFormat
from imgsvc.transform.body import Body
from imgsvc.transform.pipeline import Rendered
from imgsvc.transform.probe import ImageInfo


class Inspected(Struct, frozen=True, kw_only=True):
    """
    A source that is a picture and within the limits.

    Attributes:
        data: the source as it was given; an SVG's sanitised bytes.
        image_format: as sniffed.
        sha256: hex digest of *data*.
        size_bytes: of *data*.
        width: in px, of one frame, after EXIF orientation; a drawing's natural size, rounded.
        height: likewise.
        pages: frames of an animation, else 1.
        info: what the header says; None of a drawing.
    """

    data: Body
    image_format: ImageFormat
    sha256: str
    size_bytes: int
    width: int
    height: int
    pages: int
    info: ImageInfo | None = None


class Head(Struct, frozen=True):
    """
    What the first bytes of a source say while the rest is on its way.

    Attributes:
        image_format: as sniffed; never SVG.
        info: what the header says; None while that is not known.
    """

    image_format: ImageFormat
    info: ImageInfo | None


class Transformed(Struct, frozen=True, kw_only=True):
    """
    An answer's bytes.

    Attributes:
        data: owned.
        media_type: of *data*; ``application/json`` for descriptions and stand-ins.
        sha256: hex digest of *data*.
        width: in px, of one frame; for JSON that of the picture it speaks of.
        height: likewise.
        degraded: ``frames`` if an animation had to become a still, else empty.
        deferred: whether AVIF was due, but would have taken too long: WebP stands in for it. Who asks again, and is
            patient, gets the AVIF.
        look: what was seen for the sake of a page (:meth:`imgsvc.model.look.Look.to_text`); empty where there was none.
        queue_seconds: waiting to be admitted and for a thread.
        decode_seconds: drawing, reading and pixel work; of large pictures only what precedes encoding.
        encode_seconds: writing.
    """

    data: bytes
    media_type: str
    sha256: str
    width: int
    height: int
    degraded: str = ""
    deferred: bool = False
    look: str = ""
    queue_seconds: float = 0.0
    decode_seconds: float = 0.0
    encode_seconds: float = 0.0

    @classmethod
    def of(cls, rendered: Rendered, queue_seconds: float, drawn_seconds: float = 0.0) -> Self:
        """Add to what was rendered how long it waited, and how long it took to draw it."""
        return cls(
            data=rendered.data,
            media_type=rendered.media_type,
            sha256=rendered.sha256,
            width=rendered.width,
            height=rendered.height,
            degraded=rendered.degraded,
            deferred=rendered.deferred,
            look=rendered.look,
            queue_seconds=queue_seconds,
            decode_seconds=rendered.decode_seconds + drawn_seconds,
            encode_seconds=rendered.encode_seconds,
        )


class PoolStatistics(Struct, frozen=True, kw_only=True):
    """
    Snapshot of the pool.

    Attributes:
        threads: how many there may be for decoding and encoding.
        queued: admitted, waits for one.
        running: has one, wanted or not.
        looking: headers that are read or wait to be.
        piping: sources that are read while they arrive, or wait to be.
        completed: inspections and transforms ended since the start, whatever came of them.
        refused: inspections that did not get in; transforms are refused by the admission.
        timed_out: passed their deadline.
        avif_nanoseconds_per_pixel: what encoding AVIF takes, as far as is known now.
        avif_deferred: answers since the start that were WebP because AVIF would have taken too long.
    """

    threads: int
    queued: int
    running: int
    looking: int
    piping: int
    completed: int
    refused: int
    timed_out: int
    avif_nanoseconds_per_pixel: float
    avif_deferred: int
