"""
Commands that use the whole service without a web server: ``logo``, ``card`` and ``warm``.

The modules named after a command load no more than :mod:`imgsvc.cli` does, because ``serve`` loads them too; what a
command needs it imports when it runs. The environment is read there, not here: :data:`READY` is the way to it.
"""

import sys
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, NoReturn

import click

if TYPE_CHECKING:
    from imgsvc.settings import Settings

Ready = Callable[[], "Settings"]

READY = "imgsvc.ready"
"""Names, among a click context's ``meta``, what prepares the process for libvips and gives the settings."""

EXIT_FAILED = 1
EXIT_SETTINGS = 2
"""The settings, or the command line, make no sense; click ends with the same."""

EXIT_INTERRUPTED = 130
"""What shells say of a program that SIGINT has ended."""


def fail(faults: Iterable[str], code: int = EXIT_SETTINGS) -> NoReturn:
    """Say each fault in a line, and end the process."""
    for fault in faults:
        click.echo(f"imgsvc: {fault}", err=True)
    sys.exit(code)
