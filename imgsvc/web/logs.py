"""Logs: one line an event, JSON for machines, text for people, never a wait for whoever reads them."""

import asyncio
import json
import logging
import time
from collections import deque
from datetime import UTC, datetime
from typing import Any, TextIO

from aiohttp import web
from aiohttp.abc import AbstractAccessLogger

from imgsvc.web.appkeys import NOTES, REQUEST_ID

FLUSH_SECONDS = 0.1
MAX_WAITING_LINES = 20_000


class LineWriter:
    """
    Collects lines and writes them in a thread, ten times a second.

    Whoever reads our standard error may stall; then lines are kept up to a bound, dropped beyond it and counted.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._lines: deque[str] = deque()
        self._flushing: asyncio.Task[None] | None = None
        self._dropped = 0

    def write(self, line: str) -> None:
        """Take a line, without its end; to be called on the loop."""
        if len(self._lines) >= MAX_WAITING_LINES:
            self._dropped += 1
            return
        self._lines.append(line)
        if self._flushing is None:
            self._flushing = asyncio.get_running_loop().create_task(self._flush_soon())

    async def aclose(self) -> None:
        """Write what is left."""
        while self._flushing is not None:
            await asyncio.shield(self._flushing)

    async def _flush_soon(self) -> None:
        try:
            await asyncio.sleep(FLUSH_SECONDS)
            while self._lines:
                lines = [self._lines.popleft() for _ in range(len(self._lines))]
                await asyncio.to_thread(self._write, lines)
        finally:
            self._flushing = None

    def _write(self, lines: list[str]) -> None:
        if self._dropped:
            lines.append(f'{{"level": "warning", "message": "{self._dropped} log lines were dropped"}}')
            self._dropped = 0
        try:
            self._stream.write("\n".join(lines) + "\n")
            self._stream.flush()
        except (OSError, ValueError):
            pass  # nobody reads our log any more; that is no reason to stop serving


class AccessLog(AbstractAccessLogger):
    """One line a request: its path, never its query, which may hold signatures and secrets."""

    logger: LineWriter  # type: ignore[assignment]  # aiohttp hands through whatever the runner was given

    def log(self, request: web.BaseRequest, response: web.StreamResponse, time: float) -> None:
        """Write one line; *time* in seconds."""
        self.logger.write(self._line(facts(request, response, time)))

    def _line(self, entry: dict[str, Any]) -> str:
        return json.dumps(entry, ensure_ascii=True)


class TextAccessLog(AccessLog):
    """The same for people at a terminal."""

    def _line(self, entry: dict[str, Any]) -> str:
        moment = datetime.now().astimezone().strftime("%H:%M:%S")
        tail = " ".join(str(entry[name]) for name in ("cache", "tier", "source") if name in entry)
        head = f"{moment} {entry['status']} {entry['method']} {entry['path']}"
        return f"{head} {entry['bytes']} B {entry['ms']} ms {tail}"


def facts(request: web.BaseRequest, response: web.StreamResponse, seconds: float) -> dict[str, Any]:
    """Collect what is worth saying of one request."""
    headers = response.headers
    entry: dict[str, Any] = {
        "time": round(time.time(), 3),
        "level": "info",
        "message": "request",
        "request_id": request.get(REQUEST_ID),
        "method": request.method,
        "path": request.rel_url.raw_path,
        "status": response.status,
        "bytes": response.body_length,
        "ms": round(seconds * 1000, 2),
        "client": request.remote,
    }
    if "X-Cache" in headers:
        entry["cache"] = headers["X-Cache"]
        entry["tier"] = headers["X-Source"]
    entry.update(request.get(NOTES) or {})
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
