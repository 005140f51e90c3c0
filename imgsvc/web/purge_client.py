"""The other end of ``POST /api/purge``, for the command line: the standard library alone, no proxy, no redirect."""

import json
from collections.abc import Mapping
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import Any
from urllib.parse import urlsplit

TIMEOUT_SECONDS = 30.0
MAX_ANSWER_BYTES = 64 * 1024
ANY_ADDRESS: Mapping[str, str] = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - not to listen on: to be reached at

_HELP: Mapping[int, str] = {
    HTTPStatus.UNAUTHORIZED: "IMGSVC_ADMIN_TOKEN: the service has another token",
    HTTPStatus.NOT_FOUND: "IMGSVC_ADMIN_TOKEN: not set for the service, or no imgsvc answers there (--server)",
}


class NotPurgedError(Exception):
    """The service was not reached, or did not do it; the text is one line that says what helps."""


def server_url(host: str, port: int) -> str:
    """Give the URL of a service that listens at *host* and *port*, seen from the same machine."""
    host = ANY_ADDRESS.get(host, host)
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def ask_to_purge(server: str, token: str, instructions: Mapping[str, Any]) -> str:
    """
    Have *server*, a URL, purge; blocks for 30 seconds at each step at the most.

    Returns:
        One line that says what was done.

    Raises:
        NotPurgedError: it was not.
    """
    if not token.isprintable():  # said here, for the library would show it
        raise NotPurgedError("IMGSVC_ADMIN_TOKEN: holds what cannot be sent in a header")
    try:
        status, answer = _post(server, token, json.dumps(instructions).encode())
    except (OSError, HTTPException, ValueError) as error:
        reason = str(error) or type(error).__name__
        raise NotPurgedError(f"{server} cannot be asked (--server, IMGSVC_HOST, IMGSVC_PORT): {reason}") from error
    if status != HTTPStatus.OK:
        raise NotPurgedError(_HELP.get(status) or f"{server} answered {status}: {answer.get('detail', 'no more')}")
    if "purged" not in answer:
        raise NotPurgedError(f"{server} answered {status}, but is no imgsvc (--server)")
    return f"purged {answer['purged']} ({answer.get('mode')})"


def _post(server: str, token: str, body: bytes) -> tuple[int, dict[str, Any]]:
    parts = urlsplit(server)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("no http or https URL")
    connect = HTTPSConnection if parts.scheme == "https" else HTTPConnection
    connection = connect(parts.hostname, parts.port, timeout=TIMEOUT_SECONDS)
    try:
        # In bytes: a token may hold more than Latin-1, and the service takes UTF-8.
        headers = {"Authorization": b"Bearer " + token.encode(), "Content-Type": b"application/json"}
        connection.request("POST", f"{parts.path.rstrip('/')}/api/purge", body, headers)
        response = connection.getresponse()
        return response.status, _object(response.read(MAX_ANSWER_BYTES))
    finally:
        connection.close()


def _object(body: bytes) -> dict[str, Any]:
    """Read an answer; one that is no JSON object, by somebody else, says nothing."""
    try:
        answer = json.loads(body)
    except ValueError:
        return {}
    return answer if isinstance(answer, dict) else {}
