"""
One signed request a read, over a plain HTTP session.

botocore's client spends most of a small read on its own events, rules and models. What is left without these is the
same for the server: botocore's credentials and signature, aiobotocore's HTTP session (proxies, certificates, time
limits, errors), botocore's rules for what is tried again.
"""

import asyncio
from collections.abc import Coroutine, Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from types import SimpleNamespace
from typing import Any

from aiobotocore.endpoint import AioEndpointCreator
from aiobotocore.response import AioStreamingBody
from aiobotocore.session import AioSession, get_session
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSPreparedRequest, AWSRequest
from botocore.config import Config
from botocore.exceptions import ClientError, HTTPClientError
from botocore.parsers import create_parser
from botocore.retries import quota, standard

from imgsvc.settings import StoreSettings
from imgsvc.store.s3_client import ATTEMPTS, CONNECT_TIMEOUT_SECONDS, MAX_CONNECTIONS, READ_TIMEOUT_SECONDS
from imgsvc.store.s3_place import Place, place_of
from imgsvc.store.s3_reads import NeedsClient

_METADATA = "x-amz-meta-"
_UNSIGNED_BODY = Config(s3={"payload_signing_enabled": False})
"""A read has no body; this spares the signer from making one up to hash it, and is what the client signs."""

# AWS, "Error responses": the bucket is of another region. The client looks it up and remembers it.
_ELSEWHERE = frozenset(("PermanentRedirect", "AuthorizationHeaderMalformed", "IllegalLocationConstraintException"))
_MOVED_PERMANENTLY = 301
_MOVED_FOR_NOW = frozenset((302, 307))
_UNEXPLAINED = "400"
"""A HEAD that was signed for another region is answered 400 and says no more; so are others that are simply wrong."""
_FIRST_ERROR = 300


@dataclass(frozen=True, slots=True)
class _Outcome:
    """What an attempt led to: an answer, or an answer that is an error, read and parsed, or an exception."""

    answer: Any = None
    parsed: dict[str, Any] | None = None
    error: Exception | None = None


class PlainReader:
    """
    Reads objects of one bucket.

    Args:
        place: where it is.
        credentials: botocore's, asynchronous; asked for each request, and refreshed by themselves.
        http: aiobotocore's session; owned.
        user_agent: who asks.
    """

    def __init__(self, place: Place, credentials: Any, http: Any, user_agent: str) -> None:
        self._place = place
        self._host = place.host
        self._credentials = credentials
        self._http = http
        self._user_agent = user_agent
        self._parser = create_parser("rest-xml")
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
            if outcome.error is None and outcome.parsed is None:
                self._quota.release_retry_quota(context, outcome.answer)
                return _given(outcome.answer)
            delay_seconds = self._delay_seconds(outcome, attempts, context)
            if delay_seconds is None:
                raise outcome.error or ClientError(outcome.parsed, method)
            await asyncio.sleep(delay_seconds)

    async def aclose(self) -> None:
        """Close the connections."""
        await self._http.close()

    async def _attempt(self, method: str, key: str, headers: Mapping[str, str]) -> _Outcome:
        request = await self._signed(method, key, headers)
        try:
            answer = await self._http.send(request)
        except HTTPClientError as error:
            return _Outcome(error=error)
        if answer.status_code < _FIRST_ERROR:
            return _Outcome(answer)
        parsed = self._parser.parse(
            {"status_code": answer.status_code, "headers": answer.headers, "body": await answer.content}, None
        )
        code = parsed.get("Error", {}).get("Code")  # both are missing from what no S3 server would say
        if code in _ELSEWHERE or answer.status_code == _MOVED_PERMANENTLY:
            raise NeedsClient(for_good=True)
        if code == _UNEXPLAINED or answer.status_code in _MOVED_FOR_NOW:
            raise NeedsClient(for_good=False)
        return _Outcome(answer, parsed)

    async def _signed(self, method: str, key: str, headers: Mapping[str, str]) -> AWSPreparedRequest:
        url = self._place.url_of(key)
        request = AWSRequest(method, url, {"Host": self._host, **headers})  # or the signer finds it out, twice
        request.context["client_config"] = _UNSIGNED_BODY
        credentials = await self._credentials.get_frozen_credentials()
        S3SigV4Auth(credentials, "s3", self._place.region).add_auth(request)
        request.headers["User-Agent"] = self._user_agent  # not signed: proxies change it
        return AWSPreparedRequest(method, url, request.headers, None, stream_output=method == "GET")

    def _delay_seconds(self, outcome: _Outcome, attempts: int, context: dict[str, Any]) -> float | None:
        """Say when to try again; None is never."""
        delay_seconds: float | None = self._retries.needs_retry(
            attempts=attempts,
            operation=None,
            response=None if outcome.error else (outcome.answer, outcome.parsed),
            caught_exception=outcome.error,
            request_dict={"context": context},
        )
        return delay_seconds


def plain_reader(settings: StoreSettings) -> Coroutine[Any, Any, PlainReader]:
    """
    Make a reader; blocks, and the rest is for an event loop of the thread's own.

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
    endpoint = AioEndpointCreator(None).create_endpoint(
        SimpleNamespace(endpoint_prefix="s3"),  # all that it wants to know of the service
        region_name=place.region,
        endpoint_url=place.origin,
        verify=session.get_config_variable("ca_bundle"),
        timeout=(CONNECT_TIMEOUT_SECONDS, READ_TIMEOUT_SECONDS),
        max_pool_connections=MAX_CONNECTIONS,
    )
    return _opened(place, settings, session, endpoint.http_session)


async def _opened(place: Place, settings: StoreSettings, session: AioSession, http: Any) -> PlainReader:
    credentials = await _credentials(settings, session)
    return PlainReader(place, credentials, await http.__aenter__(), session.user_agent())


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


def _given(response: Any) -> dict[str, Any]:
    """Give an answer in the client's words; one that cannot be understood is closed, body and all."""
    try:
        return _in_words(response)
    except BaseException:
        response.raw.close()
        raise


def _in_words(response: Any) -> dict[str, Any]:
    """Give an answer as the client gives it; a header that is missing is missing there too."""
    headers = response.raw.headers
    answer = {
        "Body": AioStreamingBody(response.raw, headers.get("Content-Length")),
        "ContentLength": int(headers.get("Content-Length", "none")),  # without one: ValueError
        "Metadata": {name[len(_METADATA) :].lower(): v for name, v in headers.items() if _is_metadata(name)},
    }
    answer |= {word: headers[name] for word, name in _WORDS.items() if name in headers}
    if "Last-Modified" in headers:
        answer["LastModified"] = parsedate_to_datetime(headers["Last-Modified"])
    return answer


_WORDS = {"ContentType": "Content-Type", "ETag": "ETag"}


def _is_metadata(name: str) -> bool:
    return name[: len(_METADATA)].lower() == _METADATA
