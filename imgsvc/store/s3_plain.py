"""
One signed request a read, over a plain HTTP session.

botocore's client spends most of a small read on its own events, rules and models. What is left without these is the
same for the server: botocore's credentials, the signature that botocore would make, its rules for what is tried again.
"""

import asyncio
import time
from collections.abc import Callable, Coroutine, Mapping
from types import SimpleNamespace
from typing import Any

import aiohttp
from aiobotocore.endpoint import AioEndpointCreator
from aiobotocore.session import AioSession, get_session
from botocore.awsrequest import AWSResponse
from botocore.exceptions import ClientError, HTTPClientError
from botocore.retries import quota, standard
from msgspec import Struct

from imgsvc.settings import StoreSettings
from imgsvc.store.s3_answers import in_words, parsed
from imgsvc.store.s3_client import ATTEMPTS, CONNECT_TIMEOUT_SECONDS, MAX_CONNECTIONS, READ_TIMEOUT_SECONDS
from imgsvc.store.s3_connections import Connections, connections
from imgsvc.store.s3_place import Place, place_of
from imgsvc.store.s3_reads import NeedsClient
from imgsvc.store.s3_signing import Signer

# AWS, "Error responses": the bucket is of another region. The client looks it up and remembers it.
_ELSEWHERE = frozenset(("PermanentRedirect", "AuthorizationHeaderMalformed", "IllegalLocationConstraintException"))
_MOVED_PERMANENTLY = 301
_MOVED_FOR_NOW = frozenset((302, 303, 307, 308))
_UNEXPLAINED = "400"
"""A HEAD that was signed for another region is answered 400 and says no more; so are others that are simply wrong."""
_FIRST_ERROR = 300
_FOUND = SimpleNamespace(status_code=200)
"""All that botocore's quota wants to know of an answer."""


class _Failure(Struct, frozen=True):
    """An attempt that led to no object: what is raised unless it is made again, and the answer, if there was one."""

    error: Exception
    answer: tuple[AWSResponse, dict[str, Any]] | None = None


