"""Logs: one line an event, JSON for machines, text for people, never a wait for whoever reads them."""

import contextlib
import io
import json
import logging
import os
import threading
import time
from collections import deque
from datetime import UTC, datetime
from typing import Any, TextIO

from aiohttp import web
from aiohttp.abc import AbstractAccessLogger
from msgspec import Struct
from msgspec.structs import force_setattr

from imgsvc.services.answers import Tier
from imgsvc.web.appkeys import REQUEST_ID, SUBJECT, subject_name
from imgsvc.web.header_names import X_CACHE, X_SOURCE
from imgsvc.web.shown import shown_path

FLUSH_SECONDS = 0.1
CLOSE_SECONDS = 2.0
MAX_WAITING_LINES = 20_000


class LineWriter:
    """
    Collects lines and writes them in a thread of its own, ten times a second.

    Whoever reads our standard error may stall; then lines are kept up to a bound, dropped beyond it and counted. May
    be used by any thread, before and after the loop runs. :meth:`close` once.

    Args:
        stream: written to by its file descriptor where it has one: a write that hangs must not hold the stream's
            lock, which the interpreter takes at its end.
        flush_seconds: how long lines are collected.
    """

    def __init__(self, stream: TextIO, *, flush_seconds: float = FLUSH_SECONDS) -> None:
        self._stream = stream
        self._descriptor = _descriptor(stream)
        self._flush_seconds = flush_seconds
        self._lines: deque[str] = deque()
        self._wake = threading.Event()
        self._closing = threading.Event()
        self._dropped = 0
        # A daemon, so that a reader who stalls for ever does not keep the process from ending.
        self._thread = threading.Thread(target=self._run, name="log", daemon=True)
        self._thread.start()

    def write(self, line: str) -> None:
        """Take a line, without its end; never waits."""
        if len(self._lines) >= MAX_WAITING_LINES:
            self._dropped += 1
            return
        self._lines.append(line)
        if not self._wake.is_set():
            self._wake.set()

    def close(self, timeout_seconds: float = CLOSE_SECONDS) -> None:
        """Write what is left and end the thread; blocks, for *timeout_seconds* at the most. Later lines are lost."""
        self._closing.set()
        self._wake.set()
        self._thread.join(timeout_seconds)

    def _run(self) -> None:
        while not self._closing.is_set() or self._lines:
            self._wake.wait()
            self._closing.wait(self._flush_seconds)
            self._wake.clear()  # before the lines are taken: one that comes meanwhile wakes us again
            self._flush()
            if self._closing.is_set():
                self._wake.set()

    def _flush(self) -> None:
        lines = [self._lines.popleft() for _ in range(len(self._lines))]
        dropped, self._dropped = self._dropped, 0
        if dropped:
            lines.append(json.dumps({"level": "warning", "message": f"{dropped} log lines were dropped"}))
        if not lines:
            return
        with contextlib.suppress(OSError, ValueError):  # nobody reads our log any more: no reason to stop serving
            self._put("\n".join([*lines, ""]))

    def _put(self, text: str) -> None:
        if self._descriptor is None:
            self._stream.write(text)
            self._stream.flush()
            return
        data = memoryview(text.encode("utf-8", "backslashreplace"))
        while data:
            data = data[os.write(self._descriptor, data) :]


def _descriptor(stream: TextIO) -> int | None:
    try:
        return stream.fileno()
    except io.UnsupportedOperation:
        return None


class LineHandler(logging.Handler):
    """Sends the program's own log lines the way of all others."""

    def __init__(self, writer: LineWriter) -> None:
        super().__init__()
        self._writer = writer

    def emit(self, record: logging.LogRecord) -> None:
        """Write one record."""
        try:
            self._writer.write(self.format(record))
        except Exception:  # noqa: BLE001 - as every handler of the standard library does
            self.handleError(record)


class Known(Struct, frozen=True):
    """
    What is the same in every line about one request that is answered from memory again and again.

    Attributes:
        path: as it is shown.
        middle: worked out, as *end*: in JSON, all that stands between the request's name and the bytes.
        end: in JSON, all behind the client.
    """

    method: str
    path: str
    status: int
    cache: str
    middle: str = ""
    end: str = ""

    def __post_init__(self) -> None:
        asked = {"method": self.method, "path": self.path, "status": self.status}
        found = {"cache": self.cache, "tier": Tier.MEMORY.value}
        force_setattr(self, "middle", f'", {json.dumps(asked)[1:-1]}, "bytes": ')
        force_setattr(self, "end", f", {json.dumps(found)[1:]}")


