"""From what was seen to what is written down: entries in their order, and pictures with their names in the store."""

from collections.abc import Iterable

from msgspec import Struct
from msgspec.structs import replace

from imgsvc.logos.keys import logo_key
from imgsvc.logos.score import Measured, rank
from imgsvc.model.look import Theme
from imgsvc.services.logos.judging import Picture, Seen
from imgsvc.services.logos.record import Entry, Kept, LogoRecord

RANKED_AT_PX = 128
"""The size by which candidates are put in order, and the first gets the shortest name."""

_DIGEST_CHARS = 8


class NamedPicture(Struct, frozen=True):
    """Bytes to be stored, and what is written down of them."""

    kept: Kept
    data: bytes


def entries_of(
    domain: str, seen: Iterable[Seen], before: LogoRecord | None
) -> tuple[tuple[Entry, ...], list[NamedPicture]]:
    """
    Put candidates in order and name their pictures.

    Args:
        domain: normalised host.
        seen: all candidates.
        before: what was known of the domain: an earlier verdict on a logo is kept unless its contrast is clearly
            another.

    Returns:
        The record's entries, and the pictures they speak of.
    """
    by_measured = {each.measured: each for each in seen}
    remembered = _remembered(before)
    names: set[str] = set()
    entries, pictures = [], []
    for ranked in rank(by_measured, RANKED_AT_PX):
        each = by_measured[ranked.measured]
        kept = None
        if each.picture is not None:
            kept = _kept(each.measured, each.picture, _key(domain, each.measured, each.picture, names), remembered)
            names.add(kept.key)
            pictures.append(NamedPicture(kept, each.picture.data))
        entries.append(Entry(_shown(each.measured), kept))
    return tuple(entries), pictures


def _remembered(before: LogoRecord | None) -> frozenset[Theme] | None:
    """Give the earlier verdict on the logo itself."""
    entry = None if before is None else before.best(RANKED_AT_PX, None)
    return entry.kept.lost_on if entry is not None and entry.kept is not None else None


def _key(domain: str, measured: Measured, picture: Picture, taken: set[str]) -> str:
    """Name a picture by how it was found; another that was found likewise has its digest in its name."""
    source = measured.candidate.source.value
    key = logo_key(domain, source, picture.image_format)
    if key in taken:
        return logo_key(domain, f"{source}-{picture.sha256[:_DIGEST_CHARS]}", picture.image_format)
    return key


def _kept(measured: Measured, picture: Picture, key: str, remembered: frozenset[Theme] | None) -> Kept:
    validators = picture.validators
    return Kept(
        key=key,
        sha256=picture.sha256,
        sent_sha256=picture.sent_sha256,
        image_format=picture.image_format,
        width_px=picture.width_px,
        height_px=picture.height_px,
        analysis=picture.analysis,
        # A variant for one scheme is judged by itself.
        lost_on=picture.lost_on(remembered if measured.candidate.scheme is None else None),
        url=validators.url if measured.candidate.shown is None else "",
        etag=validators.etag,
        last_modified=validators.last_modified,
    )


def _shown(measured: Measured) -> Measured:
    candidate = measured.candidate
    return replace(measured, candidate=replace(candidate, url=candidate.shown_url, shown=None))
