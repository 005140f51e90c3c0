"""How much a table may hold, where somebody else says so, and may change his mind."""

from typing import TYPE_CHECKING

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Callable


class TableRoomStatistics(Struct, frozen=True):
    """Snapshot: what the table weighs, and may weigh, in bytes."""

    bytes: int
    capacity_bytes: int


class TableRoom:
    """
    The room of one table, whose owner counts and makes it smaller; whoever knows memory says how much there is.

    Attributes:
        capacity_bytes: what the table may weigh; none before somebody says so.
        bytes: what it weighs.
        on_resize: makes the table fit, at once; set by its owner.
    """

    def __init__(self) -> None:
        self.capacity_bytes = 0
        self.bytes = 0
        self.on_resize: Callable[[], None] = lambda: None

    def resize(self, capacity_bytes: int) -> None:
        """Change what the table may weigh."""
        self.capacity_bytes = capacity_bytes
        self.on_resize()

    def statistics(self) -> TableRoomStatistics:
        """Snapshot."""
        return TableRoomStatistics(self.bytes, self.capacity_bytes)