class AccessLog(AbstractAccessLogger):
    """One line a request: its path, never its query, which may hold signatures and secrets."""

    logger: LineWriter  # type: ignore[assignment]  # aiohttp hands through whatever the runner was given

    def log(self, request: web.BaseRequest, response: web.StreamResponse, time: float) -> None:
        """Write one line; *time* in seconds."""
        self.logger.write(self._line(facts(request, response, time)))

    def log_known(
        self, known: Known, request_id: str, sent_bytes: int, seconds: float, client: str, now: float
    ) -> None:
        """
        Write the line that :meth:`log` would write of an answer from memory, from what is known of it.

        Args:
            known: what is the same each time.
            request_id: without a character that JSON escapes.
            sent_bytes: head and body.
            seconds: how long it took.
            client: its address, written by :func:`client_text`.
            now: unix seconds.
        """
        self.logger.write(
            f'{{"time": {now:.3f}, "level": "info", "message": "request", "request_id": "{request_id}'
            f'{known.middle}{sent_bytes}, "ms": {seconds * 1000:.2f}, "client": {client}{known.end}'
        )

    def _line(self, entry: dict[str, Any]) -> str:
        return json.dumps(entry, ensure_ascii=True)


class TextAccessLog(AccessLog):
    """The same for people at a terminal."""

    def _line(self, entry: dict[str, Any]) -> str:
        moment = datetime.now().astimezone().strftime("%H:%M:%S")
        tail = " ".join(str(entry[name]) for name in ("cache", "tier", "source") if name in entry)
        head = f"{moment} {entry['status']} {entry['method']} {entry['path']}"
        return f"{head} {entry['bytes']} B {entry['ms']} ms {tail}"

    def log_known(
        self, known: Known, request_id: str, sent_bytes: int, seconds: float, client: str, now: float
    ) -> None:
        """Write a line; see :meth:`AccessLog.log_known`."""
        del request_id, client, now
        entry = {"status": known.status, "method": known.method, "path": known.path, "bytes": sent_bytes}
        entry |= {"ms": round(seconds * 1000, 2), "cache": known.cache, "tier": Tier.MEMORY.value}
        self.logger.write(self._line(entry))


def client_text(address: str | None) -> str:
    """Write a client's address as the access log does in JSON."""
    return json.dumps(address)


def facts(request: web.BaseRequest, response: web.StreamResponse, seconds: float) -> dict[str, Any]:
    """Collect what is worth saying of one request."""
    headers = response.headers
    entry: dict[str, Any] = {
        "time": round(time.time(), 3),
        "level": "info",
        "message": "request",
        "request_id": request.get(REQUEST_ID),
        "method": request.method,
        "path": shown_path(request.rel_url.raw_path),
        "status": response.status,
        "bytes": response.body_length,
        "ms": round(seconds * 1000, 2),
        "client": request.remote,
    }
    if X_CACHE in headers:
        entry["cache"] = headers[X_CACHE]
        entry["tier"] = headers[X_SOURCE]
    if headers.get(X_SOURCE) != Tier.MEMORY:  # a name adds a quarter to what a line costs
        subject = subject_name(request.get(SUBJECT))
        entry |= {} if subject is None else {"source": subject}
    return entry


class JsonFormatter(logging.Formatter):
    """The program's own log lines in the same shape."""

    def format(self, record: logging.LogRecord) -> str:
        """Write one JSON line."""
        entry = {
            "time": round(record.created, 3),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info:
            entry["traceback"] = self.formatException(record.exc_info)
        return json.dumps(entry)


class TextFormatter(logging.Formatter):
    """The program's own log lines for people."""

    def formatTime(self, record: logging.LogRecord, datefmt: str | None = None) -> str:  # noqa: N802 - logging's name
        """Give hours, minutes and seconds of here."""
        return datetime.fromtimestamp(record.created, UTC).astimezone().strftime(datefmt or "%H:%M:%S")
