"""A picture that might be a logo: where it was named, and what was promised of it."""

from enum import IntEnum, StrEnum

from msgspec import Struct

from imgsvc.model.look import Theme


class LogoSource(StrEnum):
    """How a candidate was found; the value is what clients see in ``X-Logo-Source``."""

    JSON_LD = "json-ld"
    APPLE_TOUCH_ICON = "apple-touch-icon"
    MANIFEST = "manifest"
    LINK_ICON = "link-icon"
    OG_LOGO = "og-logo"
    FLUID_ICON = "fluid-icon"
    HEADER_IMAGE = "header-image"
    MS_TILE = "ms-tile"
    MASK_ICON = "mask-icon"
    WELL_KNOWN = "well-known"
    GOOGLE = "google"
    DUCKDUCKGO = "duckduckgo"
    SERVICE = "service"
    MONOGRAM = "monogram"


class TrustClass(IntEnum):
    """Who says that it is the logo; the lower class is asked first."""

    PAGE = 1
    WELL_KNOWN = 2
    SERVICE = 3


class Candidate(Struct, frozen=True):
    """
    One picture that might be the logo, not fetched yet.

    Attributes:
        url: http(s), normalised.
        source: how it was found.
        declared_px: the longest side that was declared, 1 or more; None = nothing was, or "any".
        declared_type: media type as declared, lower-case; None = none.
        purposes: of a manifest's icon: ``any``, ``maskable``, ``monochrome``; empty = not said.
        scheme: of the page it is declared for; None = any.
        shown: what is shown instead of *url*, where that may hold a secret.
    """

    url: str
    source: LogoSource
    declared_px: int | None = None
    declared_type: str | None = None
    purposes: frozenset[str] = frozenset()
    scheme: Theme | None = None
    shown: str | None = None

    @property
    def trust(self) -> TrustClass:
        """The class it is asked in."""
        return _TRUST.get(self.source, TrustClass.PAGE)

    @property
    def shown_url(self) -> str:
        """The URL fit to be shown and stored: what the operator wrote may hold a token of theirs."""
        return self.url if self.shown is None else self.shown


_TRUST = {
    LogoSource.WELL_KNOWN: TrustClass.WELL_KNOWN,
    LogoSource.GOOGLE: TrustClass.SERVICE,
    LogoSource.DUCKDUCKGO: TrustClass.SERVICE,
    LogoSource.SERVICE: TrustClass.SERVICE,
}
