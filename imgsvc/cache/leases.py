"""Which replica does a piece of work, while the others wait: leases, kept in Redis or Valkey where there is one."""

import asyncio
import secrets
import time
from collections.abc import Callable, Coroutine, Iterator
from functools import partial
from typing import TYPE_CHECKING

from msgspec import Struct

from imgsvc.cache.metadata import NAMESPACE, PAUSE_SECONDS
from imgsvc.cache.server import shared_server
from imgsvc.settings import CacheSettings

if TYPE_CHECKING:
    from redis.asyncio import Redis

FIRST_PAUSE_SECONDS = 0.02
LONGEST_PAUSE_SECONDS = 0.25
"""Between two looks at another's lease: who waits is late by as much at the most, and asks no more often."""

RELEASES = 3
"""How often more a lease is given back, a pause between, when the server says nothing: else others wait for its end."""

_DELETE_IF_OURS = """
if redis.call('get', KEYS[1]) == ARGV[1] then
    return redis.call('del', KEYS[1])
end
return 0
"""


class LeaseStatistics(Struct, frozen=True):
    """
    Counters since the start.

    Attributes:
        claimed: leases granted that nobody else has.
        denied: claims of what another has.
        failed: leases granted although nobody knows whether another has them: the server did not answer in time, not
            well, or so a moment ago.
    """

    claimed: int
    denied: int
    failed: int


class Lease:
    """
    Leave to do a piece of work; whoever has it releases it at the work's end, however that ends.

    Args:
        begin_release: begins to give it back; None when there is nobody to give it back to.
    """

    __slots__ = ("_begin_release", "_released")

    def __init__(self, begin_release: Callable[[], asyncio.Task[None]] | None) -> None:
        self._begin_release = begin_release
        self._released: asyncio.Task[None] | None = None

    @property
    def is_shared(self) -> bool:
        """Whether others may wait for it."""
        return self._begin_release is not None

    async def release(self) -> None:
        """Give it back, if it is still held; raises nothing, twice is allowed, and it goes on when cancelled."""
        if self._begin_release is None:
            return
        if self._released is None:
            self._released = self._begin_release()
        await asyncio.shield(self._released)


class Leases:
    """
    An accelerator: it spares replicas the same work, and never stops any.

    A lease is granted at once where there is no Redis, and where it fails or is slow. So two can do the same work, as
    they can when a lease ends before the work; work must not rely on being the only one.

    Args:
        settings: says where leases are kept.
        clock: seconds, never going back.

    Raises:
        SettingsError: IMGSVC_REDIS_URL is no URL of a Redis, or the package ``redis`` is not installed.
    """

    def __init__(self, settings: CacheSettings, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._server = shared_server(settings, "leases", clock=clock)
        self._clock = clock
        self._releases: set[asyncio.Task[None]] = set()
        self._again: set[asyncio.Task[None]] = set()
        self._claimed = self._denied = self._failed = 0

    async def claim(self, name: str, seconds: float) -> Lease | None:
        """
        Ask for the lease of *name*; None when another has it.

        Args:
            name: what the work is about.
            seconds: above 0; when they are over it is free for others, released or not.
        """
        if self._server is None:
            self._claimed += 1
            return Lease(None)
        key, token, milliseconds = _key(name), secrets.token_hex(16), max(1, int(seconds * 1000))
        begin_release = partial(self._begin_release, key, token)
        try:
            granted = await self._server.ask(lambda client: _set_if_absent(client, key, token, milliseconds))
        except asyncio.CancelledError:
            begin_release()  # it may have been granted, and nobody has it
            raise
        if granted is False:
            self._denied += 1
            return None
        # Without an answer it may yet have been granted, so that one is given back like any other.
        self._claimed += granted is True
        self._failed += granted is None
        return Lease(begin_release)

    async def wait(self, name: str, timeout_seconds: float) -> bool:
        """
        Wait until who has the lease of *name* has it no more, for *timeout_seconds* at the most.

        Whoever has it next is not waited for: else one that comes often could wait for ever.

        Returns:
            False when the time is over; True otherwise, and at once where leases are not known.
        """
        ends_at, holder = self._clock() + timeout_seconds, None
        for pause_seconds in _pauses_seconds():
            now = await self._holder(name)
            holder = now if holder is None else holder
            if now is None or now != holder:
                return True
            left_seconds = ends_at - self._clock()
            if left_seconds <= 0:
                break
            await asyncio.sleep(min(pause_seconds, left_seconds))
        return False

    def statistics(self) -> LeaseStatistics:
        """Snapshot of the counters."""
        return LeaseStatistics(claimed=self._claimed, denied=self._denied, failed=self._failed)

    async def aclose(self) -> None:
        """Wait for leases that are being given back, then give back connections."""
        if self._releases:
            await asyncio.wait(self._releases)
        for task in self._again:
            task.cancel()
        await asyncio.gather(*self._again, return_exceptions=True)
        if self._server is not None:
            await self._server.aclose()

    async def _holder(self, name: str) -> bytes | str | None:
        """Give what tells the lease's holder from others; None when nobody has it, as far as is known."""
        if self._server is None:
            return None
        return await self._server.ask(lambda client: client.get(_key(name)))

    def _begin_release(self, key: str, token: str) -> asyncio.Task[None]:
        return _kept(self._release(key, token), self._releases)

    async def _release(self, key: str, token: str) -> None:
        if not await self._delete(key, token):
            _kept(self._release_again(key, token), self._again)

    async def _release_again(self, key: str, token: str) -> None:
        for _ in range(RELEASES):
            await asyncio.sleep(PAUSE_SECONDS)
            if await self._delete(key, token):
                return

    async def _delete(self, key: str, token: str) -> bool:
        """Say whether the server has answered."""
        ask = partial(_delete_if_ours, key=key, token=token)
        return self._server is None or await self._server.ask(ask) is not None


def _key(name: str) -> str:
    return f"{NAMESPACE}:lease:{name}"


def _kept(work: Coroutine[None, None, None], tasks: set[asyncio.Task[None]]) -> asyncio.Task[None]:
    """Begin *work*, in a task that is among *tasks* until it ends."""
    task = asyncio.create_task(work)
    tasks.add(task)
    task.add_done_callback(tasks.discard)
    return task


async def _delete_if_ours(client: "Redis", key: str, token: str) -> int:
    return int(await client.eval(_DELETE_IF_OURS, 1, key, token))


async def _set_if_absent(client: "Redis", key: str, token: str, milliseconds: int) -> bool:
    return bool(await client.set(key, token, nx=True, px=milliseconds))


def _pauses_seconds() -> Iterator[float]:
    """Each twice as long as the one before, without an end."""
    pause_seconds = FIRST_PAUSE_SECONDS
    while True:
        yield pause_seconds
        pause_seconds = min(2 * pause_seconds, LONGEST_PAUSE_SECONDS)
