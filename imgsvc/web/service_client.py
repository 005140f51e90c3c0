"""A running service asked from the command line: the standard library alone, no proxy, no redirect."""

import json
from collections.abc import Mapping
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from threading import Thread
from typing import Any
from urllib.parse import urlsplit

from imgsvc.model.literals import host_literal

MAX_ANSWER_BYTES = 64 * 1024
ANY_ADDRESS: Mapping[str, str] = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - not to listen on: to be reached at


class NotReachedError(Exception):
    """There was no answer; the text is one line that says what helps."""


def server_url(host: str, port: int) -> str:
    """Give the URL of a service that listens at *host* and *port*, seen from the same machine."""
    return f"http://{host_literal(ANY_ADDRESS.get(host, host))}:{port}"


def ask(
    server: str, method: str, path: str, *, timeout_seconds: float, body: bytes | None = None,
    headers: Mapping[str, bytes] | None = None,
) -> tuple[int, dict[str, Any]]:  # fmt: skip
    """
    Ask *server*, and block for *timeout_seconds* in all.

    Args:
        server: an http or https URL; *path* goes behind its own.
        method: of HTTP.
        path: of the route.
        timeout_seconds: what look-up, handshakes and answer may take together.
        body: to send.
        headers: beside those every request has.

    Returns:
        Status and the answer's JSON object; one that is none, by somebody else, is empty.

    Raises:
        NotReachedError: *server* is no URL, or there is no answer in time.
    """
    said: list[tuple[int, dict[str, Any]] | Exception] = []

    def asking() -> None:
        try:
            said.append(_asked(server, method, path, timeout_seconds, body, headers or {}))
        except (OSError, HTTPException, ValueError) as error:
            said.append(error)

    # A thread, because nothing else bounds a look-up, or an answer that drips; it is left to itself and ends with us.
    thread = Thread(target=asking, daemon=True)
    thread.start()
    thread.join(timeout_seconds)
    answer = said[0] if said else None
    if answer is None or isinstance(answer, TimeoutError):  # whichever of the two clocks was first
        raise NotReachedError(f"{server} has not answered within {timeout_seconds:g} s")
    if isinstance(answer, Exception):
        reason = str(answer).rstrip() or type(answer).__name__
        raise NotReachedError(f"{server} cannot be asked (--server, IMGSVC_HOST, IMGSVC_PORT): {reason}") from answer
    return answer


def _asked(
    server: str, method: str, path: str, timeout_seconds: float, body: bytes | None, headers: Mapping[str, bytes]
) -> tuple[int, dict[str, Any]]:  # fmt: skip
    parts = urlsplit(server)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("no http or https URL")
    connect = HTTPSConnection if parts.scheme == "https" else HTTPConnection
    connection = connect(parts.hostname, parts.port, timeout=timeout_seconds)
    try:
        connection.request(method, f"{parts.path.rstrip('/')}{path}", body, dict(headers))
        response = connection.getresponse()
        return response.status, _object(response.read(MAX_ANSWER_BYTES))
    finally:
        connection.close()


def _object(body: bytes) -> dict[str, Any]:
    """Read an answer; one that is no JSON object says nothing."""
    try:
        answer = json.loads(body)
    except (ValueError, RecursionError):  # the latter: brackets by the thousand, one in another
        return {}
    return answer if isinstance(answer, dict) else {}
