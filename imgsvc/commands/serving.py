"""
The process that ``serve`` is: its settings, its log, its loop.

Without click, which a start has no use for where the command line is plain (:mod:`imgsvc.__main__`).
"""

import gc
import os
import signal
import sys
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING

from imgsvc import __version__
from imgsvc.allocator import Restart, in_force
from imgsvc.commands import EXIT_INTERRUPTED, fail
from imgsvc.commands.environment import prepare, read_settings

if TYPE_CHECKING:
    from asyncio import AbstractEventLoop
    from collections.abc import Callable

    from imgsvc.settings import Settings
    from imgsvc.web.line_writer import LineWriter


def run(again: Restart | None, given: Mapping[str, str], *, demo: bool) -> None:
    """
    Serve until SIGTERM or Ctrl-C; ends the process over a fault of the settings.

    Args:
        again: replaces the process by one with another allocator; None = it stays.
        given: settings of the command line, by name.
        demo: whether to serve sample pictures too.
    """
    prepare(again)
    with _starting():
        _serve(given, demo=demo)


@contextmanager
def _starting() -> Iterator[None]:
    """
    Begin as a start has to, until what serves takes over: without the collector, and with Ctrl-C the end at once.

    The collector would look again and again at what is loaded from here on, which all stays. KeyboardInterrupt would
    come out of whatever is being imported, as a traceback.
    """
    gc.disable()
    before = signal.signal(signal.SIGINT, _end_at_once)
    try:
        yield
    finally:
        if signal.getsignal(signal.SIGINT) is _end_at_once:  # what has served leaves it ignored, up to the very end
            signal.signal(signal.SIGINT, before)
        gc.enable()


def _end_at_once(*_: object) -> None:
    os._exit(EXIT_INTERRUPTED)


def _serve(given: Mapping[str, str], *, demo: bool) -> None:
    from imgsvc.origin.trust import load_aiohttp  # noqa: PLC0415 - after the second start: see the module
    from imgsvc.settings import SettingsError  # noqa: PLC0415

    load_aiohttp(os.environ)
    settings = read_settings(given)
    import asyncio  # noqa: PLC0415
    import logging  # noqa: PLC0415

    from imgsvc.app import CannotListenError, Supervisor, serve  # noqa: PLC0415
    from imgsvc.web.tracing import is_wanted  # noqa: PLC0415

    json_log = _writes_json(settings)
    try:
        with _logging(json_log=json_log) as log:
            logging.getLogger("imgsvc").info("memory: %s", in_force(os.environ))
            announce = partial(_announce, demo=demo)
            supervisor = Supervisor.of(os.environ, os.getpid())
            serving = serve(
                settings, demo=demo, log=log, json_log=json_log, announce=announce, supervisor=supervisor,
                traced=is_wanted(os.environ),
            )  # fmt: skip
            with asyncio.Runner(loop_factory=_loop_factory()) as runner:
                runner.run(serving)
    except CannotListenError as error:
        fail([f"cannot listen on {settings.server.host}:{settings.server.port} (IMGSVC_HOST, IMGSVC_PORT): {error}"])
    except SettingsError as error:
        fail(error.faults)


def _loop_factory() -> "Callable[[], AbstractEventLoop] | None":
    if sys.platform != "linux":
        return None
    from imgsvc.app.polling import make_loop  # noqa: PLC0415 - see the module

    return make_loop


def _announce(host: str, port: int, *, demo: bool) -> None:
    from imgsvc.model.literals import host_literal  # noqa: PLC0415 - see the module

    origin = f"http://{host_literal(host)}:{port}"
    lines = [f"imgsvc {__version__} listening on {origin}"]
    if demo:
        from imgsvc.web.handlers.demo import SHOWN, demo_url  # noqa: PLC0415 - only shown here

        lines += ["", "To look at:", f"  {origin}/   the console", f"  {origin}/demo/"]
        lines += [f"  {origin}{demo_url(origin, name, parameters)}   {text}" for name, text, parameters in SHOWN[:3]]
        lines += [f"  {origin}/api/health"]
    print(*lines, sep="\n", flush=True)  # or who waits for a line would wait for the end


def _writes_json(settings: "Settings") -> bool:
    """Whether log lines are JSON: always, unless a person looks at a terminal."""
    if settings.server.log_format == "auto":
        return not sys.stderr.isatty()
    return settings.server.log_format == "json"


@contextmanager
def _logging(*, json_log: bool) -> Iterator["LineWriter"]:
    """Send all log lines to standard error, by way of a writer that waits for nobody, until the end of the block."""
    import logging  # noqa: PLC0415 - see the module

    from imgsvc.web.line_writer import LineWriter  # noqa: PLC0415 - see the module
    from imgsvc.web.logs import JsonFormatter, LineHandler, TextFormatter, access_log_class  # noqa: PLC0415

    writer = LineWriter(sys.stderr, access_log_class(json_log=json_log).known_lines)
    handler = LineHandler(writer)
    text = TextFormatter("%(asctime)s %(levelname)s %(name)s: %(message)s")
    handler.setFormatter(JsonFormatter() if json_log else text)
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
    logging.getLogger("botocore").setLevel(logging.WARNING)
    logging.captureWarnings(True)
    # These quote what clients send, and the interpreter remembers each that it has shown.
    warnings.filterwarnings("ignore", module=r"aiohttp\.multipart")
    try:
        yield writer
    finally:
        logging.captureWarnings(False)
        logging.getLogger().removeHandler(handler)
        writer.close()
