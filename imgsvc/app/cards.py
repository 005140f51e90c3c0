"""Cards put together: what finds logos and portraits for them, and what draws them."""

import time
from collections.abc import Callable
from contextlib import AsyncExitStack

from msgspec import Struct

from imgsvc.app.ending import Ending
from imgsvc.app.logos import Logos
from imgsvc.app.parts import Parts
from imgsvc.services.fetches import FoundFetches
from imgsvc.services.opengraph.card_logos import CardLogos
from imgsvc.services.opengraph.cards import Cards
from imgsvc.services.opengraph.portraits import Portraits


class MadeCards(Struct, frozen=True):
    """The service, and the one of its helpers that works behind it."""

    cards: Cards
    card_logos: CardLogos


def make_cards(
    parts: Parts,
    fetches: FoundFetches,
    logos: Logos,
    ending: Ending,
    stack: AsyncExitStack,
    *,
    clock: Callable[[], float] = time.time,
) -> MadeCards:
    """Make the service; *stack* ends what it does behind answers."""
    card_logos = CardLogos(logos.logos, logos.logo_keeper, parts.room_behind(ending))
    stack.push_async_callback(card_logos.aclose)
    portraits = Portraits(
        fetches=fetches,
        inspector=parts.inspector,
        transforms=parts.transforms,
        memory=parts.memory,
        flights=parts.flights,
        clock=clock,
    )
    cards = Cards(
        logos=card_logos, portraits=portraits, transforms=parts.transforms, spools=parts.spools, clock=clock
    )  # fmt: skip
    return MadeCards(cards, card_logos)
