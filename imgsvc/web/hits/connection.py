"""Connections that answer by themselves what memory has and was asked for before."""

import asyncio
import contextlib
import logging
from time import perf_counter, time
from typing import Any

from aiohttp import web
from aiohttp.streams import EMPTY_PAYLOAD

from imgsvc.services.answers import Tier
from imgsvc.web.connection import HEAD_END, Connection
from imgsvc.web.hits.forms import Form
from imgsvc.web.hits.table import MOMENT_SECONDS, HitTable, Key, Ready
from imgsvc.web.hits.unsent import Unsent
from imgsvc.web.logs import client_text
from imgsvc.web.request_ids import new_request_id
from imgsvc.web.responses import memory_timing
from imgsvc.web.sending import SLICE_BYTES

log = logging.getLogger("imgsvc.web")

_MEMORY = Tier.MEMORY.value

TIMES = 64
"""Most look-ups take the same few microseconds, which are written out once."""

_TIMINGS = tuple(memory_timing(us / 1_000_000).encode() for us in range(TIMES))


class HitConnection(Connection):
    """
    A connection that looks at what arrives before the parser does.

    It has no dictionary, and keeps few objects of its own: of a thousand connections none is in a cache of the
    processor by its turn.

    It answers at once when nothing is in flight, the parser is between two requests, all that was sent before has
    been taken, and the bytes are exactly one request that is in the table. All else goes on to aiohttp as it came.

    Args:
        hits: shared by all connections.
    """

    __slots__ = ("_answered_at", "_asked", "_client", "_had_body", "_hits", "_is_between", "_unsent")

    def __init__(self, manager: web.Server, *, hits: HitTable, **options: Any) -> None:
        super().__init__(manager, **options)
        self._hits = hits
        self._is_between = True
        self._had_body = False
        self._asked: Key | None = None
        self._answered_at = 0.0
        self._unsent: Unsent | None = None
        self._client = ""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin to wait for the first head."""
        super().connection_made(transport)
        peer = self.peername
        self._client = client_text(None if peer is None else str(peer[0] if isinstance(peer, list | tuple) else peer))

    def data_received(self, data: bytes) -> None:
        """Answer, or let aiohttp parse."""
        waiter = self._waiter
        is_idle = self._is_between and waiter is not None and not waiter.done()
        if is_idle and not (self._paused or self._close or self._force_close) and self._answered(data):
            return
        super().data_received(data)
        self._look_where_it_ends()

    def resume_writing(self) -> None:
        """All is sent that was written; go on with what is left."""
        super().resume_writing()
        self._go_on()

    def connection_lost(self, exc: BaseException | None) -> None:
        """Stop waiting; an answer that was written in one piece counts as sent, as aiohttp counts it."""
        if self._unsent is not None:
            self._give_up(self._unsent)
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
        if self._unsent is not None:
            began = self._loop.time()
            await self._all_sent(timeout)
            timeout = None if timeout is None else max(0.0, timeout - (self._loop.time() - began))
        await super().shutdown(timeout)

    async def _all_sent(self, timeout_seconds: float | None) -> None:
        """Wait until the client has taken all, or has been given up."""
        timer = None if timeout_seconds is None else self._loop.call_later(timeout_seconds, self._break_off)
        try:
            with contextlib.suppress(ConnectionError):
                while self._unsent is not None:
                    await self._drain_helper()
        finally:
            if timer is not None:
                timer.cancel()

    async def _handle_request(self, request: Any, *args: Any) -> tuple[web.StreamResponse, bool]:
        """Answer only when what was sent before has been taken: a client that stalls costs one answer."""
        while self._unsent is not None:
            await self._drain_helper()
        return await super()._handle_request(request, *args)

    def _process_keepalive(self) -> None:
        """Close what is idle, counted from our answers too; a client that still takes one is not."""
        loop_time = self._loop.time()
        answered_at = loop_time if self._unsent is not None else loop_time - (perf_counter() - self._answered_at)
        close_time = answered_at + MOMENT_SECONDS + self._keepalive_timeout
        self._next_keepalive_close_time = max(self._next_keepalive_close_time, close_time)
        super()._process_keepalive()

    def _head_is_late(self) -> None:
        """Close, unless an answer waits for the client: what follows it may wait as long."""
        if self._unsent is None:
            super()._head_is_late()
        else:
            self._await_head()

    def _look_where_it_ends(self) -> None:
        """Tell whether the parser is between two requests: behind the end of a head that has no body."""
        messages = self._messages
        self._had_body = self._had_body or any(payload is not EMPTY_PAYLOAD for _, payload in messages)
        is_whole = bool(messages) and self._tail == HEAD_END
        self._is_between = is_whole and not (self._had_body or self._upgraded or self._buffer_paused)

    def _answered(self, data: bytes) -> bool:
        """Answer if that is possible; whatever goes wrong is for the slow path."""
        began = perf_counter()
        key, name, ready = self._hits.find(data, began)
        if ready is None:
            self._asked = key
            return False
        try:
            name = name or new_request_id()
            piece = _first_piece(ready, name, self._hits.date)
        except Exception:
            log.exception("an answer from memory could not be put together")
            self._hits.forget(key)
            return False
        if self._head_timer is not None:
            self._head_came()
            self._tail = HEAD_END  # which it is between two requests, but for the first
        self._manager.requests_count += 1  # type: ignore[union-attr]  # something has just arrived
        self.transport.write(piece)  # type: ignore[union-attr]  # likewise
        try:
            if ready[1].is_sliced:
                self._unsent = Unsent.of(ready, name, piece, began)
                self._go_on()
            else:
                self._account(ready, name, len(piece), began)
        except Exception:
            log.exception("an answer from memory was not sent or counted as it should be")
            self.force_close()
        return True

    def _account(self, ready: Ready, name: str, size_bytes: int, began: float) -> None:
        """Have a small answer in all counters and lists now, and in the log when it is sent."""
        seconds, form = perf_counter() - began, ready[1]
        observe = form.observe
        if observe is None or self._hits.is_watched:
            self._observe(ready, name, seconds)
        else:
            observe(seconds)
        if self._paused:
            self._unsent = Unsent(ready, name, size_bytes, began)
        else:
            self._answered_at = self._hits.moment
            self._sent(form, name, size_bytes, seconds, ready[4])

    def _observe(self, ready: Ready, name: str, seconds: float) -> None:
        hit, form = ready[0], ready[1]
        if form.observe is None:
            form.observe = self._traffic.observer(hit.route, form.choice.status, _MEMORY, form.cache)
        form.observe(seconds)
        self._hits.note(hit, form, name, seconds)

    def _go_on(self) -> None:
        """Write what is left, slice by slice, as far as the client takes it."""
        unsent = self._unsent
        if unsent is None:
            return
        if self.transport is None:  # closing: what was written is sent, no more
            self._give_up(unsent)
            return
        while unsent.rest and not self._paused:
            piece, unsent.rest = unsent.rest[:SLICE_BYTES], unsent.rest[SLICE_BYTES:]
            self.transport.write(piece)
        if self._paused:
            unsent.hold(self._hits.outgoing)
            return
        self._unsent = None
        unsent.let_go()
        self._answered_at = perf_counter()
        seconds = self._answered_at - unsent.began
        if unsent.form.is_sliced:
            self._observe(unsent.ready, unsent.name, seconds)
        self._sent(unsent.form, unsent.name, unsent.size_bytes, seconds, time())

    def _give_up(self, unsent: Unsent) -> None:
        """Count an answer whose client has left; a large one was broken off."""
        self._unsent = None
        unsent.let_go()
        if unsent.form.is_sliced:
            self._traffic.abort(unsent.ready[0].route, unsent.size_bytes - len(unsent.rest))
        else:
            seconds = perf_counter() - unsent.began
            self._sent(unsent.form, unsent.name, unsent.size_bytes, seconds, time())

    def _sent(self, form: Form, name: str, size_bytes: int, seconds: float, now: float) -> None:
        self._traffic.sent_bytes += size_bytes
        put = self._hits.put
        if put is not None:
            put((form.known, name, size_bytes, seconds, self._client, now))
        if self._keepalive_handle is None:
            close_time = self._loop.time() + self._keepalive_timeout
            self._keepalive_handle = self._loop.call_at(close_time, self._process_keepalive)


def _first_piece(ready: Ready, name: str, date: bytes) -> bytes:
    """Put the head and what fits behind it together: one call to the kernel, as long as that is no large copy."""
    _, form, blob, memory_seconds, _ = ready
    us = int(memory_seconds * 1e6 + 0.5)
    timing = _TIMINGS[us] if us < TIMES else memory_timing(memory_seconds).encode()
    body = b""
    if form.is_whole:
        body = blob.data
    elif form.has_body:
        start, stop = form.choice.start, form.choice.stop
        body = blob.data[start : start + SLICE_BYTES if form.is_sliced else stop]
    return b"".join((
        form.lead, form.constant, form.before, form.ttl, timing, form.aged, form.between, name.encode(), form.status,
        form.length, date, body,
    ))  # fmt: skip
