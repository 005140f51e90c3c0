"""What settings are read from, and what has to be set before anything is loaded; loads little itself."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from imgsvc.allocator import AllocatorMissingError, Restart, find_libraries, start_again
from imgsvc.commands import fail, say

if TYPE_CHECKING:
    from imgsvc.settings import Settings


def prepare(again: Restart | None) -> None:
    """
    Set what libraries read once when they are loaded, and start again where that has to be.

    Args:
        again: replaces the process; None = it stays.
    """
    choice = environ().get("IMGSVC_ALLOCATOR", "").strip() or "auto"
    try:
        start_again(choice, os.environ, find_libraries(), again)
    except AllocatorMissingError as error:
        fail([f"IMGSVC_ALLOCATOR: {error}"])


def ready(again: Restart | None) -> "Settings":
    """Prepare for work with pictures, as ``serve`` does, and give the settings."""
    prepare(again)
    return read_settings()


def environ() -> dict[str, str]:
    """Read ``.env`` in the working directory, then the environment, which wins."""
    dotenv = _dotenv(Path(".env"))
    if not dotenv:  # as nearly always, and at each of the two starts
        return dict(os.environ)
    from imgsvc.settings import Settings  # noqa: PLC0415 - see the module

    return Settings.merged(dotenv, os.environ)


def read_settings(given: Mapping[str, str] | None = None) -> "Settings":
    """Read the environment, then what the command line says (*given*), which wins; ends the process over a fault."""
    from imgsvc.settings import Settings, SettingsError, unknown_names  # noqa: PLC0415 - see the module

    # Some keep a virtual environment there; a container's mount of what is missing is one too.
    if Path(".env").is_dir():
        say(".env is a folder; no settings are read from it")
    texts = environ()
    for name, nearest in unknown_names(texts):
        say(f"{name} is not a setting{f'; did you mean {nearest}?' if nearest else ''}")
    try:
        if given:
            Settings.from_env(texts)  # a bad value is a fault even where the command line has another
        return Settings.from_env({**texts, **(given or {})})
    except SettingsError as error:
        fail(error.faults)


def _dotenv(path: Path) -> dict[str, str]:
    try:
        if not path.is_file() and not path.is_fifo():  # most have none, and need not wait for what reads it
            return {}
        from dotenv import dotenv_values  # noqa: PLC0415 - see the module
        from dotenv.parser import parse_stream  # noqa: PLC0415

        with path.open(encoding="utf-8") as lines:
            wrong = [part.original.line for part in parse_stream(lines) if part.error]
        if wrong:  # a quote without its end takes all settings below it with it: nobody shall serve without them
            fail([f"{path}: line {line} is no NAME=VALUE" for line in wrong])
        return {name: value for name, value in dotenv_values(path).items() if value is not None}
    except (OSError, ValueError) as error:
        fail([f"{path}: cannot be read: {error}"])
