"""What the services give back: a picture, where it was found, and what finding it took."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from enum import StrEnum

from imgsvc.model.blob import Blob
from imgsvc.model.keys import result_key
from imgsvc.model.source import Source
from imgsvc.model.spec import TransformSpec


class Tier(StrEnum):
    """How far a request had to go; answered as ``X-Source``."""

    MEMORY = "memory"
    STORE = "store"
    ORIGIN = "origin"


@dataclass(frozen=True, slots=True)
class ImageRequest:
    """
    One question: which picture, and what is wanted of it.

    Attributes:
        key: what the answer is called in memory, in flight and in the store.
    """

    source: Source
    spec: TransformSpec
    key: str = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "key", result_key(self.source, self.spec))


@dataclass(slots=True)
class Trace:
    """
    What one piece of work did, and how long each part took.

    Attributes:
        seconds: by ``Server-Timing`` name (queue, store, fetch, decode, encode), in the order they happened.
        asked_store: whether the store was asked for the answer.
    """

    seconds: dict[str, float] = field(default_factory=dict)
    asked_store: bool = False

    @contextmanager
    def timed(self, name: str) -> Iterator[None]:
        """Add the time that the block takes to *name*."""
        began = time.perf_counter()
        try:
            yield
        finally:
            self.add(name, time.perf_counter() - began)

    def add(self, name: str, seconds: float) -> None:
        """Add *seconds* to *name*."""
        self.seconds[name] = self.seconds.get(name, 0.0) + seconds


@dataclass(frozen=True, slots=True)
class Served:
    """
    An answer.

    Attributes:
        hit: whether exactly these bytes existed before the request.
        collapsed: whether another request had begun the work.
    """

    blob: Blob
    tier: Tier
    hit: bool
    trace: Trace | None = None
    collapsed: bool = False

    def as_follower(self) -> "Served":
        """Give the same answer to one that only waited for it."""
        return replace(self, collapsed=True)
