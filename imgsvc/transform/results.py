"""What the pool gives back."""

from dataclasses import dataclass

from imgsvc.model.formats import ImageFormat


@dataclass(frozen=True, slots=True, kw_only=True)
class Inspected:
    """
    A source that is a picture and within the limits.

    Attributes:
        data: the source's bytes; an SVG's sanitised.
        image_format: as sniffed.
        sha256: hex digest of *data*.
        width: in px, of one frame, after EXIF orientation; a drawing's natural size, rounded.
        height: likewise.
        pages: frames of an animation, else 1.
    """

    data: bytes
    image_format: ImageFormat
    sha256: str
    width: int
    height: int
    pages: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Transformed:
    """
    An answer's bytes.

    Attributes:
        data: owned.
        media_type: of *data*; ``application/json`` for descriptions and stand-ins.
        sha256: hex digest of *data*.
        width: in px, of one frame; for JSON that of the picture it speaks of.
        height: likewise.
        degraded: ``frames`` if an animation had to become a still, else empty.
        queue_seconds: waiting for a thread.
        decode_seconds: drawing, reading and pixel work; of large pictures only what precedes encoding.
        encode_seconds: writing.
    """

    data: bytes
    media_type: str
    sha256: str
    width: int
    height: int
    degraded: str = ""
    queue_seconds: float = 0.0
    decode_seconds: float = 0.0
    encode_seconds: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolStatistics:
    """
    Snapshot of the pool.

    Attributes:
        threads: how many there may be.
        queued: waits for one.
        running: has one, wanted or not.
        completed: ended since the start, whatever came of it.
        refused: did not get in.
        timed_out: passed its deadline.
    """

    threads: int
    queued: int
    running: int
    completed: int
    refused: int
    timed_out: int