class PlainReader:
    """
    Reads objects of one bucket.

    Args:
        place: where it is.
        credentials: botocore's, asynchronous; asked for each request, and refreshed by themselves.
        http: how it is reached; owned.
        user_agent: who asks.
        clock: unix seconds.
    """

    def __init__(
        self, place: Place, credentials: Any, http: Connections, user_agent: str, clock: Callable[[], float]
    ) -> None:
        self._place = place
        self._host = place.host
        self._path_at = place.path_at
        self._credentials = credentials
        self._http = http
        self._signer = Signer(place.region, clock)
        self._unsigned = {"User-Agent": user_agent, "Accept-Encoding": "identity"}  # proxies change the first
        self._quota = standard.RetryQuotaChecker(quota.RetryQuota())
        self._retries = standard.RetryHandler(
            standard.RetryPolicy(_conditions(), standard.ExponentialBackoff()),
            standard.RetryEventAdapter(),
            self._quota,
        )

    async def read(self, method: str, key: str, headers: Mapping[str, str]) -> dict[str, Any]:
        """
        Ask for an object, once more where botocore would.

        Args:
            method: GET or HEAD.
            key: of the object.
            headers: with which it is asked for.

        Returns:
            The answer in the words of the client's.

        Raises:
            NeedsClient: the answer is one that a client knows how to follow.
            Exception: botocore's.
        """
        context: dict[str, Any] = {}
        attempts = 0
        while True:
            attempts += 1
            outcome = await self._attempt(method, key, headers)
            if not isinstance(outcome, _Failure):
                self._quota.release_retry_quota(context, _FOUND)
                return in_words(outcome)
            delay_seconds = self._delay_seconds(outcome, attempts, context)
            if delay_seconds is None:
                raise outcome.error
            await asyncio.sleep(delay_seconds)

    async def aclose(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def _attempt(self, method: str, key: str, headers: Mapping[str, str]) -> aiohttp.ClientResponse | _Failure:
        url, signed = await self._signed(method, key, headers)
        try:
            response = await self._http.send(method, url, signed)
        except HTTPClientError as error:
            return _Failure(error)
        return response if response.status < _FIRST_ERROR else await _refusal(method, response)

    async def _signed(self, method: str, key: str, headers: Mapping[str, str]) -> tuple[str, dict[str, str]]:
        """Give the address of an object, and all headers with which it is asked for."""
        url = self._place.url_of(key)
        credentials = await self._credentials.get_frozen_credentials()
        signed = self._signer.sign(credentials, method, url[self._path_at :], self._host, headers)
        signed.update(self._unsigned)
        return url, signed

    def _delay_seconds(self, failure: _Failure, attempts: int, context: dict[str, Any]) -> float | None:
        """Say when to try again; None is never."""
        delay_seconds: float | None = self._retries.needs_retry(
            attempts=attempts,
            operation=None,
            response=failure.answer,
            caught_exception=None if failure.answer else failure.error,
            request_dict={"context": context},
        )
        return delay_seconds


async def _refusal(method: str, response: aiohttp.ClientResponse) -> _Failure:
    """
    Read an answer that is no object.

    Raises:
        NeedsClient: it says where the object is.
    """
    error = await parsed(response)
    code = error.get("Error", {}).get("Code")  # both are missing from what no S3 server would say
    if code in _ELSEWHERE or response.status == _MOVED_PERMANENTLY:
        raise NeedsClient(for_good=True)
    if code == _UNEXPLAINED or response.status in _MOVED_FOR_NOW:
        raise NeedsClient(for_good=False)
    answer = AWSResponse(str(response.url), response.status, response.headers, None)
    return _Failure(ClientError(error, method), (answer, error))


def plain_reader(
    settings: StoreSettings, *, clock: Callable[[], float] = time.time
) -> Coroutine[Any, Any, PlainReader]:
    """
    Make a reader; blocks, and the rest is for an event loop of the thread's own.

    Args:
        settings: the ``s3_*`` fields, ``s3_bucket`` among them.
        clock: unix seconds.

    Raises:
        NeedsClient: the bucket or the configuration is one for the client, or nobody has credentials.
        Exception: botocore's, for a configuration that makes no sense.
    """
    session = get_session()
    if settings.s3_region is not None:
        session.set_config_variable("region", settings.s3_region)  # credentials may have to be asked for there
    place = place_of(settings, session)
    if place is None or (settings.s3_access_key_id is None) != (settings.s3_secret_access_key is None):
        raise NeedsClient(for_good=True)
    return _opened(place, settings, session, _connections(place.origin, session), clock)


def _connections(origin: str, session: AioSession) -> Connections:
    """Ask botocore which certificates and proxies it would use: it tells the session that it means to be making."""

    def made(**said: Any) -> Connections:
        return connections(
            origin,
            timeout=said["timeout"],
            verify=said["verify"],
            proxies=said["proxies"],
            limit=said["max_pool_connections"],
        )

    endpoint = AioEndpointCreator(None).create_endpoint(
        SimpleNamespace(endpoint_prefix="s3"),  # all that it wants to know of the service
        region_name=None,
        endpoint_url=origin,
        verify=session.get_config_variable("ca_bundle"),
        timeout=(CONNECT_TIMEOUT_SECONDS, READ_TIMEOUT_SECONDS),
        max_pool_connections=MAX_CONNECTIONS,
        http_session_cls=made,
    )
    http: Connections = endpoint.http_session
    return http


async def _opened(
    place: Place, settings: StoreSettings, session: AioSession, http: Connections, clock: Callable[[], float]
) -> PlainReader:
    return PlainReader(place, await _credentials(settings, session), http, session.user_agent(), clock)


async def _credentials(settings: StoreSettings, session: AioSession) -> Any:
    """Find credentials as a client does: the settings' own, else those of botocore's chain."""
    if settings.s3_access_key_id is not None and settings.s3_secret_access_key is not None:
        session.set_credentials(
            settings.s3_access_key_id.reveal(),
            settings.s3_secret_access_key.reveal(),
            settings.s3_session_token and settings.s3_session_token.reveal(),
        )
    if (credentials := await session.get_credentials()) is None:
        raise NeedsClient(for_good=True)  # it says so of each read without looking for them anew
    return credentials


def _conditions() -> Any:
    """Say what is tried again: as ``StandardRetryConditions``, without those that are about other services."""
    temporary = standard.OrRetryChecker((standard.TransientRetryableChecker(), standard.ThrottledRetryableChecker()))
    limit = standard.MaxAttemptsChecker(ATTEMPTS)
    return SimpleNamespace(is_retryable=lambda context: limit.is_retryable(context) and temporary.is_retryable(context))
