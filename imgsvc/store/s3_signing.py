"""
The signature of a read: AWS, "Signature Version 4", for a request without a query and without a body.

botocore's signer serves every service and every kind of request, and does all of it anew each time. A test holds what
is said here against it.
"""

import hashlib
import hmac
import time
from collections.abc import Callable, Mapping
from typing import Any

UNSIGNED_PAYLOAD = "UNSIGNED-PAYLOAD"
"""Stands for the body's digest: a read has none, and botocore's client signs its reads so."""

_ALGORITHM = "AWS4-HMAC-SHA256"


class Signer:
    """
    Signs reads of one region.

    The key that signs is made of the secret, the day and the region by four hashes: it is kept until the day or the
    credentials are others.

    Args:
        region: for which it signs.
        clock: unix seconds.
    """

    def __init__(self, region: str, clock: Callable[[], float] = time.time) -> None:
        self._region = region
        self._clock = clock
        self._second = -1
        self._second_text = ""
        self._made_for: tuple[str, str] | None = None
        self._key = b""

    def sign(self, credentials: Any, method: str, path: str, host: str, headers: Mapping[str, str]) -> dict[str, str]:
        """
        Sign a request.

        Args:
            credentials: botocore's, frozen.
            method: GET or HEAD.
            path: escaped, as it is sent.
            host: as it is sent.
            headers: more that are to be signed, with names between ``Host`` and ``X-Amz`` in the alphabet.

        Returns:
            These headers, ``Host``, and those that the signature brings.
        """
        time_text = self._time_text()
        signed = {"Host": host, **headers, "X-Amz-Content-SHA256": UNSIGNED_PAYLOAD, "X-Amz-Date": time_text}
        lines, names = f"host:{host}\n", "host"
        for name in sorted(headers):
            lines += f"{name.lower()}:{_canonical(headers[name])}\n"
            names += f";{name.lower()}"
        lines += f"x-amz-content-sha256:{UNSIGNED_PAYLOAD}\nx-amz-date:{time_text}\n"
        names += ";x-amz-content-sha256;x-amz-date"
        if credentials.token:
            signed["X-Amz-Security-Token"] = credentials.token
            lines += f"x-amz-security-token:{_canonical(credentials.token)}\n"
            names += ";x-amz-security-token"
        request = f"{method}\n{path}\n\n{lines}\n{names}\n{UNSIGNED_PAYLOAD}"
        signed["Authorization"] = self._authorization(credentials, time_text, names, request)
        return signed

    def _time_text(self) -> str:
        second = int(self._clock())
        if second != self._second:
            self._second, self._second_text = second, time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(second))
        return self._second_text

    def _authorization(self, credentials: Any, time_text: str, names: str, request: str) -> str:
        day = time_text[:8]
        scope = f"{day}/{self._region}/s3/aws4_request"
        digest = hashlib.sha256(request.encode()).hexdigest()
        text = f"{_ALGORITHM}\n{time_text}\n{scope}\n{digest}"
        signature = _coded(self._key_of(credentials.secret_key, day), text).hex()
        return f"{_ALGORITHM} Credential={credentials.access_key}/{scope}, SignedHeaders={names}, Signature={signature}"

    def _key_of(self, secret: str, day: str) -> bytes:
        if self._made_for != (secret, day):
            self._key, self._made_for = self._made(secret, day), (secret, day)
        return self._key

    def _made(self, secret: str, day: str) -> bytes:
        key = f"AWS4{secret}".encode()
        for text in (day, self._region, "s3", "aws4_request"):
            key = _coded(key, text)
        return key


def _canonical(value: str) -> str:
    """Give a header's value as it is signed: a server does not see the white space around it."""
    return " ".join(value.split())


def _coded(key: bytes, text: str) -> bytes:
    return hmac.digest(key, text.encode(), "sha256")
