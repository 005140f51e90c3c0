"""Work of the whole service for one command: shown while it goes on, and every way in which it fails is an end."""

import asyncio
import sys
from collections.abc import Coroutine
from typing import Any, TypeVar

from imgsvc.commands import EXIT_FAILED, EXIT_INTERRUPTED, EXIT_SETTINGS, fail, printable
from imgsvc.commands.output import write_json
from imgsvc.commands.terminal import error_console, searching, warnings_on
from imgsvc.errors import ImgsvcError, InvalidRequest
from imgsvc.settings import SettingsError
from imgsvc.web.error_map import code_of

_T = TypeVar("_T")


def run(work: Coroutine[Any, Any, _T], *, doing: str, subject: str, json: bool = False) -> _T:
    """
    Do *work* and give what comes of it; a failure is a line on standard error and the end of the process.

    Args:
        work: opens the service and closes it again.
        doing: what a terminal shows meanwhile.
        subject: whom a failure concerns.
        json: whether a failure is also written as JSON to standard output: ``error`` with ``code`` and ``detail``.
    """
    console = error_console()
    try:
        with warnings_on(console), searching(console, doing):
            return asyncio.run(work)
    except SettingsError as error:
        fail(error.faults)
    except ImgsvcError as error:
        if json:
            write_json({"error": {"code": code_of(error), "detail": error.detail}})
        code = EXIT_SETTINGS if isinstance(error, InvalidRequest) else EXIT_FAILED
        fail([printable(f"{subject}: {error.detail}")], code)
    except KeyboardInterrupt:
        sys.exit(EXIT_INTERRUPTED)
