"""Share pictures put together: what chooses them, draws what stands in for them, and answers with either."""

import time
from collections.abc import Callable

from msgspec import Struct

from imgsvc.app.parts import Parts
from imgsvc.services.assets import Assets
from imgsvc.services.fetches import FoundFetches
from imgsvc.services.images import ImageService
from imgsvc.services.kept_pictures import KeptPictures
from imgsvc.services.opengraph.cards import Cards
from imgsvc.services.opengraph.choosing import Chooser
from imgsvc.services.opengraph.page_pictures import PagePictures
from imgsvc.services.opengraph.scrutiny import Scrutiny
from imgsvc.services.opengraph.service import PageService
from imgsvc.services.opengraph.sharing import ShareService
from imgsvc.services.shelf import Shelf


class Sharing(Struct, frozen=True):
    """The service."""

    sharing: ShareService


def make_sharing(
    parts: Parts,
    fetches: FoundFetches,
    shelf: Shelf,
    images: ImageService,
    assets: Assets,
    pages: PageService,
    cards: Cards,
    *,
    clock: Callable[[], float] = time.time,
) -> Sharing:
    """Make the service; nothing of it is to be closed."""
    scrutiny = Scrutiny(parts.transforms)
    pictures = PagePictures(
        pages=pages,
        chooser=Chooser(fetches, parts.inspector, parts.transforms),
        pictures=KeptPictures(parts.memory, shelf, parts.spools),
        images=images,
        flights=parts.flights,
        ledger=parts.transfers,
        scrutiny=scrutiny,
        clock=clock,
    )
    return Sharing(
        ShareService(
            pages=pages,
            pictures=pictures,
            images=images,
            assets=assets,
            cards=cards,
            marks=parts.marks,
            scrutiny=scrutiny,
            clock=clock,
        )
    )
