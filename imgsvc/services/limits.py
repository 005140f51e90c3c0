"""
How much may be fetched for one client, and from one domain: token buckets, one of each kind for every fetch.

Each process counts for itself. What a bucket holds and how fast it fills is one setting, IMGSVC_RATE_LIMIT=N/S: N at
once, then one in S/N seconds.
"""

import asyncio
import math
import time
from collections.abc import Awaitable, Callable
from typing import TypedDict, TypeVar, Unpack

from cachetools import LRUCache
from msgspec import Struct

from imgsvc.errors import RateLimited
from imgsvc.model.domains import Domains
from imgsvc.settings import LimitSettings, RateLimit

T = TypeVar("T")

MAX_BUCKETS = 10_000
"""
Buckets of each kind that are kept, some eight megabytes at the worst; beyond, the one nobody has asked for the longest
is forgotten, and so is full again.
"""

_ROUNDING = 0.001
"""Of a token: fractions may add up to less than a whole one, but not by so much."""

_CLIENT_DETAIL = (
    "This client asked for more than {rate.count} new sources in {rate.period_seconds} seconds, the limit set by "
    "IMGSVC_RATE_LIMIT; behind a proxy that IMGSVC_TRUSTED_PROXIES does not name all clients count as one."
)
_DOMAIN_DETAIL = (
    "The source's domain was asked, by all clients together, for more than {rate.count} new sources in "
    "{rate.period_seconds} seconds, the limit set by IMGSVC_RATE_LIMIT."
)


class Figures(TypedDict):
    """What a refusal says in numbers; see :class:`RateLimited`."""

    limit: int
    remaining: int
    reset_seconds: int
    retry_after_seconds: int


class LimitStatistics(Struct, frozen=True):
    """
    Snapshot.

    Attributes:
        allowed: fetches that were let through since the start; none are counted while there is no limit.
        limited_clients: those refused because their client had asked for too much.
        limited_domains: those refused because too much of their domain had been asked for.
        clients: buckets of clients kept now.
        domains: buckets of domains kept now.
    """

    allowed: int
    limited_clients: int
    limited_domains: int
    clients: int
    domains: int


class RateLimits:
    """
    Lets fetches through or refuses them.

    Args:
        domains: all hosts of one domain share a bucket.
        clock: seconds, never going back.
    """

    def __init__(
        self, settings: LimitSettings, domains: Domains, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._rate = settings.rate_limit
        self._domain_list = domains
        self._clock = clock
        self._clients = _Buckets(settings.rate_limit)
        self._domains = _Buckets(settings.rate_limit)
        self._allowed = self._limited_clients = self._limited_domains = 0

    async def ready(self) -> None:
        """Have it known which hosts belong together; to be awaited once before all else."""
        if self._rate.count and not self._domain_list.is_loaded:
            await asyncio.to_thread(self._domain_list.load)

    def take(self, client: str, host: str) -> None:
        """
        Count one fetch from *host* for *client*: a token of both buckets, or of none.

        Args:
            client: a short name, such as an address.
            host: of the source, normalised, without port.

        Raises:
            RateLimited: one of the two is empty.
        """
        if not self._rate.count:
            return
        now, domain = self._clock(), self._domain_list.registrable(host)
        if not self._clients.has(client, now):
            self._limited_clients += 1
            detail, figures = _CLIENT_DETAIL.format(rate=self._rate), self._clients.figures(client, now)
            raise ClientLimited(detail, client=client, **figures)
        if not self._domains.has(domain, now):
            self._limited_domains += 1
            raise RateLimited(_DOMAIN_DETAIL.format(rate=self._rate), **self._domains.figures(domain, now))
        self._clients.take(client, now)
        self._domains.take(domain, now)
        self._allowed += 1

    def statistics(self) -> LimitStatistics:
        """Snapshot."""
        return LimitStatistics(
            self._allowed, self._limited_clients, self._limited_domains, len(self._clients), len(self._domains)
        )


class Allowance(Struct, frozen=True):
    """What one client may still have fetched; handed down to whoever fetches, None in its place is no limit."""

    limits: RateLimits
    client: str

    def take(self, host: str) -> None:
        """
        Count one fetch from *host*.

        Raises:
            RateLimited: it is one too many.
        """
        self.limits.take(self.client, host)


class ClientLimited(RateLimited):
    """
    It was the client's bucket that was empty.

    Attributes:
        client: whose; never shown.
    """

    def __init__(self, detail: str, *, client: str = "", **figures: Unpack[Figures]) -> None:
        super().__init__(detail, **figures)
        self.client = client


def is_of_another(error: RateLimited, allowance: Allowance | None) -> bool:
    """
    Whether work that several wait for was refused for the sake of one of them, and not of the one with *allowance*.

    A domain's refusal is everybody's, but for those whom nothing limits.
    """
    return allowance is None or (isinstance(error, ClientLimited) and error.client != allowance.client)


async def joined_for(allowance: Allowance | None, join: Callable[[], Awaitable[T]]) -> T:
    """
    Wait for work that may have been begun for another client; join it anew where only that one was refused.

    Raises:
        RateLimited: the one with *allowance* is refused.
    """
    while True:
        try:
            return await join()
        except RateLimited as error:
            if not is_of_another(error, allowance):
                raise


class _Buckets:
    """Token buckets by name, each as what was in it and when; a name that is not kept has a full one."""

    def __init__(self, rate: RateLimit) -> None:
        self._capacity = rate.count
        self._token_seconds = rate.period_seconds / max(1, rate.count)
        self._kept: LRUCache[str, tuple[float, float]] = LRUCache(MAX_BUCKETS)

    def __len__(self) -> int:
        return len(self._kept)

    def has(self, name: str, now: float) -> bool:
        """Whether there is a whole token."""
        return _whole(self._tokens(name, now)) >= 1

    def take(self, name: str, now: float) -> None:
        """Take one, which must be there."""
        self._kept[name] = self._tokens(name, now) - 1, now

    def figures(self, name: str, now: float) -> Figures:
        """Say how things are where there is none."""
        tokens = self._tokens(name, now)
        return {
            "limit": self._capacity,
            "remaining": _whole(tokens),
            "reset_seconds": self._seconds_for(self._capacity - tokens),
            "retry_after_seconds": self._seconds_for(1 - tokens),
        }

    def _tokens(self, name: str, now: float) -> float:
        tokens, at = self._kept.get(name, (self._capacity, now))
        return min(self._capacity, tokens + (now - at) / self._token_seconds)

    def _seconds_for(self, tokens: float) -> int:
        """How long so many take to come, rounded up; at least a second."""
        return max(1, math.ceil((tokens - _ROUNDING) * self._token_seconds))


def _whole(tokens: float) -> int:
    return max(0, math.floor(tokens + _ROUNDING))
