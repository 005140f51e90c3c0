"""The command line, for the tests of its parts."""

import logging

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


@pytest.fixture
def logging_as_it_was():
    """Put the root logger back in order."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
