"""What is shown where there is no logo, drawn here and never stored."""

import asyncio
import hashlib
import time
from collections.abc import Callable
from functools import partial

from imgsvc.logos.monogram import monogram
from imgsvc.model.blob import BlobMeta
from imgsvc.model.colours import Colour
from imgsvc.model.formats import CAPABILITIES, ImageFormat
from imgsvc.model.source import Source
from imgsvc.services.answers import ImageRequest, Tier, Trace
from imgsvc.services.logos.answers import Fallback, LogoRequest
from imgsvc.services.original import Original
from imgsvc.stream.spools import Spools

LIFETIME_SECONDS = 3600
"""How long a drawing may be kept; the logo may be there sooner."""

_EMPTY = b'<svg xmlns="http://www.w3.org/2000/svg" width="64" height="64" viewBox="0 0 64 64"></svg>'
_NEUTRAL = (
    b'<svg xmlns="http://www.w3.org/2000/svg" width="64" height="64" viewBox="0 0 64 64">'
    b'<rect width="64" height="64" rx="12" fill="#9ca3af"/>'
    b'<path d="M18 46V24l14-8 14 8v22z" fill="none" stroke="#f9fafb" stroke-width="4" stroke-linejoin="round"/>'
    b'<path d="M28 46V34h8v12" fill="none" stroke="#f9fafb" stroke-width="4" stroke-linejoin="round"/></svg>'
)


class Fallbacks:
    """
    Draws.

    Args:
        spools: hold what is drawn while it is made into an answer.
        clock: unix seconds.
    """

    def __init__(self, spools: Spools, clock: Callable[[], float] = time.time) -> None:
        self._spools = spools
        self._clock = clock

    def request(self, request: LogoRequest, colour: Colour | None) -> ImageRequest:
        """
        Ask for what *request* wants in the place of a logo, but for a 404.

        Args:
            request: what was asked for.
            colour: the site's own; None = not known.
        """
        name, draw = self._drawing(request, colour)
        return ImageRequest(Source.generated(name), request.spec, bring=partial(self._bring, draw))

    def _drawing(self, request: LogoRequest, colour: Colour | None) -> tuple[str, Callable[[], bytes]]:
        match request.fallback:
            case Fallback.PLACEHOLDER:
                return "placeholder", lambda: _NEUTRAL
            case Fallback.TRANSPARENT:
                return "transparent", lambda: _EMPTY
            case _:
                name = name_of(request)
                return f"monogram:{colour or ''}:{name}", lambda: monogram(name, colour)

    async def _bring(self, draw: Callable[[], bytes], _: Trace) -> Original:
        data = await asyncio.to_thread(draw)  # the first drawing reads outlines from disk
        digest = hashlib.sha256(data).hexdigest()
        now = int(self._clock())
        meta = BlobMeta(
            media_type=CAPABILITIES[ImageFormat.SVG].media_type, sha256=digest, source_sha256=digest, fetched_at=now,
            fresh_until=now + LIFETIME_SECONDS, last_modified=now,
        )  # fmt: skip
        return Original(self._spools.of(data), ImageFormat.SVG, meta, Tier.GENERATED)


def name_of(request: LogoRequest) -> str:
    """Give the name whose first letter stands for a subject."""
    subject = request.subject
    return subject.name or (subject.domain.label if subject.domain is not None else "")
