"""Logs: one line an event, JSON for machines, text for people, never a wait for whoever reads them."""

import json
import logging
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from aiohttp import web
from aiohttp.abc import AbstractAccessLogger
from msgspec import Struct
from msgspec.structs import force_setattr

from imgsvc.services.answers import Tier
from imgsvc.web.appkeys import REQUEST_ID, SUBJECT, subject_name
from imgsvc.web.header_names import X_CACHE, X_REQUEST_ID, X_SOURCE
from imgsvc.web.line_writer import LineWriter
from imgsvc.web.shown import shown_path

ALIKE = 64
"""Clients of which the text is kept: most connections are a few proxies'."""


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


KnownAnswer = tuple[Known, str, int, float, str, float]
"""
An answer from memory: what is known of it; the request's id, without a character that JSON escapes; its bytes, head and
body; the seconds it took; the client's address, written by :func:`client_text`; when it was, in unix seconds.
"""


class AccessLog(AbstractAccessLogger):
    """One line a request: its path, never its query, which may hold signatures and secrets."""

    logger: LineWriter  # type: ignore[assignment]  # aiohttp hands through whatever the runner was given

    def log(self, request: web.BaseRequest, response: web.StreamResponse, time: float) -> None:
        """Write one line; *time* in seconds."""
        self.logger.write(self._line(facts(request, response, time)))

    @staticmethod
    def known_lines(answers: list[KnownAnswer]) -> list[str]:
        """Make the lines that :meth:`log` would write of answers from memory, of what is known of them."""
        lines, last_ms, beginning, last_hundredths, duration = [], -1, "", -1, ""
        for known, request_id, sent_bytes, seconds, client, now in answers:
            # Numbers take as long to write out as all the rest; those of lines that follow each other are the same.
            if (unix_ms := int(now * 1000.0 + 0.5)) != last_ms:
                last_ms = unix_ms
                beginning = f'{{"time": {unix_ms / 1000:.3f}, "level": "info", "message": "request", "request_id": "'
            if (hundredths := int(seconds * 100_000.0 + 0.5)) != last_hundredths:
                last_hundredths, duration = hundredths, f', "ms": {hundredths / 100:.2f}, "client": '
            lines.append(f"{beginning}{request_id}{known.middle}{sent_bytes}{duration}{client}{known.end}")
        return lines

    def _line(self, entry: dict[str, Any]) -> str:
        return json.dumps(entry, ensure_ascii=True)


class TextAccessLog(AccessLog):
    """The same for people at a terminal."""

    def _line(self, entry: dict[str, Any]) -> str:
        return _text_line(entry, time.time())

    @staticmethod
    def known_lines(answers: list[KnownAnswer]) -> list[str]:
        """Make lines; see :meth:`AccessLog.known_lines`."""
        return [_text_line(_entry(answer), answer[-1]) for answer in answers]


def access_log_class(*, json_log: bool) -> type[AccessLog]:
    """Choose how requests are written: for machines, or for people."""
    return AccessLog if json_log else TextAccessLog


def _entry(answer: KnownAnswer) -> dict[str, Any]:
    known, _, sent_bytes, seconds, *_ = answer
    return {
        "status": known.status, "method": known.method, "path": known.path, "bytes": sent_bytes,
        "ms": round(seconds * 1000, 2), "cache": known.cache, "tier": Tier.MEMORY.value,
    }  # fmt: skip


def _text_line(entry: Mapping[str, Any], now: float) -> str:
    moment = datetime.fromtimestamp(now).astimezone().strftime("%H:%M:%S")
    tail = " ".join(str(entry[name]) for name in ("cache", "tier", "source") if name in entry)
    head = f"{moment} {entry['status']} {entry['method']} {entry['path']}"
    return f"{head} {entry['bytes']} B {entry['ms']} ms {tail}"


@lru_cache(ALIKE)
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
        "request_id": request.get(REQUEST_ID) or headers.get(X_REQUEST_ID),  # what was no request has the answer's
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
