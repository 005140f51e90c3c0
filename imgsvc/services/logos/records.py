"""The records of logos, and what follows from each."""

import time
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field

from imgsvc.logos.keys import logo_record_key
from imgsvc.logos.score import asked_bucket
from imgsvc.model.look import Theme
from imgsvc.services.answers import ImageRequest
from imgsvc.services.documents import Documents
from imgsvc.services.documents import Known as KnownDocument
from imgsvc.services.logos.record import Entry, LogoRecord
from imgsvc.services.marks import Marks
from imgsvc.services.shelf import Shelf


@dataclass(slots=True)
class Known(KnownDocument[LogoRecord]):
    """
    A record, and what follows from it.

    Attributes:
        asked: questions that were asked of it, understood; whoever asks keeps them few.
    """

    asked: dict[Hashable, ImageRequest] = field(default_factory=dict)
    _best: dict[tuple[int, Theme | None], Entry | None] = field(default_factory=dict)

    def best(self, size_px: int, theme: Theme | None) -> Entry | None:
        """Give what :meth:`LogoRecord.best` does, which is computed once."""
        place = asked_bucket(size_px), theme
        if place not in self._best:
            self._best[place] = self.record.best(*place)
        return self._best[place]


class LogoRecords(Documents[LogoRecord, Known]):
    """
    Reads and writes records.

    Args:
        shelf: where they lie.
        marks: say what was purged.
        clock: unix seconds.
    """

    def __init__(self, shelf: Shelf, marks: Marks, clock: Callable[[], float] = time.time) -> None:
        super().__init__(shelf, marks, key_of=logo_record_key, parse=LogoRecord.parse, known=Known, clock=clock)
