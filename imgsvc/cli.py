"""
The command line; the only reader of the environment.

``serve`` starts its interpreter twice (see :mod:`imgsvc.allocator`), as a rule before this module is loaded. Still it
loads little, and every function imports what it needs: no command waits for what another needs.
"""

import gc
import os
import signal
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from io import TextIOWrapper
from pathlib import Path
from typing import TYPE_CHECKING

import click

from imgsvc import __version__
from imgsvc.allocator import AllocatorMissingError, Restart, find_libraries, in_force, restart, start_again
from imgsvc.commands import ENVIRON, EXIT_INTERRUPTED, READY, SETTINGS, examples, fail
from imgsvc.commands.program import EXIT_CODES, Program

if TYPE_CHECKING:
    from asyncio import AbstractEventLoop
    from collections.abc import Callable

    from imgsvc.settings import Settings
    from imgsvc.web.line_writer import LineWriter

STANDARD_ERROR = 2
"""The last of the three descriptors that every program expects."""


def main() -> None:
    """Run the program; ends the process."""
    _hold_standard_descriptors()
    if isinstance(sys.stdout, TextIOWrapper):  # what its encoding has no letters for shall not be the end
        sys.stdout.reconfigure(errors="backslashreplace")
    commands(prog_name="imgsvc", obj=restart)


def _hold_standard_descriptors() -> None:
    """
    Have what is closed among standard input, output and error lead nowhere.

    Otherwise the next socket or file would get that number, and what a library prints there would go to a client.
    """
    while (descriptor := os.open(os.devnull, os.O_RDWR)) <= STANDARD_ERROR:
        pass
    os.close(descriptor)
    if sys.stderr is None:
        sys.stderr = open(STANDARD_ERROR, "w", errors="backslashreplace", closefd=False)  # noqa: SIM115 - for good


@click.group(
    "imgsvc",
    cls=Program,
    invoke_without_command=True,
    epilog=EXIT_CODES,
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.version_option(__version__, prog_name="imgsvc")
@click.pass_context
def commands(context: click.Context) -> None:
    """Find, fetch, shrink, adapt, cache and serve pictures. Without a command: serve."""
    context.meta.update({READY: partial(_ready, context.obj), SETTINGS: _settings, ENVIRON: _environ})
    if context.invoked_subcommand is None:
        context.invoke(serve)


@commands.command(
    short_help="Serve until SIGTERM.",
    epilog=examples("serve --demo", "serve --host 0.0.0.0 --port 0"),
)
@click.option("--host", metavar="ADDRESS", help="Address to listen on; wins over IMGSVC_HOST.")
@click.option(
    "--port", type=click.IntRange(0, 65535), metavar="PORT",
    help="Port to listen on; wins over IMGSVC_PORT; 0 = a free one.",
)  # fmt: skip
@click.option("--demo", is_flag=True, help="Serve sample pictures under /demo/ and allow them as sources.")
@click.pass_obj
def serve(
    again: Restart | None = None, host: str | None = None, port: int | None = None, *, demo: bool = False
) -> None:
    """
    Serve until SIGTERM or Ctrl-C.

    Settings are read from the environment and from .env in the working directory. Once it listens, a line says where:
    "imgsvc VERSION listening on http://HOST:PORT". The log goes to standard error.
    """
    _prepare(again)
    given = {"IMGSVC_HOST": host, "IMGSVC_PORT": None if port is None else str(port)}
    with _starting():
        _serve({name: value for name, value in given.items() if value is not None}, demo=demo)


@contextmanager
def _starting() -> Iterator[None]:
    """
    Begin as a start has to, until what serves takes over: without the collector, and with Ctrl-C the end at once.

    The collector would look again and again at what is loaded from here on, which all stays. KeyboardInterrupt would
    come out of whatever is being imported, as a traceback.
    """
    gc.disable()
    before = signal.signal(signal.SIGINT, lambda *_: os._exit(EXIT_INTERRUPTED))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
        gc.enable()


def _serve(given: Mapping[str, str], *, demo: bool) -> None:
    from imgsvc.origin.trust import load_aiohttp  # noqa: PLC0415 - after the second start: see the module
    from imgsvc.settings import SettingsError  # noqa: PLC0415

    load_aiohttp(os.environ)
    settings = _settings(given)
    import asyncio  # noqa: PLC0415
    import logging  # noqa: PLC0415

    from imgsvc.app import CannotListenError, Supervisor  # noqa: PLC0415
    from imgsvc.app import serve as run  # noqa: PLC0415
    from imgsvc.web.tracing import is_wanted  # noqa: PLC0415

    json_log = _writes_json(settings)
    try:
        with _logging(json_log=json_log) as log:
            logging.getLogger("imgsvc").info("memory: %s", in_force(os.environ))
            announce = partial(_announce, demo=demo)
            supervisor = Supervisor.of(os.environ, os.getpid())
            serving = run(
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


def _prepare(again: Restart | None) -> None:
    """Set what is read once, and start again where that has to be."""
    choice = _environ().get("IMGSVC_ALLOCATOR", "").strip() or "auto"
    try:
        start_again(choice, os.environ, find_libraries(), again)
    except AllocatorMissingError as error:
        fail([f"IMGSVC_ALLOCATOR: {error}"])


def _ready(again: Restart | None) -> "Settings":
    """Prepare for work with pictures, as ``serve`` does, and give the settings."""
    _prepare(again)
    return _settings()


def _environ() -> dict[str, str]:
    """Read ``.env`` in the working directory, then the environment, which wins."""
    dotenv = _dotenv(Path(".env"))
    if not dotenv:  # as nearly always, and at each of the two starts
        return dict(os.environ)
    from imgsvc.settings import Settings  # noqa: PLC0415 - see the module

    return Settings.merged(dotenv, os.environ)


def _settings(given: Mapping[str, str] | None = None) -> "Settings":
    """Read the environment, then what the command line says, which wins."""
    from imgsvc.settings import Settings, SettingsError, unknown_names  # noqa: PLC0415 - see the module

    # Some keep a virtual environment there; a container's mount of what is missing is one too.
    if Path(".env").is_dir():
        click.echo("imgsvc: .env is a folder; no settings are read from it", err=True)
    environ = _environ()
    for name, nearest in unknown_names(environ):
        click.echo(f"imgsvc: {name} is not a setting{f'; did you mean {nearest}?' if nearest else ''}", err=True)
    try:
        if given:
            Settings.from_env(environ)  # a bad value is a fault even where the command line has another
        return Settings.from_env({**environ, **(given or {})})
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


def _announce(host: str, port: int, *, demo: bool) -> None:
    from imgsvc.model.literals import host_literal  # noqa: PLC0415 - see the module

    origin = f"http://{host_literal(host)}:{port}"
    click.echo(f"imgsvc {__version__} listening on {origin}")
    if demo:
        from imgsvc.web.handlers.demo import SHOWN, demo_url  # noqa: PLC0415 - only shown here

        click.echo(f"\nTo look at:\n  {origin}/   the console\n  {origin}/demo/")
        for name, text, parameters in SHOWN[:3]:
            click.echo(f"  {origin}{demo_url(origin, name, parameters)}   {text}")
        click.echo(f"  {origin}/api/health")


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
    try:
        yield writer
    finally:
        logging.getLogger().removeHandler(handler)
        writer.close()
