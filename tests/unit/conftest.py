"""The command line, for the tests of its parts."""

import logging
import signal

import pytest
from click.testing import CliRunner

from imgsvc import cli


@pytest.fixture
def invoke(tmp_path, monkeypatch):
    """Run a command in an empty folder with nothing but these settings."""
    monkeypatch.chdir(tmp_path)

    def invoke(*arguments: str, **env: str):
        # Without the object that main() gives: nothing may replace the process that runs the tests.
        return CliRunner().invoke(cli.commands, arguments, env=env, catch_exceptions=False)

    return invoke


@pytest.fixture(autouse=True)
def _signals_as_they_were():
    """Put signals back in order: what serves leaves them ignored, for the process ends then, and children would too."""
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    yield
    for number, handler in before.items():
        if signal.getsignal(number) is not handler:
            signal.signal(number, handler)


@pytest.fixture
def logging_as_it_was():
    """Put the root logger back in order."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
