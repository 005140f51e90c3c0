"""
Which of the measured candidates is the logo: points with reasons, plain numbers.

The weights are our own. They were set by hand on recorded pages (tests/unit/logos/fixtures) and say, in this order: a
picture must be large enough for what was asked; better declared by the site than known by a service; a drawing or a
picture with transparency rather than a photograph's format; square rather than long, as it shall fit a square.
"""

import math
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from enum import StrEnum

from msgspec import Struct

from imgsvc.logos.candidate import Candidate, LogoSource
from imgsvc.model.formats import ImageFormat
from imgsvc.model.look import Theme

MIN_SIDE_PX = 16
"""Below this no logo can be recognised; the smallest icon a browser shows."""

SIZE_POINTS = 40
"""For a picture at least as large as asked, or a drawing."""

OCTAVE_POINTS = 15
"""
Lost each time that a picture is half as large. By octaves, so that of two which are both too small the larger is as
much better whatever is asked for.
"""

SQUARE_POINTS = 20
WORDMARK_POINTS = 8
WORDMARK_RATIO = 3.0
"""From square to 3:1 the points fall evenly to those of a wordmark; a longer one gets none."""

NEARLY_SQUARE_RATIO = 1.1
WRONG_SCHEME_POINTS = -15
RIGHT_SCHEME_POINTS = 46
"""
Of what is declared for light and for dark pages, the wrong one is behind by as much as no size makes up for; what is
declared for neither wins only where the right one is less than an eighth of the size asked for, or of a poorer kind.
"""

ASKED_BUCKETS_PX = (16, 32, 64, 128, 256, 512, 1024)
"""Sizes that are told apart, so that a ranking can be kept and does not depend on each pixel asked for."""

KIND_POINTS = {
    ImageFormat.SVG: 15, ImageFormat.PNG: 10, ImageFormat.WEBP: 10, ImageFormat.AVIF: 10, ImageFormat.GIF: 5,
    ImageFormat.ICO: 5, ImageFormat.JPEG: 3,
}  # fmt: skip
"""JPEG has no transparency, and artefacts round letters."""

# Who says so. Mask icons are silhouettes, and tiles often white on nothing, made for a coloured ground.
SOURCE_POINTS = {
    LogoSource.APPLE_TOUCH_ICON: 20, LogoSource.LINK_ICON: 20, LogoSource.MANIFEST: 19, LogoSource.JSON_LD: 18,
    LogoSource.OG_LOGO: 18, LogoSource.FLUID_ICON: 16, LogoSource.WELL_KNOWN: 15, LogoSource.HEADER_IMAGE: 12,
    LogoSource.SERVICE: 9, LogoSource.GOOGLE: 8, LogoSource.DUCKDUCKGO: 6, LogoSource.MS_TILE: 2,
    LogoSource.MASK_ICON: -15,
}  # fmt: skip
_MASKABLE_POINTS = -4  # drawn small in the middle, with a bleed that a mask cuts off
_MONOCHROME_POINTS = -20

_SOURCE_RANK = {source: rank for rank, source in enumerate(LogoSource)}


class Reason(StrEnum):
    """Why a candidate is not taken."""

    TOO_SMALL = "too-small"
    BLANK = "blank"
    GENERIC_ICON = "generic-icon"
    NOT_AN_IMAGE = "not-an-image"
    TOO_LARGE = "too-large"
    UNREACHABLE = "unreachable"
    FORBIDDEN = "forbidden"
    UPSCALED = "upscaled"


class Measured(Struct, frozen=True):
    """
    A candidate that was fetched, or could not be.

    Attributes:
        candidate: what was fetched.
        width_px: of its pixels, of its largest entry (ICO) or of its view box (SVG); 0 = not known.
        height_px: likewise.
        format: of its bytes; None = no picture, or never fetched.
        rejected: why it is out; None = it is in the race.
    """

    candidate: Candidate
    width_px: float = 0
    height_px: float = 0
    format: ImageFormat | None = None
    rejected: Reason | None = None

    @property
    def is_vector(self) -> bool:
        """Whether it can be drawn at any size."""
        return self.format is ImageFormat.SVG

    @property
    def reason(self) -> Reason | None:
        """Why it is out, its own sizes looked at as well; None = it is in the race."""
        if self.rejected is not None:
            return self.rejected
        if self.format is None or min(self.width_px, self.height_px) <= 0:
            return Reason.NOT_AN_IMAGE
        if not self.is_vector and min(self.width_px, self.height_px) < MIN_SIDE_PX:
            return Reason.TOO_SMALL
        return None

    @property
    def ratio(self) -> float:
        """Longer side over shorter, 1 or more."""
        return max(self.width_px, self.height_px) / min(self.width_px, self.height_px)


