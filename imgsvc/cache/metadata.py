"""Small facts by key, each with a lifetime: in this process, or shared by replicas over Redis or Valkey."""

import logging
import time
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from imgsvc.cache.bounded import BoundedMemoryBackend
from imgsvc.settings import CacheSettings, SettingsError

if TYPE_CHECKING:
    from imgsvc.cache.shared import SharedBackend

NAMESPACE = "imgsvc:1"
"""Begins every key; the number is raised when what is written changes, so that old entries are never misread."""

NOBODYS_KEY = "ping"
"""Nothing is ever kept there."""

TIMEOUT_SECONDS = 0.25
"""Longest wait for a shared cache: beyond it, being without costs less than asking."""

PAUSE_SECONDS = 1.0
"""After a failure nothing is asked for this long, so that a dead server costs one wait a second, not one a request."""

_log = logging.getLogger("imgsvc.cache")


class MetadataStatistics(Struct, frozen=True):
    """
    State, and counters since the start.

    Attributes:
        shared: whether replicas share the cache; what it holds is then not known here.
        entries: kept in this process now.
        bytes: their weight.
        capacity_bytes: what they may weigh.
        hits: look-ups that found something.
        misses: look-ups that did not, those that failed or were not made included.
        failures: calls that a shared cache did not answer in time, or not well.
    """

    shared: bool
    entries: int
    bytes: int
    capacity_bytes: int
    hits: int
    misses: int
    failures: int


class MetadataCache:
    """
    An accelerator: every answer is right without it, so it never raises.

    Args:
        settings: says where the cache is.
        capacity_bytes: what entries in this process may weigh; has no meaning for a shared cache.
        clock: seconds, never going back.

    Raises:
        SettingsError: IMGSVC_REDIS_URL is no URL of a Redis, or the package ``redis`` is not installed.
    """

    def __init__(
        self, settings: CacheSettings, capacity_bytes: int, *, clock: Callable[[], float] = time.monotonic
    ) -> None:  # fmt: skip
        self._clock = clock
        self._paused_until = 0.0
        self._hits = self._misses = self._failures = 0
        self._local = None if settings.redis_url else BoundedMemoryBackend(capacity_bytes, clock=clock)
        self._backend = self._local or _shared_backend(settings)

    @property
    def healthy(self) -> bool:
        """Whether the last call was answered; a cache in this process always is."""
        return self._paused_until == 0.0

    @property
    def is_shared(self) -> bool:
        """Whether replicas share the cache."""
        return self._local is None

    async def ping(self) -> None:
        """Look, for :attr:`healthy`, whether calls are answered, by one for what is not there; no hit and no miss."""
        await self._guarded(lambda: self._backend.get(NOBODYS_KEY))

    async def get(self, key: str) -> dict[str, Any] | None:
        """Look *key* up; None when it is not there, has expired, or cannot be asked for."""
        value = await self._guarded(lambda: self._backend.get(key))
        if not isinstance(value, dict):
            self._misses += 1
            return None
        self._hits += 1
        return value

    async def set(self, key: str, value: dict[str, Any], ttl_seconds: float) -> None:
        """Keep *value*, which JSON can write, for *ttl_seconds* (above 0), if it can be kept."""
        if ttl_seconds > 0:
            await self._guarded(lambda: self._backend.set(key, value, ttl=float(ttl_seconds)))

    async def delete(self, key: str) -> None:
        """Drop *key*, if it can be reached."""
        await self._guarded(lambda: self._backend.delete(key))

    def flush_local(self) -> None:
        """Drop what this process keeps; a shared cache is left alone."""
        if self._local is not None:
            self._local.flush()

    async def aclose(self) -> None:
        """Give back connections."""
        try:
            await self._backend.close()
        except Exception as error:  # noqa: BLE001 - see _guarded; and nothing is left to do about it
            _log.warning("the shared metadata cache could not be closed: %s", type(error).__name__)

    def statistics(self) -> MetadataStatistics:
        """Snapshot of state and counters."""
        local = self._local
        return MetadataStatistics(
            shared=self.is_shared,
            entries=local.entries if local else 0,
            bytes=local.weight_bytes if local else 0,
            capacity_bytes=local.capacity_bytes if local else 0,
            hits=self._hits,
            misses=self._misses,
            failures=self._failures,
        )

    async def _guarded(self, call: Callable[[], Awaitable[Any]]) -> Any:
        """Make one call of the backend; None when it fails, or when the last failure is too fresh."""
        if self._clock() < self._paused_until:
            return None
        try:
            answer = await call()
        except (TypeError, ValueError):  # what JSON cannot write or read; the connection is sound
            self._failures += 1
            return None
        except Exception as error:  # noqa: BLE001 - redis-py, sockets, TLS: whatever it is, the answer is a miss
            self._note_failure(error)
            return None
        self._paused_until = 0.0
        return answer

    def _note_failure(self, error: Exception) -> None:
        """Pause; log the first failure of a row, without the message, which may hold an address."""
        if self.healthy:
            _log.warning("the shared metadata cache does not answer: %s", type(error).__name__)
        self._failures += 1
        self._paused_until = self._clock() + PAUSE_SECONDS


def _shared_backend(settings: CacheSettings) -> "SharedBackend":
    try:
        from imgsvc.cache.shared import SharedBackend  # noqa: PLC0415 - redis is optional, and slow to load
    except ImportError as error:
        raise SettingsError(["IMGSVC_REDIS_URL: needs the package redis: pip install 'imgsvc[redis]'"]) from error
    url = settings.redis_url.reveal() if settings.redis_url else ""
    try:
        return SharedBackend(url, timeout_seconds=TIMEOUT_SECONDS, namespace=NAMESPACE)
    except ValueError as error:
        raise SettingsError(["IMGSVC_REDIS_URL: is no redis://, rediss:// or unix:// URL"]) from error
