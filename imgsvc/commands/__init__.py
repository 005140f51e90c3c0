"""
The commands, one module each, and what they need.

A module named after a command is loaded when that is asked for, and loads little itself: what a command needs it
imports when it runs, libvips not before :data:`READY` has prepared for it. The environment is read in
:mod:`imgsvc.commands.environment`, not here: :data:`READY`, :data:`SETTINGS` and :data:`ENVIRON` are the ways to it.
"""

import sys
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from imgsvc.settings import Settings

Ready = Callable[[], "Settings"]
Environ = Callable[[], dict[str, str]]

READY = "imgsvc.ready"
"""Names, among a click context's ``meta``, what prepares the process for libvips and gives the settings."""

SETTINGS = "imgsvc.settings"
"""Names what gives the settings alone, for commands that touch no picture; a :data:`Ready` as well."""

ENVIRON = "imgsvc.environ"
"""Names what gives the texts that settings are read from, ``.env`` and the environment; an :data:`Environ`."""

EXIT_FAILED = 1
"""What was asked for could not be done, is not allowed, or is not as it should be."""

EXIT_SETTINGS = 2
"""The settings, or the command line, make no sense; click ends with the same."""

EXIT_INTERRUPTED = 130
"""What shells say of a program that SIGINT has ended."""


def fail(faults: Iterable[str], code: int = EXIT_SETTINGS) -> NoReturn:
    """Say each fault in a line, and end the process."""
    for fault in faults:
        say(fault)
    sys.exit(code)


def say(text: str) -> None:
    """Say something of the settings, or of what went wrong, in a line on standard error."""
    print(f"imgsvc: {printable(text)}", file=sys.stderr)


def printable(text: str) -> str:
    """Put ``?`` for what would move a terminal's cursor or change its colours; some of it comes from others."""
    return "".join(char if char.isprintable() else "?" for char in text)


def examples(*lines: str) -> str:
    """Give the end of a command's help: examples, as they are typed after ``imgsvc``."""
    return "\n".join(["\b", "Examples:", *(f"  imgsvc {line}" for line in lines)])
