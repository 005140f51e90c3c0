"""What is known of a domain's logo: every candidate, the pictures that were kept, and how long that holds."""

from typing import Self

from msgspec import Struct
from msgspec.json import Decoder, encode
from msgspec.structs import replace

from imgsvc.logos.keys import is_logo_key, logo_record_key
from imgsvc.logos.score import Measured, asked_bucket, rank, suffices
from imgsvc.model.blob import BlobMeta
from imgsvc.model.colours import Colour
from imgsvc.model.formats import CAPABILITIES, ImageFormat
from imgsvc.model.freshness import is_fresh_at, modified_at
from imgsvc.model.look import Look, Theme
from imgsvc.model.purge import is_tag
from imgsvc.model.source import Source
from imgsvc.origin.answer import Validators
from imgsvc.services.documents import decoded
from imgsvc.vision.analysis import Analysis

RECORD_VERSION = 1
"""Version of what is written; another one in the store counts as nothing."""

_END_OF_TIME = 1e11  # unix seconds; beyond, neither a date nor a header can be made of it

EVERY_PX = 1024
"""What a search has asked for that went through all there is to ask."""


class Kept(Struct, frozen=True, kw_only=True):
    """
    A picture that lies in the store.

    Attributes:
        key: where.
        sha256: hex digest of its bytes; others under the same key are not it.
        sent_sha256: of the bytes as its source sent them.
        image_format: of its bytes.
        width_px: whole.
        height_px: whole.
        analysis: of its colours.
        lost_on: the themes on which it does not read.
        url: that gave it, after redirects; empty where that may hold a secret.
        etag: by which that can be asked whether it still holds.
        last_modified: likewise.
    """

    key: str
    sha256: str
    sent_sha256: str
    image_format: ImageFormat
    width_px: int
    height_px: int
    analysis: Analysis
    lost_on: frozenset[Theme]
    url: str
    etag: str | None
    last_modified: str | None

    @property
    def validators(self) -> Validators:
        """What its source can be asked with."""
        return Validators(url=self.url, etag=self.etag, last_modified=self.last_modified)

    def look_on(self, theme: Theme) -> Look:
        """What was seen of it when it was judged for a page; it is not adapted here."""
        seen = self.analysis
        return Look(
            brightness=seen.brightness,
            has_transparency=seen.has_transparency,
            contrast_light=seen.contrast_light,
            contrast_dark=seen.contrast_dark,
            needs_inversion=theme in self.lost_on,
            inverted=False,
        )


class Entry(Struct, frozen=True):
    """
    A candidate of a record.

    Attributes:
        measured: what is known of it; its URL is fit to be shown.
        kept: its picture, if it is best for some size or theme.
    """

    measured: Measured
    kept: Kept | None = None


class LogoRecord(Struct, frozen=True, kw_only=True):
    """
    What is known of one domain.

    Attributes:
        domain: normalised host.
        asked_px: side that the search wanted filled; :data:`EVERY_PX` when nothing is left to ask.
        fetched_at: unix seconds at which the search began, or the chosen picture's source last said that it holds.
        tried_at: unix seconds of the last try.
        fresh_until: unix seconds.
        failures: tries in a row that did not really end.
        colour: the site's own.
        entries: all candidates, the best first.
        version: see :data:`RECORD_VERSION`.
    """

    domain: str
    asked_px: int
    fetched_at: float
    tried_at: float
    fresh_until: float
    failures: int = 0
    colour: Colour | None = None
    entries: tuple[Entry, ...] = ()
    version: int = RECORD_VERSION

    @classmethod
    def parse(cls, data: bytes, domain: str) -> Self | None:
        """Read a stored record; None when it is not one, or not of *domain*."""
        record = decoded(_DECODER, data)
        if record is None or record.version != RECORD_VERSION or record.domain != domain:
            return None
        return record if record.is_sound() else None  # type: ignore[return-value]

    def is_sound(self) -> bool:
        """Whether it can have been written here: others may write to the store."""
        times = (self.fetched_at, self.tried_at, self.fresh_until)
        colours = [entry.kept.analysis.dominant_colour for entry in self.entries if entry.kept is not None]
        colours += [] if self.colour is None else [self.colour]
        return (
            all(0 <= time < _END_OF_TIME for time in times)
            and self.failures >= 0
            and all(0 <= part <= 255 for colour in colours for part in (colour.red, colour.green, colour.blue))  # noqa: PLR2004 - bytes
            and all(is_logo_key(entry.kept.key) for entry in self.entries if entry.kept is not None)
        )

    def to_json(self) -> bytes:
        """Write as UTF-8 JSON."""
        return encode(self)

    @property
    def name(self) -> str:
        """What it is remembered by."""
        return self.domain

    @property
    def key(self) -> str:
        """Where it lies in the store."""
        return logo_record_key(self.domain)

    @property
    def site(self) -> Source:
        """What purges are held against, with *tags*."""
        return Source(f"https://{self.domain}/")

    @property
    def has_logo(self) -> bool:
        """Whether a logo was found."""
        return any(entry.kept is not None for entry in self.entries)

    @property
    def tags(self) -> str:
        """The word by which what is made of the logo can be purged."""
        word = f"logo:{self.domain}"
        return word if is_tag(word) else ""

    def is_fresh(self, now: float) -> bool:
        """Whether nothing need be asked at unix second *now*."""
        return is_fresh_at(now, self.fetched_at, self.fresh_until)

    def is_enough_for(self, asked_px: int) -> bool:
        """Whether a search for *asked_px* would find no more than this one did."""
        asked_px = asked_bucket(asked_px)
        if asked_px <= self.asked_px:
            return True
        return any(suffices(entry.measured, asked_px) for entry in self.entries if entry.kept is not None)

    def best(self, asked_px: int, theme: Theme | None) -> Entry | None:
        """Give the candidate that is the logo at this size on this page; None when none is."""
        by_measured = {entry.measured: entry for entry in self.entries if entry.kept}
        ranked = rank(by_measured, asked_px, theme)
        return by_measured[ranked[0].measured] if ranked else None

    def extended(self, now: float, seconds: float, asked_px: int = 0) -> Self:
        """Let the same hold on although what was tried at unix second *now*, for *asked_px*, was in vain."""
        return replace(
            self,
            tried_at=now,
            fresh_until=now + seconds,
            failures=self.failures + 1,
            asked_px=max(asked_px, self.asked_px),
        )

    def validated(self, asked_at: float, seconds: float) -> Self:
        """Let the same hold on because its source, asked at a unix second, said so."""
        return replace(self, fetched_at=asked_at, tried_at=asked_at, fresh_until=asked_at + seconds, failures=0)

    def meta_of(self, kept: Kept, lifetime_seconds: float) -> BlobMeta:
        """Describe a kept picture's bytes, good for so long from the search on."""
        return BlobMeta(
            media_type=CAPABILITIES[kept.image_format].media_type,
            sha256=kept.sha256,
            source_sha256=kept.sha256,
            fetched_at=self.fetched_at,
            fresh_until=self.fetched_at + lifetime_seconds,
            last_modified=modified_at(kept.last_modified, int(self.fetched_at)),
            width=kept.width_px,
            height=kept.height_px,
            tags=self.tags,
        )


_DECODER = Decoder(LogoRecord)
