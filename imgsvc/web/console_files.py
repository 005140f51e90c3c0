"""The files of the console, as they are sent: read once, with a tag for each of their two encodings."""

import gzip
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).parent / "console"
PAGE = "index.html"

MEDIA_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}

_LEVEL = 9
_TAG_BYTES = 16


@dataclass(frozen=True, slots=True)
class Encoded:
    """
    One representation.

    Attributes:
        body: as it is sent.
        etag: strong, with its quotes; another for each encoding (RFC 9110 §8.8.3.3).
    """

    body: bytes
    etag: str


@dataclass(frozen=True, slots=True)
class ConsoleFile:
    """One file: *media_type* and both representations."""

    media_type: str
    plain: Encoded
    zipped: Encoded

    @classmethod
    def of(cls, media_type: str, body: bytes) -> "ConsoleFile":
        """Compress and tag *body*."""
        tag = hashlib.blake2b(body, digest_size=_TAG_BYTES).hexdigest()
        zipped = gzip.compress(body, _LEVEL, mtime=0)
        return cls(media_type, Encoded(body, f'"{tag}"'), Encoded(zipped, f'"{tag}-gzip"'))


def read_files(folder: Path = FOLDER) -> Mapping[str, ConsoleFile]:
    """Read all files by name; blocks."""
    return {
        path.name: ConsoleFile.of(MEDIA_TYPES[path.suffix], path.read_bytes())
        for path in sorted(folder.iterdir())
        if path.suffix in MEDIA_TYPES
    }
