"""Undo a Content-Encoding on bytes already held, within bounds, and only if the stream really ended."""

import zlib

from imgsvc.errors import OriginUnreachable, SourceTooLarge

MAX_RATIO = 100
"""Output over input above which a body counts as a bomb; deflate itself ends at 1,032 (zlib's technical details)."""

FREE_BYTES = 64 * 1024
"""Output for which no ratio is asked: short, repetitive text passes :data:`MAX_RATIO` in all innocence."""

MAX_MEMBERS = 16
"""Members of one gzip body (RFC 1952 §2.2): each costs a copy of what follows it, so thousands would cost minutes."""

_GZIP = 16 + zlib.MAX_WBITS
_GZIP_MAGIC = b"\x1f\x8b"


def inflate(data: bytes, encoding: str, limit_bytes: int, max_ratio: int = MAX_RATIO) -> bytes:
    """
    Decode *data*; never allocates more than the limit and what zlib itself needs. For a thread, not for the loop.

    Args:
        data: the whole body.
        encoding: ``gzip``, ``x-gzip``, ``deflate`` (RFC 1950, or the bare RFC 1951 that many send instead) or
            ``identity``, in any case.
        limit_bytes: most bytes to give.
        max_ratio: most bytes to give for each byte of *data*, once :data:`FREE_BYTES` are passed.

    Raises:
        SourceTooLarge: limit or ratio would be passed.
        OriginUnreachable: another encoding, broken or truncated data, or something behind its end. The answer cannot
            be read as HTTP, whatever its bytes are: a failure of the source, not a bad picture.
    """
    bound_bytes = min(limit_bytes, max(FREE_BYTES, max_ratio * len(data)))
    match encoding.strip().lower():
        case "identity":
            return _bounded(data, limit_bytes)
        case "gzip" | "x-gzip":
            return _gunzip(data, bound_bytes)
        case "deflate":
            body, rest = _member(data, _deflate_bits(data), bound_bytes)
            if rest:
                raise _failure("goes on behind its end")
            return body
        case _:
            raise _failure("is of an unknown kind")


def beginning(data: bytes, encoding: str, size_bytes: int) -> bytes:
    """
    Decode the first bytes of *data*, to see what it is; as many of *size_bytes* as there are. For a thread.

    Raises:
        OriginUnreachable: as :func:`inflate`.
    """
    match encoding.strip().lower():
        case "identity":
            return data[:size_bytes]
        case "gzip" | "x-gzip":
            window_bits = _GZIP
        case "deflate":
            window_bits = _deflate_bits(data)
        case _:
            raise _failure("is of an unknown kind")
    try:
        return zlib.decompressobj(window_bits).decompress(data, size_bytes)
    except zlib.error as error:
        raise _failure("is broken") from error


class Beginning:
    """
    Undoes a Content-Encoding piece by piece, for who reads only the beginning; for threads, one at a time.

    What follows the end of the first member is left out, and so is all behind a piece that was more than was wanted:
    whoever gets as many bytes as they asked for needs no more.

    Args:
        encoding: as for :func:`inflate`, but for ``identity``.

    Raises:
        OriginUnreachable: of an unknown kind.
    """

    def __init__(self, encoding: str) -> None:
        self._encoding = encoding.strip().lower()
        if self._encoding not in ("gzip", "x-gzip", "deflate"):
            raise _failure("is of an unknown kind")
        self._decoder: zlib._Decompress | None = None

    @property
    def has_ended(self) -> bool:
        """Whether the end of the first member was there."""
        return self._decoder is not None and self._decoder.eof

    def feed(self, data: bytes, most_bytes: int) -> bytes:
        """
        Decode the next bytes; give *most_bytes* (1 or more) at the most.

        Raises:
            OriginUnreachable: they are broken.
        """
        if self._decoder is None:
            self._decoder = zlib.decompressobj(_deflate_bits(data) if self._encoding == "deflate" else _GZIP)
        try:
            return self._decoder.decompress(data, most_bytes)
        except zlib.error as error:
            raise _failure("is broken") from error


def _gunzip(data: bytes, bound_bytes: int) -> bytes:
    parts: list[bytes] = []
    held_bytes = 0
    for _ in range(MAX_MEMBERS):
        part, data = _member(data, _GZIP, bound_bytes - held_bytes)
        parts.append(part)
        held_bytes += len(part)
        if not data:
            return b"".join(parts)
        if not data.startswith(_GZIP_MAGIC):
            raise _failure("goes on behind its end")
    raise _failure("has too many members")


def _member(data: bytes, window_bits: int, bound_bytes: int) -> tuple[bytes, bytes]:
    """Decode one stream; give its bytes and what lies behind it."""
    decoder = zlib.decompressobj(window_bits)
    try:
        # One more than allowed: that tells "exactly full" from "too much". (0 would mean no bound at all.)
        body = _bounded(decoder.decompress(data, bound_bytes + 1), bound_bytes)
    except zlib.error as error:
        raise _failure("is broken") from error
    if not decoder.eof:
        raise _failure("ends too early")
    return body, decoder.unused_data


def _deflate_bits(data: bytes) -> int:
    """Tell zlib's header (RFC 1950 §2.2: method 8, a multiple of 31) from bare deflate."""
    is_zlib = len(data) > 1 and data[0] & 0x0F == zlib.DEFLATED and int.from_bytes(data[:2], "big") % 31 == 0
    return zlib.MAX_WBITS if is_zlib else -zlib.MAX_WBITS


def _bounded(body: bytes, bound_bytes: int) -> bytes:
    if len(body) > bound_bytes:
        raise SourceTooLarge("The source's content is too large once decompressed.", param="url")
    return body


def _failure(how: str) -> OriginUnreachable:
    return OriginUnreachable(f"The source's Content-Encoding {how}.", param="url")
