"""Answers of which a part waits for the client."""

from contextlib import ExitStack
from typing import Self

from msgspec import Struct, field

from imgsvc.services.outgoing import Outgoing
from imgsvc.web.hits.forms import Form
from imgsvc.web.hits.table import Ready
from imgsvc.web.sending import SLICE_BYTES


class Unsent(Struct):
    """
    An answer that the client has not taken yet.

    Attributes:
        name: the request's.
        size_bytes: of head and body.
        began: when the request came, by the performance counter.
        rest: what has not been written yet; nothing of a small answer.
    """

    ready: Ready
    name: str
    size_bytes: int
    began: float
    rest: memoryview = field(default_factory=lambda: memoryview(b""))
    _held: ExitStack | None = None

    @classmethod
    def of(cls, ready: Ready, name: str, piece: bytes, began: float) -> Self:
        """Give a large answer of which *piece*, its head and a first slice, has been written."""
        choice, data = ready[1].choice, ready[2].data
        rest = memoryview(data)[choice.start + SLICE_BYTES : choice.stop]
        return cls(ready, name, len(piece) + len(rest), began, rest)

    @property
    def form(self) -> Form:
        """The answer's form."""
        return self.ready[1]

    def hold(self, outgoing: Outgoing) -> None:
        """Have a large answer counted among those whose bytes are held; :meth:`let_go` once."""
        if self._held is None and self.form.is_sliced:
            self._held = ExitStack()
            self._held.enter_context(outgoing.sending(self.ready[2].data))

    def let_go(self) -> None:
        """Count it no longer."""
        if self._held is not None:
            self._held.close()
            self._held = None