class Score(Struct, frozen=True):
    """
    What one candidate is worth.

    Attributes:
        measured: the candidate.
        points: reasons and what each adds, in the order they were looked at; empty for a rejected one.
    """

    measured: Measured
    points: tuple[tuple[str, float], ...] = ()

    @property
    def total(self) -> float:
        """Sum of the points, to a tenth; about -30 to 130."""
        return round(sum(points for _, points in self.points), 1)


def score(measured: Measured, asked_px: int, scheme: Theme | None = None) -> Score:
    """
    Judge one candidate.

    Args:
        measured: what is known of it.
        asked_px: the side of the square that it shall fill, 1 or more.
        scheme: of the page it shall be shown on; None = not said, which light ones fit.
    """
    return Score(measured) if measured.reason else Score(measured, tuple(_points(measured, asked_px, scheme)))


def rank(candidates: Iterable[Measured], asked_px: int, scheme: Theme | None = None) -> tuple[Score, ...]:
    """
    Order candidates, the winner first, rejected ones last; the same whatever order they came in.

    Equal points: the more trusted source, the one with more pixels, the URL that sorts first.
    """
    return tuple(sorted((score(each, asked_px, scheme) for each in candidates), key=_order))


def winner(candidates: Iterable[Measured], asked_px: int, scheme: Theme | None = None) -> Measured | None:
    """Give the best candidate, or None when all are rejected or there is none."""
    best = next(iter(rank(candidates, asked_px, scheme)), None)
    return best.measured if best is not None and best.measured.reason is None else None


def asked_bucket(asked_px: int) -> int:
    """Round the asked side up to one of :data:`ASKED_BUCKETS_PX`; what is beyond the largest is that."""
    return ASKED_BUCKETS_PX[min(bisect_left(ASKED_BUCKETS_PX, asked_px), len(ASKED_BUCKETS_PX) - 1)]


def winners(candidates: Iterable[Measured]) -> tuple[Measured, ...]:
    """
    Give each candidate that :func:`winner` gives for some bucket and scheme, once.

    The order is that of the buckets, from the smallest, in each of them without a scheme, then for light, then for
    dark: the same whatever order the candidates came in.
    """
    known = tuple(candidates)
    asked = ((asked_px, scheme) for asked_px in ASKED_BUCKETS_PX for scheme in (None, *Theme))
    best = (winner(known, asked_px, scheme) for asked_px, scheme in asked)
    return tuple(dict.fromkeys(each for each in best if each is not None))


def suffices(measured: Measured, asked_px: int) -> bool:
    """
    Say whether the search may end with the class that this candidate is in.

    It fills what was asked for, is not just a silhouette, and is no longer than a wordmark.
    """
    if measured.reason or measured.candidate.source in (LogoSource.MASK_ICON, LogoSource.MS_TILE):
        return False
    return _share_of(measured, asked_px) == 1 and measured.ratio <= WORDMARK_RATIO


def _order(judged: Score) -> tuple[bool, float, int, int, float, str]:
    measured = judged.measured
    candidate = measured.candidate
    pixels = measured.width_px * measured.height_px
    rejected = measured.reason is not None
    return rejected, -judged.total, candidate.trust, _SOURCE_RANK[candidate.source], -pixels, candidate.url


def _points(measured: Measured, asked_px: int, scheme: Theme | None) -> Iterator[tuple[str, float]]:
    candidate = measured.candidate
    yield "size", SIZE_POINTS + OCTAVE_POINTS * math.log2(_share_of(measured, asked_px))
    yield "kind", KIND_POINTS.get(measured.format, 0) if measured.format else 0
    yield "shape", _shape_points(measured.ratio)
    yield "source", SOURCE_POINTS.get(candidate.source, 0)
    if purpose := _purpose_points(candidate.purposes):
        yield "purpose", purpose
    if candidate.scheme is not None:
        fits = candidate.scheme is (scheme or Theme.LIGHT)
        yield "scheme", (RIGHT_SCHEME_POINTS if scheme else 0) if fits else WRONG_SCHEME_POINTS


def _share_of(measured: Measured, asked_px: int) -> float:
    """How much of the asked side it fills without being enlarged, 0–1."""
    return 1 if measured.is_vector else min(1, max(measured.width_px, measured.height_px) / asked_px)


def _shape_points(ratio: float) -> float:
    if ratio <= NEARLY_SQUARE_RATIO:
        return SQUARE_POINTS
    if ratio > WORDMARK_RATIO:
        return 0
    return SQUARE_POINTS - (SQUARE_POINTS - WORDMARK_POINTS) * (ratio - 1) / (WORDMARK_RATIO - 1)


def _purpose_points(purposes: frozenset[str]) -> float:
    if not purposes or "any" in purposes:
        return 0
    return _MASKABLE_POINTS if "maskable" in purposes else _MONOCHROME_POINTS
