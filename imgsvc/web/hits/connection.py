"""Connections that answer by themselves what memory has and was asked for before."""

import asyncio
import logging
from time import perf_counter, time
from typing import Any

from aiohttp import web
from aiohttp.streams import EMPTY_PAYLOAD

from imgsvc.services.answers import Tier
from imgsvc.web.connection import HEAD_END, Connection
from imgsvc.web.hits.forms import Form
from imgsvc.web.hits.table import Asked, Hit, HitTable, Ready
from imgsvc.web.logs import client_text
from imgsvc.web.request_ids import new_request_id
from imgsvc.web.responses import memory_timing

log = logging.getLogger("imgsvc.web")

_MEMORY = Tier.MEMORY.value


class HitConnection(Connection):
    """
    A connection that looks at what arrives before the parser does.

    It answers at once when nothing is in flight, the parser is between two requests, all that was sent before has
    been taken, and the bytes are exactly one request that is in the table. All else goes on to aiohttp as it came.

    Args:
        hits: shared by all connections.
    """

    def __init__(self, manager: web.Server, *, hits: HitTable, **options: Any) -> None:
        super().__init__(manager, **options)
        self._hits = hits
        self._is_between = True
        self._had_body = False
        self._asked: Asked | None = None
        self._unsent: tuple[Form, str, int, float] | None = None
        self._client = ""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin to wait for the first head."""
        super().connection_made(transport)
        peer = self.peername
        self._client = client_text(None if peer is None else str(peer[0] if isinstance(peer, list | tuple) else peer))

    def data_received(self, data: bytes) -> None:
        """Answer, or let aiohttp parse."""
        if self._is_between and self._is_idle() and self._answered(data):
            return
        super().data_received(data)
        self._look_where_it_ends()

    def resume_writing(self) -> None:
        """All is sent."""
        super().resume_writing()
        self._sent_late()

    def connection_lost(self, exc: BaseException | None) -> None:
        """Stop waiting; what was given to the system counts as sent."""
        self._sent_late()
        super().connection_lost(exc)

    async def finish_response(
        self, request: web.BaseRequest, resp: web.StreamResponse, start_time: float | None
    ) -> tuple[web.StreamResponse, bool]:
        """Send an answer, and learn how a request is answered that may come again."""
        asked, self._asked = self._asked, None
        response, is_cut = await super().finish_response(request, resp, start_time)
        if asked is not None and not is_cut and isinstance(request, web.Request):
            self._hits.record(asked, request, response)
        return response, is_cut

    async def shutdown(self, timeout: float | None = 15.0) -> None:  # noqa: ASYNC109 - aiohttp's signature
        """End within *timeout* seconds; aiohttp does not know that an answer of ours waits for its client."""
        began = self._loop.time()
        if self._unsent is not None:
            try:
                async with asyncio.timeout(timeout):
                    await self._drain_helper()
            except (TimeoutError, ConnectionError):
                timeout = 0.0
        if timeout is not None:
            timeout = max(0.0, timeout - (self._loop.time() - began))
        await super().shutdown(timeout)

    async def _handle_request(self, request: Any, *args: Any) -> tuple[web.StreamResponse, bool]:
        """Answer only when what was sent before has been taken: a client that stalls costs one answer."""
        if self._unsent is not None:
            await self._drain_helper()
        return await super()._handle_request(request, *args)

    def _process_keepalive(self) -> None:
        """Close what is idle; a client that still takes an answer is not."""
        if self._unsent is not None:
            self._next_keepalive_close_time = self._loop.time() + self._keepalive_timeout
        super()._process_keepalive()

    def _is_idle(self) -> bool:
        waiter = self._waiter
        return not (waiter is None or waiter.done() or self._paused or self._close or self._force_close)

    def _look_where_it_ends(self) -> None:
        """Tell whether the parser is between two requests: behind the end of a head that has no body."""
        messages = self._messages
        self._had_body = self._had_body or any(payload is not EMPTY_PAYLOAD for _, payload in messages)
        is_whole = bool(messages) and self._tail == HEAD_END
        self._is_between = is_whole and not (self._had_body or self._upgraded or self._buffer_paused)

    def _answered(self, data: bytes) -> bool:
        """Answer if that is possible; whatever goes wrong is for the slow path."""
        began = perf_counter()
        try:
            asked = self._hits.asked(data)
            if asked is None:
                return False
            hit = self._hits.find(asked)
            ready = None if hit is None else self._hits.ready(hit)
            if hit is None or ready is None:
                self._asked = asked
                return False
            name = asked.request_id or new_request_id()
            sent = _written(ready, name)
        except Exception:
            log.exception("an answer from memory could not be given at once")
            return False
        self._send(sent)
        self._account(hit, ready.form, name, len(sent), began)
        return True

    def _send(self, data: bytes) -> None:
        if self._head_timer is not None:
            self._head_came()
        self._tail = HEAD_END
        self.transport.write(data)

    def _account(self, hit: Hit, form: Form, name: str, size_bytes: int, began: float) -> None:
        """Have the answer in all counters and lists, and in the log when it is sent."""
        self._request_count += 1
        self._manager.requests_count += 1
        seconds = perf_counter() - began
        self._traffic.observe(hit.route, form.choice.status, _MEMORY, form.cache, seconds)
        self._hits.note(hit, name, seconds)
        if self._paused:
            self._unsent = form, name, size_bytes, began
        else:
            self._sent(form, name, size_bytes, seconds)

    def _sent_late(self) -> None:
        if self._unsent is not None:
            form, name, size_bytes, began = self._unsent
            self._unsent = None
            self._sent(form, name, size_bytes, perf_counter() - began)

    def _sent(self, form: Form, name: str, size_bytes: int, seconds: float) -> None:
        self._traffic.sent_bytes += size_bytes
        if self.access_logger is not None:
            self.access_logger.log_known(form.known, name, size_bytes, seconds, self._client, time())
        self._next_keepalive_close_time = close_time = self._loop.time() + self._keepalive_timeout
        if self._keepalive_handle is None:
            self._keepalive_handle = self._loop.call_at(close_time, self._process_keepalive)


def _written(ready: Ready, name: str) -> bytes:
    """Put an answer together."""
    form, blob, memory_seconds = ready
    head = f"{form.before}{memory_timing(memory_seconds)}{form.between}{name}{form.after}".encode()
    if not form.has_body:
        return head
    return b"".join((head, blob.data[form.choice.start : form.choice.stop]))
