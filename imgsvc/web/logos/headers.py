"""What the answer to a logo request says of the logo."""

from collections.abc import Iterator
from functools import lru_cache

from imgsvc.model.blob import canonical_link
from imgsvc.model.look import Look
from imgsvc.services.answers import Served
from imgsvc.services.logos.answers import LogoServed
from imgsvc.web.logos.params import LogoQuestion
from imgsvc.web.logos.questions import LogoUnderstood
from imgsvc.web.terms import Terms

Pairs = Iterator[tuple[str, str]]

LOOKS_REMEMBERED = 1024


def terms_of_logo(question: LogoQuestion, found: LogoServed, refresh: str = "") -> Terms:
    """Say what was found for *question*; *refresh* is what became of the refresh it asked for, if it did."""
    return Terms(
        (*question.headers, *_of_logo(question, found, refresh)),
        fresh_until=found.fresh_until,
        stands_in=found.is_fallback,
    )


def terms_of_picture(understood: LogoUnderstood, served: Served) -> Terms:
    """Say what is said of a logo of the picture that was asked for instead."""
    question, grant = understood.question, understood.grant
    said = (("X-Logo-Source", "url"), ("X-Logo-Fallback", "0"))
    return Terms(
        (*question.headers, *said, *look_headers(served.blob.meta.look)), None if grant is None else grant.expires_at
    )


def _of_logo(question: LogoQuestion, found: LogoServed, refresh: str) -> Pairs:
    yield "X-Logo-Source", found.source
    yield "X-Logo-Fallback", "1" if found.is_fallback else "0"
    if found.domain:
        yield "X-Logo-Domain", found.domain
    if refresh:
        yield "X-Refresh", refresh
    # What came from a source of its own names that itself.
    if found.url and not found.served.blob.source.has_origin and (link := canonical_link(found.url)) is not None:
        yield "Link", link
    if question.theme is not None:
        yield from look_headers(found.served.blob.meta.look or found.look)


@lru_cache(LOOKS_REMEMBERED)
def look_headers(text: str) -> tuple[tuple[str, str], ...]:
    """Say what was seen; nothing of an answer that is no picture, such as a description."""
    look = Look.parse(text)
    if look is None:
        return ()
    return (
        ("X-Needs-Inversion", _truth(holds=look.needs_inversion)),
        ("X-Logo-Inverted", "1" if look.inverted else "0"),
        ("X-Has-Transparency", _truth(holds=look.has_transparency)),
        ("X-Brightness", f"{look.brightness:.3f}"),
        ("X-Logo-Contrast-Light", f"{look.contrast_light:.2f}"),
        ("X-Logo-Contrast-Dark", f"{look.contrast_dark:.2f}"),
    )


def _truth(*, holds: bool) -> str:
    return "true" if holds else "false"
