"""The services that a start does not wait for: logos, pages and what is drawn and chosen for them."""

from typing import TYPE_CHECKING

from msgspec import Struct

if TYPE_CHECKING:  # to name them must not load them
    from imgsvc.services.logos.keeper import LogoKeeper
    from imgsvc.services.logos.service import LogoService
    from imgsvc.services.opengraph.card_logos import CardLogos
    from imgsvc.services.opengraph.cards import Cards
    from imgsvc.services.opengraph.service import PageService
    from imgsvc.services.opengraph.sharing import ShareService


class Annexe(Struct, frozen=True):
    """Logos, pages, cards and share pictures, with those of their helpers that work behind them."""

    logos: "LogoService"
    logo_keeper: "LogoKeeper"
    pages: "PageService"
    cards: "Cards"
    card_logos: "CardLogos"
    sharing: "ShareService"
