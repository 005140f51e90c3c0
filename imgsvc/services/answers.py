"""What the services give back: a picture, where it was found, and what finding it took."""

import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import contextmanager
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple, Protocol

import msgspec
from msgspec import Struct
from msgspec.structs import force_setattr

from imgsvc.model.blob import Blob, Representation
from imgsvc.model.freshness import STALE_WHILE_REVALIDATE_SECONDS
from imgsvc.model.keys import result_key
from imgsvc.model.source import Source
from imgsvc.model.spec import TransformSpec
from imgsvc.services.tracing import part

if TYPE_CHECKING:
    from imgsvc.services.original import Original


class Tier(StrEnum):
    """How far a request had to go; answered as ``X-Source``."""

    MEMORY = "memory"
    STORE = "store"
    ORIGIN = "origin"
    GENERATED = "generated"


class ImageRequest(Struct, frozen=True):
    """
    One question: which picture, and what is wanted of it.

    Attributes:
        tags: words by which the answer can be purged; beside those every source has.
        stale_seconds: for how long past its end an answer may be given while its source is asked behind.
        bring: gives the original, to be let go, where the answer has to be made; None = it is fetched from the source.
        key: worked out: what the answer is called in memory, in flight and in the store.
    """

    source: Source
    spec: TransformSpec
    tags: frozenset[str] = frozenset()
    stale_seconds: int = STALE_WHILE_REVALIDATE_SECONDS
    bring: "Callable[[Trace], Awaitable[Original]] | None" = None
    key: str = ""

    def __post_init__(self) -> None:
        force_setattr(self, "key", result_key(self.source, self.spec))


class Trace(Struct):
    """
    What one piece of work did, and how long each part took.

    Attributes:
        seconds: by ``Server-Timing`` name (queue, store, fetch, decode, encode), in the order they happened.
        asked_store: whether the store was asked for the answer.
        asked_first: whether the source was asked before what the store has was answered.
    """

    seconds: dict[str, float] = msgspec.field(default_factory=dict)
    asked_store: bool = False
    asked_first: bool = False

    @contextmanager
    def timed(self, name: str) -> Iterator[None]:
        """Add the time that the block takes to *name*."""
        began = time.perf_counter()
        try:
            with part(name):
                yield
        finally:
            self.add(name, time.perf_counter() - began)

    def add(self, name: str, seconds: float) -> None:
        """Add *seconds* to *name*."""
        self.seconds[name] = self.seconds.get(name, 0.0) + seconds


class Body(Protocol):
    """Bytes that are too many for memory; held by whoever may still read them."""

    @property
    def size_bytes(self) -> int | None:
        """How many there are; None while nobody knows."""

    def chunks(self, start: int = 0, stop: int | None = None) -> AsyncIterator[bytes]:
        """Give pieces of at most 64 KiB; may be asked for again and again, and by several at once."""

    def hold(self) -> None:
        """Want it once more."""

    def let_go(self) -> None:
        """Want it once less; nobody reads it after the last has."""


class Streamed(Representation, frozen=True, kw_only=True):
    """
    An answer whose bytes are read while they are sent.

    Attributes:
        body: held by whoever holds the answer.
        is_whole: whether all of it is there already, so that a part of it can be asked for.
    """

    body: Body
    is_whole: bool


class Served(NamedTuple):
    """
    An answer; held once by whoever gets it, who lets it go.

    A tuple, for one is made with each hit: a frozen dataclass takes three times as long.

    Attributes:
        hit: whether exactly these bytes existed before the request.
        stale: whether its source has been asked too long ago, and is asked behind or fails.
        collapsed: whether another request had begun the work.
    """

    blob: Blob | Streamed
    tier: Tier
    hit: bool
    trace: Trace | None = None
    stale: bool = False
    collapsed: bool = False

    def as_follower(self) -> "Served":
        """Give the same answer to one that only waited for it."""
        return self._replace(collapsed=True)

    def hold(self) -> None:
        """Want it once more."""
        if isinstance(self.blob, Streamed):
            self.blob.body.hold()

    def let_go(self) -> None:
        """Want it once less."""
        if isinstance(self.blob, Streamed):
            self.blob.body.let_go()
