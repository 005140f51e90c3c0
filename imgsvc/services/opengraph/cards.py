"""Cards that stand in for a page's picture: drawn here when they are asked for, never stored."""

import asyncio
import hashlib
import json
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import idna
import msgspec

from imgsvc.errors import AddressNotPublic, ImgsvcError, PortNotAllowed
from imgsvc.logos.domain import Domain
from imgsvc.logos.monogram import tile_colour
from imgsvc.model.blob import BlobMeta
from imgsvc.model.card import CARD_HEIGHT_PX, CARD_WIDTH_PX, Card, CardKind
from imgsvc.model.colours import Colour
from imgsvc.model.formats import CAPABILITIES, ImageFormat
from imgsvc.model.source import Source
from imgsvc.opengraph.cards import card_of, name_of_label
from imgsvc.opengraph.palette import read_colour
from imgsvc.services.answers import ImageRequest, Tier, Trace
from imgsvc.services.limits import Allowance
from imgsvc.services.opengraph.answers import ShareRequest
from imgsvc.services.opengraph.card_logos import CardLogos
from imgsvc.services.opengraph.deadline import Deadline
from imgsvc.services.opengraph.document import PageDocument
from imgsvc.services.opengraph.emblem import Emblem
from imgsvc.services.opengraph.portraits import Portraits
from imgsvc.services.original import Original
from imgsvc.stream.spools import Spools
from imgsvc.transform.cards import COMPANY_TILE_PX, LAYOUT_VERSION, OG_TILE_PX
from imgsvc.transform.pool import TransformPool

LIFETIME_SECONDS = 3600
"""How long a card may be kept; a picture, or a logo, may be there sooner."""

_LOGO_PX = {CardKind.OG_CARD: OG_TILE_PX, CardKind.COMPANY: COMPANY_TILE_PX}


class Cards:
    """
    Makes cards of what is known of pages.

    Args:
        logos: brings logos.
        portraits: brings portraits.
        transforms: draws.
        spools: hold what is drawn while it is made into an answer.
        clock: unix seconds.
    """

    def __init__(
        self,
        *,
        logos: CardLogos,
        portraits: Portraits,
        transforms: TransformPool,
        spools: Spools,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._logos = logos
        self._portraits = portraits
        self._transforms = transforms
        self._spools = spools
        self._clock = clock

    async def request(
        self,
        request: ShareRequest,
        document: PageDocument | None,
        error: ImgsvcError | None = None,
        allowance: Allowance | None = None,
        *,
        deadline: Deadline | None = None,
    ) -> ImageRequest:
        """
        Ask the spine for the card that stands in for what *request* names.

        Equal cards have equal names; a logo that is found later makes another card.

        Args:
            request: kind, words and form of the card.
            document: what is known of the page; None = nothing is.
            error: what kept the picture itself away. Of a host that may not be asked nobody asks for a logo.
            allowance: what the client may still cause; None = no limit.
            deadline: of the answer; a logo or a portrait is not waited for beyond it. None = one from now on.

        Raises:
            Overloaded: there is no room for a logo or a portrait.
        """
        deadline = deadline or Deadline()
        host = _host_of(request.source, document)
        domain = self._logos.domain(host)
        is_refused = isinstance(error or request.refusal, AddressNotPublic | PortNotAllowed)
        if domain is not None and not is_refused and request.kind in _LOGO_PX:
            await self._logos.search(domain, _LOGO_PX[request.kind], allowance, deadline)
        colours = await self._colours(domain, host, document, request)
        card = card_of(
            request.kind, None if document is None else document.data, name=_name_of(domain, host),
            host=_shown_host(host), colours=colours, title=request.title, subtitle=request.subtitle,
        )  # fmt: skip
        emblem = None if is_refused else await self._emblem(card, domain, document, deadline)
        source = Source.generated(f"card:{_digest(card, emblem)}")
        return ImageRequest(source, request.spec, bring=partial(self._bring, card, emblem))

    async def _colours(
        self, domain: Domain | None, host: str, document: PageDocument | None, request: ShareRequest
    ) -> list[Colour]:
        """Give what the page says, then what the logo has; without either one that follows from the name."""
        said = read_colour((document.data.theme_colour or "") if document is not None else "")
        seen = None if domain is None else await self._logos.colour(domain)
        found = [colour for colour in (said, seen) if colour is not None]
        return found or [tile_colour(host if domain is None else domain.registrable or request.title)]

    async def _emblem(
        self, card: Card, domain: Domain | None, document: PageDocument | None, deadline: Deadline
    ) -> Emblem | None:
        if card.kind is CardKind.PERSON:
            return None if document is None else await self._portraits.portrait(document, deadline)
        if domain is None:
            return None
        return await self._logos.logo(domain, _LOGO_PX[card.kind], card.palette.tile, deadline)

    async def _bring(self, card: Card, emblem: Emblem | None, _: Trace) -> Original:
        data = await self._transforms.card(card, None if emblem is None else emblem.data)
        digest = (await asyncio.to_thread(hashlib.sha256, data)).hexdigest()
        now = int(self._clock())
        meta = BlobMeta(
            media_type=CAPABILITIES[ImageFormat.PNG].media_type, sha256=digest, source_sha256=digest, fetched_at=now,
            fresh_until=now + LIFETIME_SECONDS, last_modified=now, width=CARD_WIDTH_PX, height=CARD_HEIGHT_PX,
        )  # fmt: skip
        return Original(self._spools.of(data), ImageFormat.PNG, meta, Tier.GENERATED)


def _host_of(source: Source, document: PageDocument | None) -> str:
    if not source.has_origin:
        return ""
    return source.host if document is None else document.final_host


def _name_of(domain: Domain | None, host: str) -> str:
    return host if domain is None else name_of_label(domain.label)


def _shown_host(host: str) -> str:
    """Write a host as people read it."""
    bare = host.removeprefix("www.")
    try:
        return idna.decode(bare)
    except (idna.IDNAError, UnicodeError):  # an address, or a name that IDNA 2008 does not know
        return bare


def _digest(card: Card, emblem: Emblem | None) -> str:
    """Name everything that decides the pixels."""
    decides: list[Any] = [LAYOUT_VERSION, msgspec.to_builtins(card), "" if emblem is None else emblem.sha256]
    return hashlib.sha256(json.dumps(decides).encode()).hexdigest()
