"""What is written down of a page: what it says of itself, and how long that holds."""

import hashlib
from datetime import UTC, datetime
from typing import Self

from msgspec import Struct
from msgspec.json import Decoder, encode
from msgspec.structs import replace

from imgsvc.model.formats import ImageFormat
from imgsvc.model.freshness import is_fresh_at
from imgsvc.model.source import Source
from imgsvc.opengraph.data import ShareData
from imgsvc.opengraph.keys import is_share_key
from imgsvc.services.documents import decoded
from imgsvc.services.opengraph.page_answer import PageAnswer

DOCUMENT_VERSION = 1
"""Version of what is written; another one in the store counts as nothing."""

DOCUMENT_PREFIX = "opengraph/metadata/"

_END_OF_TIME = 1e11  # unix seconds; beyond, neither a date nor a header can be made of it


class SharePicture(Struct, frozen=True, kw_only=True):
    """
    The picture that stands for a page.

    Attributes:
        key: where in the store it lies; None = too large for that, or its source forbids it: it is got from *url* as
            any picture is.
        sha256: hex digest of its bytes, others under the same key are not it; empty without a key.
        image_format: of its bytes.
        width_px: whole.
        height_px: whole.
        url: that gave it, after redirects; that the page names, without a key.
        chosen_at: unix seconds.
        last_modified: unix seconds, as its source says; 0 = it does not.
    """

    key: str | None
    sha256: str
    image_format: ImageFormat
    width_px: int
    height_px: int
    url: str
    chosen_at: float
    last_modified: int = 0


class PageDocument(Struct, frozen=True, kw_only=True):
    """
    What is known of one page.

    Attributes:
        url: in normal form, without what only tracks readers.
        final_url: after all redirects.
        data: what it says.
        fetched_at: unix seconds at which it was asked for.
        tried_at: unix seconds of the last try.
        fresh_until: unix seconds.
        is_declared: whether what has been read as a page is called one by its sender.
        picture: the one that was chosen, perhaps from what the page said before; None = none was, or nobody has asked.
        chosen_until: unix seconds until which no other is looked for.
        version: see :data:`DOCUMENT_VERSION`.
    """

    url: str
    final_url: str
    data: ShareData
    fetched_at: float
    tried_at: float
    fresh_until: float
    is_declared: bool = True
    picture: SharePicture | None = None
    chosen_until: float = 0.0
    version: int = DOCUMENT_VERSION

    @classmethod
    def parse(cls, data: bytes, url: str) -> Self | None:
        """Read a stored document; None when it is not one, or not of *url*."""
        document = cls.parse_any(data)
        return document if document is not None and document.url == url else None

    @classmethod
    def parse_any(cls, data: bytes) -> Self | None:
        """Read a stored document of whatever page; None when it is not one."""
        document = decoded(_DECODER, data)
        if document is None or document.version != DOCUMENT_VERSION:
            return None
        return document if document.is_sound() else None  # type: ignore[return-value]

    def is_sound(self) -> bool:
        """Whether it can have been written here: others may write to the store."""
        times = [self.fetched_at, self.tried_at, self.fresh_until, self.chosen_until]
        times += [] if self.picture is None else [self.picture.chosen_at, self.picture.last_modified]
        has_sound_key = self.picture is None or self.picture.key is None or is_share_key(self.picture.key)
        return has_sound_key and all(0 <= time < _END_OF_TIME for time in times)

    def to_json(self) -> bytes:
        """Write as UTF-8 JSON."""
        return encode(self)

    @property
    def name(self) -> str:
        """What it is remembered by."""
        return self.url

    @property
    def key(self) -> str:
        """Where it lies in the store."""
        return document_key(self.url)

    @property
    def site(self) -> Source:
        """What purges are held against."""
        return Source(self.url)

    @property
    def final_host(self) -> str:
        """The host that the page was found at."""
        return Source(self.final_url).host

    @property
    def tags(self) -> str:
        """Words by which it can be purged, beside those that every URL has: none."""
        return ""

    def is_fresh(self, now: float) -> bool:
        """Whether the page need not be asked again at unix second *now*."""
        return is_fresh_at(now, self.fetched_at, self.fresh_until)

    def extended(self, now: float, seconds: float) -> Self:
        """Let the same hold on although what was tried at unix second *now* was in vain."""
        return replace(self, tried_at=now, fresh_until=now + seconds)


def document_key(url: str) -> str:
    """Say where what is known of the page at *url* lies."""
    return f"{DOCUMENT_PREFIX}{hashlib.sha256(url.encode()).hexdigest()}.json"


def shown(document: PageDocument, source: str) -> PageAnswer:
    """
    Give a document as ``/api/og-data`` answers it; what is absent is None, a struct stands for an object.

    Args:
        document: what is known.
        source: which tier it came from.
    """
    data = document.data
    first = data.images[0] if data.images else None
    return {
        "url": document.url,
        "finalUrl": document.final_url,
        "title": data.title,
        "description": data.description,
        "siteName": data.site_name,
        "type": data.type,
        "locale": data.locale,
        "image": first.url if first else None,
        "images": list(data.images),
        "imageAlt": first.alt if first else None,
        "imageWidth": first.width if first else None,
        "imageHeight": first.height if first else None,
        "video": data.video,
        "favicon": data.favicon,
        "themeColor": data.theme_colour,
        "author": data.author,
        "publishedTime": data.published_time,
        "twitter": data.twitter,
        "jsonld": data.described,
        "fetchedAt": _time(document.fetched_at),
        "source": source,
    }


def _time(seconds: float) -> str:
    return datetime.fromtimestamp(int(seconds), UTC).isoformat().replace("+00:00", "Z")


_DECODER = Decoder(PageDocument)
