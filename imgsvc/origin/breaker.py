"""Domains that fail again and again are left alone for a while: nothing is sent to them."""

import asyncio
import math
import time
from collections import OrderedDict
from collections.abc import Callable

from msgspec import Struct

from imgsvc.errors import CircuitOpen
from imgsvc.model.domains import Domains

FAILURES_TO_OPEN = 5
"""So many in a row, by whichever of a domain's hosts, are no accident."""

OPEN_SECONDS = 60.0
MAX_OPEN_SECONDS = 1800.0

MAX_DOMAINS = 4096
"""How many domains are known at once; only one that has failed since its last success need be."""


class BreakerStatistics(Struct, frozen=True):
    """
    State, and counters since the start.

    Attributes:
        domains: with failures since their last success.
        open: of them, those left alone now.
        opened: how often a domain came to be left alone, again after its time included.
        closed: how often a domain that had been left alone succeeded.
        refused: requests that were not sent.
    """

    domains: int
    open: int
    opened: int
    closed: int
    refused: int


class Trial(Struct, frozen=True):
    """
    Leave to send one request.

    Attributes:
        domain: where it goes.
        begun: when, by the breaker's clock.
    """

    domain: str
    begun: float


class _Domain(Struct):
    """
    A domain that has failed since its last success.

    Attributes:
        failures: in a row, since then or since it was opened.
        open_seconds: how long it was opened for last; 0 = never.
        opened_at: when that was.
        open_until: when that is over.
    """

    failures: int = 0
    open_seconds: float = 0.0
    opened_at: float = -math.inf
    open_until: float = -math.inf


class Breaker:
    """
    One state a domain: closed, or open for a time that doubles from opening to opening.

    When the time is over requests pass again, and the first of them to end decides: a failure opens it anew, a success
    closes it and forgets the doubling.

    Args:
        domains: says which hosts share a state; without it each host has its own.
        clock: seconds, never going back.
    """

    def __init__(self, domains: Domains | None = None, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._domain_list = domains
        self._domain_of = domains.registrable if domains else lambda host: host
        self._clock = clock
        self._domains: OrderedDict[str, _Domain] = OrderedDict()  # the one that failed last stands last
        self._opened = self._closed = self._refused = 0

    async def ready(self) -> None:
        """Have it known which hosts share a state; to be awaited once before all else."""
        if self._domain_list is not None and not self._domain_list.is_loaded:
            await asyncio.to_thread(self._domain_list.load)

    def left_seconds(self, host: str) -> float:
        """Give for how long the domain of *host* is left alone yet, 0 = it is not; asking changes nothing."""
        return self._left_seconds(self._domain_of(host))

    def admit(self, host: str) -> Trial:
        """
        Give leave to send a request to *host*; whoever has it may say how it ended.

        Raises:
            CircuitOpen: its domain is left alone; nothing may be sent.
        """
        domain = self._domain_of(host)
        left_seconds = self._left_seconds(domain)
        if left_seconds > 0:
            self._refused += 1
            raise CircuitOpen(
                "The source's domain fails; it is left alone for now.",
                param="url",
                retry_after_seconds=math.ceil(left_seconds),
            )
        return Trial(domain, self._clock())

    def succeeded(self, trial: Trial) -> None:
        """Note that the source did what is to be expected of it."""
        known = self._domains.get(trial.domain)
        if known is not None and not _is_old(known, trial):
            del self._domains[trial.domain]
            if known.open_seconds > 0:
                self._closed += 1

    def failed(self, trial: Trial) -> None:
        """Note that it did not: a time-out, a connection that failed, a status of 500 or above."""
        known = self._domains.get(trial.domain) or self._add(trial.domain)
        if _is_old(known, trial):
            return
        self._domains.move_to_end(trial.domain)
        known.failures += 1
        if known.open_seconds > 0 or known.failures >= FAILURES_TO_OPEN:
            self._open(known)

    def statistics(self) -> BreakerStatistics:
        """Snapshot of state and counters."""
        now = self._clock()
        return BreakerStatistics(
            domains=len(self._domains),
            open=sum(known.open_until > now for known in self._domains.values()),
            opened=self._opened,
            closed=self._closed,
            refused=self._refused,
        )

    def _left_seconds(self, domain: str) -> float:
        known = self._domains.get(domain)
        return 0.0 if known is None else max(0.0, known.open_until - self._clock())

    def _open(self, known: _Domain) -> None:
        known.failures = 0
        known.open_seconds = min(max(OPEN_SECONDS, 2 * known.open_seconds), MAX_OPEN_SECONDS)
        known.opened_at = self._clock()
        known.open_until = known.opened_at + known.open_seconds
        self._opened += 1

    def _add(self, domain: str) -> _Domain:
        """Make room, and a state: an open domain is forgotten only when all are open."""
        if len(self._domains) >= MAX_DOMAINS:
            now = self._clock()
            idle = (name for name, known in self._domains.items() if known.open_until <= now)
            del self._domains[next(idle, next(iter(self._domains)))]
        self._domains[domain] = known = _Domain()
        return known


def _is_old(known: _Domain, trial: Trial) -> bool:
    """
    Whether a request began before the domain was opened last: then its end is no news.

    Its failure belongs to those that led to the opening, and must not double the time. Its success speaks of a
    connection made before them: a long body may well go on coming from a server that takes no new connection.
    """
    return trial.begun <= known.opened_at
