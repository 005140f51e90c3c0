"""What it takes to give an answer from memory once more, without understanding its request again."""

from collections.abc import Callable
from typing import Self
from weakref import ref

from msgspec import Struct

from imgsvc.model.blob import Representation
from imgsvc.services.answers import Served
from imgsvc.web.terms import Terms

Found = tuple[Served, Terms]
"""An answer that memory has, and the terms on which it was asked for."""

UNDERSTOOD_BYTES = 2048
"""What a request that is understood takes; measured."""


class Repeatable(Struct):
    """
    How a request was answered from memory; left on it by whoever answered.

    It is left only where the same target and headers would be answered by nothing but *lookup*.

    Attributes:
        blob: what was answered; a request may be kept for as long as its connection is idle, and shall not hold it.
        lookup: the very look-up that gave it, with all that goes with one: its turn in memory, its counters, the
            judgement of its age, the question behind a stale one. A plain call; None = memory has no answer.
        is_current: whether the leave to ask still holds; a plain call. None = it has no end.
        kept_bytes: what the look-up keeps of the request, and nobody else does.
        in_cache: whether the answer lies in the memory cache, which counts look-ups in vain.
        by_memory_alone: whether the look-up gives the same for as long as the memory cache has the very same blob, and
            that is fresh.
    """

    blob: ref[Representation]
    lookup: Callable[[], Found | None]
    is_current: Callable[[], bool] | None = None
    kept_bytes: int = UNDERSTOOD_BYTES
    in_cache: bool = True
    by_memory_alone: bool = False

    @classmethod
    def of(
        cls,
        served: Served,
        lookup: Callable[[], Found | None],
        is_current: Callable[[], bool] | None = None,
        *,
        kept_bytes: int = UNDERSTOOD_BYTES,
        in_cache: bool = True,
        by_memory_alone: bool = False,
    ) -> Self:
        """Tell how *served* was found."""
        return cls(ref(served.blob), lookup, is_current, kept_bytes, in_cache, by_memory_alone)
