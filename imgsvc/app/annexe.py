"""Logos, pages, cards and share pictures put together: loaded and made behind the start."""

from contextlib import AsyncExitStack

from imgsvc.app.answering import Answering
from imgsvc.app.cards import make_cards
from imgsvc.app.ending import Ending
from imgsvc.app.logos import make_logos
from imgsvc.app.pages import make_pages
from imgsvc.app.parts import Parts
from imgsvc.app.sharing import make_sharing
from imgsvc.services.annexe import Annexe
from imgsvc.services.fetches import FoundFetches
from imgsvc.services.shelf import Shelf
from imgsvc.settings import Settings


def make_annexe(
    settings: Settings, parts: Parts, shelf: Shelf, answering: Answering, ending: Ending, stack: AsyncExitStack
) -> Annexe:
    """
    Make the services; *stack* ends what they do behind answers. Reads packaged data and a file, so call it in a thread.

    Raises:
        SettingsError: IMGSVC_LOGO_COMPANIES cannot be read.
    """
    parts.domains.load()
    fetches = FoundFetches(parts.fetcher, parts.slots, parts.spools, parts.admission)
    logos = make_logos(settings, parts, fetches, shelf, answering.images, ending, stack)
    pages = make_pages(parts, fetches, shelf, answering.failures, ending, stack)
    cards = make_cards(parts, fetches, logos, ending, stack)
    sharing = make_sharing(parts, fetches, shelf, answering.images, answering.assets, pages.pages, cards.cards)
    return Annexe(logos.logos, logos.logo_keeper, pages.pages, cards.cards, cards.card_logos, sharing.sharing)
