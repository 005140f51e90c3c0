"""The rooms of the house, each put together by a module of its own, in the order in which they need each other."""

from contextlib import AsyncExitStack

from msgspec import Struct

from imgsvc.app.answering import Answering, put_together
from imgsvc.app.ending import Ending
from imgsvc.app.memory import GUARDED_ENTRY_BYTES
from imgsvc.app.parts import Parts, open_parts
from imgsvc.origin.policy import SourcePolicy
from imgsvc.pressure.levels import Level
from imgsvc.services.shelf import Shelf
from imgsvc.settings import Settings

CRITICAL_BUFFER_BYTES = 64 * 1024
"""At CRITICAL what is stored is still served, but piece by piece."""


class Rooms(Struct, frozen=True):
    """What is open, by what it is for."""

    parts: Parts
    shelf: Shelf
    answering: Answering

    def owners(self) -> dict[str, object]:
        """Give, by name, all in these rooms that have figures."""
        return owners_of(self.parts) | owners_of(self.answering)


def owners_of(group: Struct) -> dict[str, object]:
    """Give, by name, all in *group* that have figures."""
    made = {name: getattr(group, name) for name in group.__struct_fields__}
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
    return Rooms(parts, shelf, answering)


def _make_shelf(settings: Settings, parts: Parts) -> Shelf:
    threshold_bytes = settings.origin.stream_threshold_bytes

    def buffer_bytes() -> int:
        # What memory would not keep is not read into it either: a slow client would hold it all the same.
        level = parts.monitor.sample_if_older().level
        if level >= Level.CRITICAL or parts.outgoing.bytes > settings.memory.transfer_capacity_bytes:
            return CRITICAL_BUFFER_BYTES
        return threshold_bytes if level < Level.GUARD else GUARDED_ENTRY_BYTES

    return Shelf(parts.store, parts.persister, parts.transfers, buffer_bytes)
