"""A connection that does not wait for ever, and whose errors are documents."""

import asyncio
import contextlib
import socket
import struct
from collections.abc import Callable
from http import HTTPStatus
from typing import Any, cast

from aiohttp import web
from msgspec.structs import replace

from imgsvc.web.error_map import problem_for_status
from imgsvc.web.header_names import SERVER, X_REQUEST_ID, X_SYSTEM_STATUS
from imgsvc.web.metrics import Traffic
from imgsvc.web.middleware import problem_response
from imgsvc.web.request_ids import new_request_id

HEAD_END = b"\r\n\r\n"
UNSENT_BYTES = 128 * 1024
READ_BYTES = 8 * 1024

_UNREADABLE = (
    "What came is no HTTP request that can be read; spaces and characters outside ASCII have to be percent-encoded."
)

LATE_BODY_SECONDS = 1.0
"""How long a body that was not there in time is read on, unused: an answer is not to be lost by a reset behind it."""


class Connection(web.RequestHandler):
    """
    One client's connection, which waits for its client no longer than it must.

    A request's head has to be there within *head_timeout_seconds* of its first byte, or of connecting. Bytes that the
    client does not take are given up, and the connection with them, when none of them has left for
    *send_timeout_seconds*. Nothing is buffered beyond what was written last, for whoever writes waits until the
    system has taken it all: a client that stalls costs one slice.
    """

    __slots__ = (
        "_head_timeout_seconds", "_head_timer", "_send_timeout_seconds", "_send_timer", "_system_status", "_tail",
        "_traffic", "_wire",
    )  # fmt: skip

    def __init__(
        self, manager: web.Server, *, head_timeout_seconds: float, send_timeout_seconds: float,
        system_status: Callable[[], str], traffic: Traffic, **options: Any,
    ) -> None:  # fmt: skip
        super().__init__(manager, **options)
        self._head_timeout_seconds = head_timeout_seconds
        self._send_timeout_seconds = send_timeout_seconds
        self._system_status = system_status
        self._traffic = traffic
        self._head_timer: asyncio.TimerHandle | None = None
        self._send_timer: asyncio.TimerHandle | None = None
        self._wire: asyncio.Transport | None = None
        self._tail = b""

    @property
    def has_asked(self) -> bool:
        """Whether anything came from the client at all."""
        return bool(self._tail)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin to wait for the first head."""
        super().connection_made(transport)
        # Kept apart from aiohttp's own, which it drops on closing, when bytes may still wait for the client.
        self._wire = cast("asyncio.Transport", transport)
        self._wire.set_write_buffer_limits(high=0)
        _keep_kernel_buffer_small(self._wire)
        _read_in_small_pieces(self._wire)
        self._await_head()

    def data_received(self, data: bytes) -> None:
        """Take bytes; what leaves no whole head behind is the beginning of one."""
        super().data_received(data)
        self._tail = data[-len(HEAD_END) :] if len(data) >= len(HEAD_END) else (self._tail + data)[-len(HEAD_END) :]
        if (self._messages or self._request_in_progress) and not self._has_next_begun():
            self._head_came()
        elif self._head_timer is None:
            self._await_head()

    def pause_writing(self) -> None:
        """Begin to watch the client take what could not be sent at once."""
        super().pause_writing()
        self._watch_sending()

    def resume_writing(self) -> None:
        """All is sent."""
        super().resume_writing()
        self._stop_watching()

    def connection_lost(self, exc: BaseException | None) -> None:
        """Stop waiting."""
        self._head_came()
        self._stop_watching()
        self._wire = None
        super().connection_lost(exc)

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,  # noqa: ARG002 - tells of parser internals, which are nobody's business
    ) -> web.StreamResponse:
        """
        Answer what is not even HTTP, or a fault of the framework, like every other error.

        Raises:
            ConnectionError: the client has left, or has the beginning of another answer; aiohttp then closes.
        """
        if isinstance(exc, ConnectionError):
            raise exc
        if status >= 500:  # noqa: PLR2004 - server errors
            self.log_exception("Error handling request", exc_info=exc)
        if request.writer.output_size:
            raise ConnectionResetError("An answer has begun; there is no second one.")
        return self._last_answer(status)

    async def finish_response(
        self, request: web.BaseRequest, resp: web.StreamResponse, start_time: float | None
    ) -> tuple[web.StreamResponse, bool]:
        """Send an answer; what aiohttp refuses before any middleware sees it (``Expect``) becomes a document too."""
        if isinstance(resp, web.HTTPException):
            resp = self._last_answer(resp.status)
        if resp.status == HTTPStatus.REQUEST_TIMEOUT:
            self._lingering_time = LATE_BODY_SECONDS
        finished = await super().finish_response(request, resp, start_time)
        self._traffic.sent_bytes += request.writer.output_size
        return finished

    async def shutdown(self, timeout: float | None = 15.0) -> None:  # noqa: ASYNC109 - aiohttp's signature
        """End within *timeout* seconds; aiohttp alone would wait as long again for a client that does not read."""
        timer = None if timeout is None else self._loop.call_later(timeout, self._break_off)
        try:
            await super().shutdown(timeout)
        finally:
            if timer is not None:
                timer.cancel()

    def _last_answer(self, status: int) -> web.Response:
        """Make a problem document that ends the connection."""
        self._traffic.refuse(status)
        name = new_request_id()
        problem = problem_for_status(status)
        if status == HTTPStatus.BAD_REQUEST:
            problem = replace(problem, detail=_UNREADABLE)
        response = problem_response(problem, name)
        response.headers[X_REQUEST_ID] = name
        response.headers[X_SYSTEM_STATUS] = self._system_status()
        response.headers[SERVER] = "imgsvc"
        response.force_close()
        return response

    def _break_off(self) -> None:
        if self._wire is not None:
            reset(self._wire)

    def _has_next_begun(self) -> bool:
        """Whether bytes came behind the last head, of a kind of request that has no body."""
        if self._tail == HEAD_END or not self._messages:
            return False
        return getattr(self._messages[-1][0], "method", None) in ("GET", "HEAD")

    def _await_head(self) -> None:
        self._head_timer = self._loop.call_later(self._head_timeout_seconds, self._head_is_late)

    def _head_is_late(self) -> None:
        """Close, unless an answer is being made: what follows the head it belongs to may wait until it is sent."""
        self._head_timer = None
        if self._messages or self._request_in_progress:
            self._await_head()
        else:
            self.force_close()

    def _head_came(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _watch_sending(self) -> None:
        """Look again after the timeout; until then nothing is added to the buffer, it can only shrink."""
        unsent_bytes = self._wire.get_write_buffer_size() if self._wire is not None else 0
        self._send_timer = self._loop.call_later(self._send_timeout_seconds, self._give_up_if_stalled, unsent_bytes)

    def _stop_watching(self) -> None:
        if self._send_timer is not None:
            self._send_timer.cancel()
            self._send_timer = None

    def _give_up_if_stalled(self, unsent_bytes: int) -> None:
        if self._wire is None:
            return
        if self._wire.get_write_buffer_size() < unsent_bytes:
            self._watch_sending()
        else:
            reset(self._wire)  # frees the unsent bytes, which closing would not


def reset(wire: asyncio.BaseTransport) -> None:
    """
    End a connection whose answer will not be finished, at once.

    A reset, not an orderly end, which a client of an answer without declared length would take for the end of it.
    """
    # Closing alone, even at once, ends in good order when the client has sent nothing more (socket(7), SO_LINGER).
    if (sock := wire.get_extra_info("socket")) is not None:
        with contextlib.suppress(OSError):  # closed already
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    cast("asyncio.WriteTransport", wire).abort()


def _keep_kernel_buffer_small(wire: asyncio.Transport) -> None:
    """Where the system can, bound what it holds unsent; else megabytes hide how fast, or whether, a client reads."""
    option = getattr(socket, "TCP_NOTSENT_LOWAT", None)
    if option is not None:
        with contextlib.suppress(OSError):  # no TCP, or closed already
            wire.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, option, UNSENT_BYTES)


def _read_in_small_pieces(wire: asyncio.Transport) -> None:
    """Where the loop lets us, have it make room for a head at every read, not for 256 KiB: 6 % of what a hit costs."""
    if hasattr(wire, "max_size"):
        wire.max_size = READ_BYTES
