"""The rooms of the house, each put together by a module of its own, in the order in which they need each other."""

import asyncio
from contextlib import AsyncExitStack
from dataclasses import dataclass, fields

from imgsvc.app.answering import Answering, put_together
from imgsvc.app.cards import MadeCards, make_cards
from imgsvc.app.ending import Ending
from imgsvc.app.logos import Logos, make_logos
from imgsvc.app.memory import GUARDED_ENTRY_BYTES
from imgsvc.app.pages import Pages, make_pages
from imgsvc.app.parts import Parts, open_parts
from imgsvc.app.sharing import Sharing, make_sharing
from imgsvc.origin.policy import SourcePolicy
from imgsvc.pressure.levels import Level
from imgsvc.services.shelf import Shelf
from imgsvc.settings import Settings

CRITICAL_BUFFER_BYTES = 64 * 1024
"""At CRITICAL what is stored is still served, but piece by piece."""


@dataclass(frozen=True, slots=True)
class Rooms:
    """What is open, by what it is for."""

    parts: Parts
    shelf: Shelf
    answering: Answering
    logos: Logos
    pages: Pages
    cards: MadeCards
    sharing: Sharing

    def owners(self) -> dict[str, object]:
        """Give, by name, all in these rooms that have figures."""
        groups = (self.parts, self.answering, self.logos, self.pages, self.cards, self.sharing)
        made = {f.name: getattr(group, f.name) for group in groups for f in fields(group)}
        return {name: owner for name, owner in made.items() if hasattr(owner, "statistics")}


async def open_rooms(settings: Settings, policy: SourcePolicy, ending: Ending, stack: AsyncExitStack) -> Rooms:
    """
    Open them; *stack* closes them in the opposite order.

    Raises:
        SettingsError: a setting needs a package that is not installed.
    """
    parts = await open_parts(settings, policy, ending, stack)
    shelf = _make_shelf(settings, parts)
    answering = put_together(settings, parts, shelf, ending, stack)
    logos = await asyncio.to_thread(make_logos, settings, parts, shelf, answering.images, ending, stack)
    pages = make_pages(parts, shelf, answering.failures, ending, stack)
    cards = make_cards(parts, logos, ending, stack)
    sharing = make_sharing(parts, shelf, answering.images, answering.assets, pages.pages, cards.cards)
    return Rooms(parts, shelf, answering, logos, pages, cards, sharing)


def _make_shelf(settings: Settings, parts: Parts) -> Shelf:
    threshold_bytes = settings.origin.stream_threshold_bytes

    def buffer_bytes() -> int:
        # What memory would not keep is not read into it either: a slow client would hold it all the same.
        level = parts.monitor.sample_if_older().level
        if level >= Level.CRITICAL or parts.outgoing.bytes > settings.memory.transfer_capacity_bytes:
            return CRITICAL_BUFFER_BYTES
        return threshold_bytes if level < Level.GUARD else GUARDED_ENTRY_BYTES

    return Shelf(parts.store, parts.persister, parts.transfers, buffer_bytes)
