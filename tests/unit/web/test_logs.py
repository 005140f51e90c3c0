"""Log lines: whole, in order, bounded, and never a wait."""

import io
import json
import logging
import sys
import time

import pytest
from aiohttp import web
from aiohttp.test_utils import make_mocked_request

from imgsvc.model.source import Source
from imgsvc.web.appkeys import REQUEST_ID, SUBJECT
from imgsvc.web.logs import (
    AccessLog,
    JsonFormatter,
    Known,
    LineHandler,
    LineWriter,
    TextAccessLog,
    TextFormatter,
    client_text,
)
from imgsvc.web.shown import shown_path


class Lines(list):
    def write(self, line: str) -> None:
        self.append(line)


def entry_of(request, status: int = 200, **headers: str) -> dict:
    lines = Lines()
    response = web.Response(status=status, body=b"12345", headers={k.replace("_", "-"): v for k, v in headers.items()})
    AccessLog(lines, "").log(request, response, 0.0123)
    return json.loads(lines[0])


def test_a_request_in_json():
    """One line of ASCII has what is worth knowing, and nothing of the query."""
    request = make_mocked_request("GET", "/api/x%0ay?sig=secret")
    request[REQUEST_ID] = "r1"
    request[SUBJECT] = Source("https://a.test/ü?token=secret")

    entry = entry_of(request, X_Cache="MISS", X_Source="origin")

    assert (entry["method"], entry["path"], entry["status"], entry["ms"]) == ("GET", "/api/x%0Ay", 200, 12.3)
    assert (entry["cache"], entry["tier"], entry["source"]) == ("MISS", "origin", "https://a.test/ü")
    assert entry["request_id"] == "r1"
    assert "secret" not in json.dumps(entry)


def test_what_memory_has_is_not_named():
    """A line about a hit does without the source, whose name would add a quarter to what it costs."""
    request = make_mocked_request("GET", "/x")
    request[SUBJECT] = Source("https://a.test/x")

    assert "source" not in entry_of(request, X_Cache="HIT", X_Source="memory")
    assert entry_of(request, X_Cache="HIT", X_Source="store")["source"] == "https://a.test/x"


def test_a_site_in_the_log_is_its_host():
    """A refused request for a logo names the site."""
    request = make_mocked_request("GET", "/api/logo")
    request[SUBJECT] = "acme.test"

    assert entry_of(request, 429)["source"] == "acme.test"


def test_a_request_that_was_none():
    """What was no HTTP has a line without a tier, and the name that its answer was given."""
    entry = entry_of(make_mocked_request("UNKNOWN", "/"), 400, X_Request_Id="r2")

    assert entry["request_id"] == "r2"
    assert "cache" not in entry


def test_a_request_as_text():
    """For people: time, status, path, size, and where it came from."""
    lines = Lines()
    response = web.Response(headers={"X-Cache": "HIT", "X-Source": "memory"})

    TextAccessLog(lines, "").log(make_mocked_request("GET", "/a?b=c"), response, 0.001)

    assert lines[0].split(" ", 1)[1] == "200 GET /a 0 B 1.0 ms HIT memory"


@pytest.mark.parametrize("log_class", [AccessLog, TextAccessLog])
def test_a_line_of_what_is_known(log_class):
    """An answer that is given again has the line that it would have from its request and response, path and all."""
    request = make_mocked_request("GET", '/logo/%0a"ü%40x?sig=secret')
    request[REQUEST_ID] = "r1"
    response = web.Response(status=206, headers={"X-Cache": "STALE", "X-Source": "memory"})
    known = Known("GET", shown_path(request.rel_url.raw_path), 206, "STALE")
    lines = Lines()
    log = log_class(lines, "")
    log.log(request, response, 0.0123)
    answer = known, "r1", response.body_length, 0.0123, client_text(request.remote), time.time()

    told, again = (_without_time(line, log_class) for line in (*lines, *log_class.known_lines([answer])))
    assert told == again


def _without_time(line: str, log_class: type) -> object:
    if log_class is TextAccessLog:
        return line.split(" ", 1)[1]
    entry = json.loads(line)
    assert abs(entry.pop("time") - time.time()) < 60
    return list(entry.items())


def logged(formatter: logging.Formatter, *, raising: bool = False) -> str:
    stream = io.StringIO()
    writer = LineWriter(stream, AccessLog.known_lines, flush_seconds=0)
    handler = LineHandler(writer)
    handler.setFormatter(formatter)
    info = None
    if raising:
        try:
            int("broken")
        except ValueError:
            info = sys.exc_info()
    handler.handle(logging.LogRecord("imgsvc.x", logging.WARNING, "", 1, "a %s\nb", ("thing",), info))
    writer.close(60)
    return stream.getvalue()


def test_our_own_lines_in_json():
    """A record is one line, whatever is in it; a traceback has a member of its own."""
    text = logged(JsonFormatter(), raising=True)

    entry = json.loads(text)
    assert text.count("\n") == 1
    assert (entry["level"], entry["logger"], entry["message"]) == ("warning", "imgsvc.x", "a thing\nb")
    assert "ValueError: invalid literal" in entry["traceback"]


def test_our_own_lines_as_text():
    """The same for people, with the time of here."""
    text = logged(TextFormatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))

    assert text[8:].startswith(" WARNING imgsvc.x: a thing")


def test_a_record_that_cannot_be_written_is_no_fault(monkeypatch):
    """A format that does not fit its arguments costs the line, not the caller."""
    monkeypatch.setattr(logging, "raiseExceptions", False)
    stream = io.StringIO()
    writer = LineWriter(stream, AccessLog.known_lines, flush_seconds=0)
    handler = LineHandler(writer)

    handler.handle(logging.LogRecord("imgsvc.x", logging.WARNING, "", 1, "%d", ("no number",), None))
    writer.close(60)

    assert stream.getvalue() == ""
