"""Fetching a source: hop by hop, each judged, within one deadline."""

import asyncio
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from functools import partial
from ssl import SSLContext
from urllib.parse import urlsplit

import aiohttp
from msgspec import Struct
from msgspec.structs import replace

from imgsvc import __version__
from imgsvc.errors import AddressNotPublic, Draining, OriginError, SourceNotAllowed
from imgsvc.model.hosts import normalise_url
from imgsvc.origin.addresses import Refusal
from imgsvc.origin.answer import (
    Fetched,
    NotModified,
    ResponseBody,
    Validators,
    drop,
    outcome_of,
    read_head,
    read_version,
)
from imgsvc.origin.breaker import Breaker
from imgsvc.origin.connector import Attempt, attempting, open_session, request
from imgsvc.origin.failures import judge_status, translated
from imgsvc.origin.fetch_counters import FetchCounters, FetchStatistics
from imgsvc.origin.manner import PICTURE, Manner
from imgsvc.origin.policy import NOT_OURSELVES, NOT_PUBLIC, SourcePolicy
from imgsvc.origin.redirects import REDIRECTS, Trail
from imgsvc.origin.resolver import NameLookup, SystemLookup
from imgsvc.origin.trust import platform_trust
from imgsvc.origin.witness import Witness
from imgsvc.settings import OriginSettings
from imgsvc.stream.limit import SizeLimitedStream

_NOT_MODIFIED = 304
_HEADERS = {
    "Accept": "image/*,*/*;q=0.1",
    "Accept-Encoding": "identity",
    "User-Agent": f"imgsvc/{__version__}",
}


class _Answer(Struct, frozen=True):
    """
    The last hop's, after its head.

    Attributes:
        response: to be handed over, released or dropped.
        url: normalised, what was asked last.
        deadline: of the whole fetch, in loop time.
        witness: told how the fetch ends.
        manner: how it was asked.
    """

    response: aiohttp.ClientResponse
    url: str
    deadline: float
    witness: Witness
    manner: Manner


