"""The process that ``serve`` is, as far as no process is needed to see it."""

import io
import json
import logging
import sys
import warnings

import pytest

from imgsvc import __version__
from imgsvc.commands import serving
from imgsvc.settings import Settings


@pytest.mark.parametrize(
    ("log_format", "is_terminal", "json_log"),
    [("auto", True, False), ("auto", False, True), ("json", True, True), ("text", False, False)],
)
def test_the_logs_format(monkeypatch, log_format, is_terminal, json_log):
    """JSON is for machines; a terminal, or the setting, makes it text."""
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    monkeypatch.setattr(sys.stderr, "isatty", lambda: is_terminal, raising=False)

    assert serving._writes_json(Settings.from_env({"IMGSVC_LOG_FORMAT": log_format})) is json_log


def test_our_own_log_lines_go_by_the_writer(monkeypatch, logging_as_it_was):
    """Lines of the program's own come out in the chosen shape, and all of them before the end."""
    monkeypatch.setattr(sys, "stderr", io.StringIO())

    with serving._logging(json_log=True):
        logging.getLogger("imgsvc.test").warning("careful")
        logging.getLogger("botocore").info("noise")

    lines = [json.loads(line) for line in sys.stderr.getvalue().splitlines()]
    assert [(line["level"], line["message"]) for line in lines] == [("warning", "careful")]


def test_warnings_are_log_lines(monkeypatch, logging_as_it_was):
    """What a library warns of comes out in the same shape, but for what quotes a client's form."""
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        with serving._logging(json_log=True):
            warnings.warn("odd", RuntimeWarning, stacklevel=1)
            warnings.warn_explicit("a client's", RuntimeWarning, "multipart.py", 1, module="aiohttp.multipart")

    (line,) = [json.loads(line) for line in sys.stderr.getvalue().splitlines()]
    assert line["logger"] == "py.warnings"
    assert "odd" in line["message"]


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_the_first_line_is_a_url(host, capsys):
    """What is announced can be opened, an IPv6 address in brackets."""
    serving._announce(host, 80, demo=False)

    literal = f"[{host}]" if ":" in host else host
    assert capsys.readouterr().out == f"imgsvc {__version__} listening on http://{literal}:80\n"


def test_the_demo_says_what_to_look_at(capsys):
    """With the demo on, addresses to open follow."""
    serving._announce("127.0.0.1", 80, demo=True)

    assert "http://127.0.0.1:80/demo/" in capsys.readouterr().out
