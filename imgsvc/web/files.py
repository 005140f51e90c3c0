"""Files of our own, as they are sent: finished once, with a tag for each of their two encodings."""

import hashlib
from collections.abc import Mapping

from aiohttp import web
from msgspec import Struct

from imgsvc.web.conditional import not_modified
from imgsvc.web.header_names import IF_NONE_MATCH
from imgsvc.web.negotiate import accepts_gzip
from imgsvc.web.sending import send_bytes

_LEVEL = 9
_TAG_BYTES = 16


class Encoded(Struct, frozen=True):
    """
    One representation.

    Attributes:
        body: as it is sent.
        etag: strong, with its quotes; another for each encoding (RFC 9110 §8.8.3.3).
    """

    body: bytes
    etag: str


class OwnFile(Struct, frozen=True):
    """One file: *media_type* and both representations."""

    media_type: str
    plain: Encoded
    zipped: Encoded

    @classmethod
    def of(cls, media_type: str, body: bytes) -> "OwnFile":
        """Compress and tag *body*; takes some milliseconds for each 100 KB."""
        tag = hashlib.blake2b(body, digest_size=_TAG_BYTES).hexdigest()
        import gzip  # noqa: PLC0415 - nothing here is asked for before the service is ready

        zipped = gzip.compress(body, _LEVEL, mtime=0)
        return cls(media_type, Encoded(body, f'"{tag}"'), Encoded(zipped, f'"{tag}-gzip"'))


async def answer_file(request: web.Request, file: OwnFile, headers: Mapping[str, str]) -> web.StreamResponse:
    """Answer with a file in the encoding that the client takes, or with 304 where it has that already."""
    zipped = accepts_gzip(request.headers.get("Accept-Encoding", ""))
    chosen = file.zipped if zipped else file.plain
    said = {**headers, "ETag": chosen.etag, "Vary": "Accept-Encoding"}
    tags = request.headers.getall(IF_NONE_MATCH, None)
    if not_modified(None if tags is None else ", ".join(tags), None, chosen.etag, 0):
        return web.Response(status=304, headers=said)
    encoding = {"Content-Encoding": "gzip"} if zipped else {}
    return await send_bytes(request, 200, [*{**said, **encoding, "Content-Type": file.media_type}.items()], chosen.body)
