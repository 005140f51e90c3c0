"""The other end of ``POST /api/purge``, for the command line."""

import json
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from msgspec import Struct

from imgsvc.web.service_client import NotReachedError, ask

TIMEOUT_SECONDS = 30.0
MODES = ("soft", "hard")

_HELP: Mapping[int, str] = {
    HTTPStatus.UNAUTHORIZED: "IMGSVC_ADMIN_TOKEN: the service has another token",
    HTTPStatus.NOT_FOUND: "IMGSVC_ADMIN_TOKEN: not set for the service, or no imgsvc answers there (--server)",
}


class NotPurgedError(Exception):
    """The service was not reached, or did not do it; the text is one line that says what helps."""


class Purged(Struct, frozen=True):
    """
    What a service did.

    Attributes:
        count: how much was named to it.
        mode: ``soft`` or ``hard``.
    """

    count: int
    mode: str


def ask_to_purge(server: str, token: str, instructions: Mapping[str, Any]) -> Purged:
    """
    Have *server*, a URL, purge; blocks for 30 seconds at the most.

    Raises:
        NotPurgedError: it was not done.
    """
    if not token.isprintable():  # said here, for the library would show it
        raise NotPurgedError("IMGSVC_ADMIN_TOKEN: holds what cannot be sent in a header")
    # In bytes: a token may hold more than Latin-1, and the service takes UTF-8.
    headers = {"Authorization": b"Bearer " + token.encode(), "Content-Type": b"application/json"}
    body = json.dumps(instructions).encode()
    try:
        status, answer = ask(server, "POST", "/api/purge", timeout_seconds=TIMEOUT_SECONDS, body=body, headers=headers)
    except NotReachedError as error:
        raise NotPurgedError(str(error)) from error
    if status != HTTPStatus.OK:
        raise NotPurgedError(_HELP.get(status) or f"{server} answered {status}: {answer.get('detail', 'no more')}")
    count, mode = answer.get("purged"), answer.get("mode")
    if not isinstance(count, int) or mode not in MODES:
        raise NotPurgedError(f"{server} answered {status}, but is no imgsvc (--server)")
    return Purged(count, mode)