class Fetcher:
    """
    The only client for sources; share one, and close it.

    Args:
        settings: timeouts and limits.
        policy: judges every hop and every peer.
        breaker: asked before each request, and told how it ended; by default one that takes each host for a domain of
            its own.
        names: looks names up, by default the system; closed with the fetcher.
        tls: how certificates are checked; None = by :func:`~imgsvc.origin.trust.platform_trust`.
    """

    def __init__(
        self, settings: OriginSettings, policy: SourcePolicy, *, breaker: Breaker | None = None,
        names: NameLookup | None = None, tls: SSLContext | None = None,
    ) -> None:  # fmt: skip
        self._settings = settings
        self._policy = policy
        self._breaker = breaker or Breaker()
        self._names = names or SystemLookup()
        self._tls = tls
        self._session: aiohttp.ClientSession | None = None
        self._closed = False
        self._opening: set[asyncio.Timeout] = set()
        self._counters = FetchCounters()

    async def open(self, url: str, manner: Manner = PICTURE) -> Fetched:
        """
        Fetch a source up to its head; the caller closes ``body``, in whatever task.

        The allow list (or signature) for *url* itself is the caller's business, with ``SourcePolicy.check``, before any
        cache is asked; everything else is judged here, for *url* and each redirect.

        Args:
            url: normalised.
            manner: what is asked for, and where it may lead.

        Raises:
            InvalidRequest: *url* is none.
            SourceForbidden: it, or where it leads, may not be reached.
            SourceNotFound: 404 or 410.
            SourceTooLarge: a picture with more bytes declared than MAX_IMAGE_SIZE_BYTES; none was read.
            CircuitOpen: the domain of it, or of where it leads, is left alone; nothing was sent there.
            OriginError: the source failed, see its other subclasses.
            Draining: the fetcher is closed.
        """
        async with self._answer(url, manner) as answer:
            return self._take(answer)

    async def revalidate(self, url: str, validators: Validators, manner: Manner = PICTURE) -> Fetched | NotModified:
        """
        Fetch a source as :meth:`open` does, unless it answers that the version of *validators* is still the one.

        They are sent to their own URL only, be it *url* or one that it redirects to.
        """
        async with self._answer(url, replace(manner, validators=validators)) as answer:
            if answer.response.status == _NOT_MODIFIED and validators.headers_for(answer.url):
                return self._not_modified(answer)
            return self._take(answer)

    async def aclose(self) -> None:
        """Drop every connection; running fetches end with an error. Closing twice is fine."""
        self._closed = True
        # A closed connector leaves whoever waits for a connection of it waiting: their time is over now.
        for limit in [limit for limit in self._opening if not limit.expired()]:
            limit.reschedule(asyncio.get_running_loop().time())
        session, self._session = self._session, None
        if session is not None:
            await session.close()
        self._names.close()

    def statistics(self) -> FetchStatistics:
        """Snapshot of the counters."""
        return self._counters.statistics(self._policy.statistics().refused)

    @asynccontextmanager
    async def _answer(self, url: str, manner: Manner) -> AsyncIterator[_Answer]:
        """Give the answer at the end of all redirects to the block, and count the failure of either."""
        if self._closed:
            raise _draining()
        await self._breaker.ready()
        self._counters.begin()
        deadline = asyncio.get_running_loop().time() + self._settings.fetch_timeout_seconds
        witness = Witness(self._breaker)
        with self._counting_failure(witness), translated():
            async with self._within(deadline):
                trail = Trail(normalise_url(url))
                self._check_first(trail.first, manner)
                response = await self._follow(trail, witness, manner)
            yield _Answer(response, trail.current, deadline, witness, manner)

    def _check_first(self, url: str, manner: Manner) -> None:
        """What a client named is on the allow list or signed: that was its caller's business."""
        if manner.found_for is None:
            self._policy.check(url, signed=True)
        else:
            self._policy.check_found(url, manner.found_for)

    async def _follow(self, trail: Trail, witness: Witness, manner: Manner) -> aiohttp.ClientResponse:
        """Go from hop to hop until an answer is none that sends elsewhere."""
        while (response := await self._request(trail.current, witness, manner)).status in REDIRECTS:
            location = response.headers.get("Location")
            response.release()  # an unread body ends the connection, an empty one leaves it to the next hop
            target = trail.target(location)
            self._policy.check_redirect(trail.first, trail.current, target, found_for=manner.found_for)
            trail.go_on(normalise_url(target))
            manner = manner.redirected_to(trail.current)
        return response

    async def _request(self, url: str, witness: Witness, manner: Manner) -> aiohttp.ClientResponse:
        """Send one request; no address but a judged one is ever connected to."""
        hop = self._policy.hop(url)
        with attempting(hop) as attempt:
            witness.begins(attempt)
            try:
                headers = manner.headers_for(url) | self._named_for(url)
                response = await request(await self._open_session(), url, self._policy, hop, headers)
            except aiohttp.ClientConnectorDNSError:
                raise
            except aiohttp.ClientConnectorError:
                _raise_refusal(attempt)
                raise
        witness.answered(response.status)
        return response

    def _named_for(self, url: str) -> dict[str, str]:
        name = self._settings.user_agents.name_for(urlsplit(url).hostname or "")
        return {} if name is None else {"User-Agent": name}

    def _not_modified(self, answer: _Answer) -> NotModified:
        """Take a 304's word; it has no body (RFC 9110 §15.4.5), so its connection serves others."""
        answer.response.release()
        self._ended(answer.witness, "not_modified")
        return NotModified(url=answer.url, **read_version(answer.response))

    def _take(self, answer: _Answer) -> Fetched:
        """Judge the head and hand over the connection, or drop it."""
        response = answer.response
        try:
            judge_status(response.status)
            body = ResponseBody(
                response,
                deadline=answer.deadline,
                large_bytes=self._settings.stream_threshold_bytes,
                read_timeout_seconds=self._settings.read_timeout_seconds,
                ended=partial(self._ended, answer.witness),
            )
            limit_bytes = self._settings.max_image_size_bytes if answer.manner.is_bounded else sys.maxsize
            limited = SizeLimitedStream(body, limit_bytes)
            return Fetched(url=answer.url, body=limited, **read_head(response))
        except BaseException:
            drop(response)
            raise

    async def _open_session(self) -> aiohttp.ClientSession:
        if self._tls is None:
            self._tls = await asyncio.to_thread(platform_trust)
        if self._closed:  # between two hops
            raise _draining()
        if self._session is None:
            headers = _HEADERS | {"Via": self._policy.own.via}
            self._session = open_session(self._settings, self._policy, self._names, headers=headers, tls=self._tls)
        return self._session

    @asynccontextmanager
    async def _within(self, deadline: float) -> AsyncIterator[None]:
        """Bound the way to a head by *deadline* (loop time), or by the fetcher's own end."""
        try:
            async with asyncio.timeout_at(deadline) as limit:
                self._opening.add(limit)
                try:
                    yield
                finally:
                    self._opening.discard(limit)
        except TimeoutError:
            if self._closed:
                raise _draining() from None
            raise

    def _ended(self, witness: Witness, outcome: str, received_bytes: int = 0) -> None:
        self._counters.end(outcome, received_bytes)
        if not self._closed:  # what is cut off here says nothing of its source
            witness.ended(outcome)

    @contextmanager
    def _counting_failure(self, witness: Witness) -> Iterator[None]:
        try:
            yield
        except BaseException as error:
            if isinstance(error, OriginError):
                error.failed_host = witness.host
            self._ended(witness, outcome_of(error))
            raise


def _draining() -> Draining:
    return Draining("The service is shutting down.")


def _raise_refusal(attempt: Attempt) -> None:
    """Say that an address was refused, when one was: whatever else failed, that is what the operator must know."""
    if Refusal.OWN_ADDRESS in attempt.refusals:
        raise SourceNotAllowed(NOT_OURSELVES, param="url") from None
    if attempt.refusals:
        raise AddressNotPublic(NOT_PUBLIC, param="url") from None
