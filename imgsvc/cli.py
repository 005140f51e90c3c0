"""The command line; the only reader of the environment."""

import asyncio
import logging
import os
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn
from urllib.parse import parse_qsl, urlsplit

import click
from dotenv import dotenv_values

from imgsvc import __version__
from imgsvc.settings import Settings, SettingsError, unknown_names

if TYPE_CHECKING:
    from imgsvc.origin.policy import SourcePolicy
    from imgsvc.web.logs import LineWriter

EXIT_DENIED = 1
EXIT_SETTINGS = 2

# libvips reads this once, when it is loaded: one thread a pipeline, because many pipelines run side by side.
_BEFORE_LIBVIPS = {"VIPS_CONCURRENCY": "1"}


@click.group(invoke_without_command=True)
@click.version_option(__version__, prog_name="imgsvc")
@click.pass_context
def main(context: click.Context) -> None:
    """Find, fetch, shrink, adapt, cache and serve pictures. Without a command: serve."""
    if context.invoked_subcommand is None:
        context.invoke(serve)


@main.command()
@click.option("--host", help="Address to listen on; wins over IMGSVC_HOST.")
@click.option("--port", type=click.IntRange(0, 65535), help="Port to listen on; wins over IMGSVC_PORT; 0 = a free one.")
@click.option("--demo", is_flag=True, help="Serve sample pictures under /demo/ and allow them as sources.")
def serve(host: str | None = None, port: int | None = None, *, demo: bool = False) -> None:
    """Serve until SIGTERM."""
    given = {"IMGSVC_HOST": host, "IMGSVC_PORT": None if port is None else str(port)}
    settings = _settings({name: value for name, value in given.items() if value is not None})
    os.environ.update({name: os.environ.get(name, value) for name, value in _BEFORE_LIBVIPS.items()})
    from imgsvc.app import CannotListenError  # noqa: PLC0415
    from imgsvc.app import serve as run  # noqa: PLC0415 - loads libvips, which the line above prepares

    json_log = _writes_json(settings)
    try:
        with _logging(json_log=json_log) as log:
            announce = partial(_announce, demo=demo)
            asyncio.run(run(settings, demo=demo, log=log, json_log=json_log, announce=announce))
    except CannotListenError as error:
        _fail([f"cannot listen on {settings.server.host}:{settings.server.port} (IMGSVC_HOST, IMGSVC_PORT): {error}"])
    except SettingsError as error:
        _fail(error.faults)


@main.command()
def config() -> None:
    """Print the settings in force, as NAME=value; secrets as ***."""
    for name, value in _settings().in_force():
        click.echo(f"{name}={value}")


@main.command("check-url")
@click.argument("url")
def check_url(url: str) -> None:
    """Say whether URL may be fetched for anybody, and by which rule."""
    from imgsvc.errors import ImgsvcError  # noqa: PLC0415 - see serve
    from imgsvc.model.hosts import normalise_url  # noqa: PLC0415

    try:
        verdict = _policy().judge(normalise_url(url), signed=False)
    except ImgsvcError as error:
        click.echo(f"denied: {error.detail}")
        sys.exit(EXIT_DENIED)
    click.echo(f"{'allowed' if verdict.allowed else 'denied'}: {verdict.rule}")
    sys.exit(0 if verdict.allowed else EXIT_DENIED)


@main.command()
@click.argument("target", metavar="PATH-OR-URL")
@click.option("--expires", type=click.IntRange(min=1), metavar="SECONDS", help="How long the signature shall hold.")
def sign(target: str, expires: int | None) -> None:
    """Print PATH-OR-URL's path with a signature by the first of IMGSVC_SIGNING_KEYS."""
    from imgsvc.origin.signature import Signer, signed_text  # noqa: PLC0415 - see serve

    keys = _settings().access.signing_keys
    if not keys:
        _fail(["IMGSVC_SIGNING_KEYS: set at least one key to sign with"])
    parts = urlsplit(target)
    replaced = ("sig",) if expires is None else ("sig", "exp")
    pairs = [pair for pair in parse_qsl(parts.query, keep_blank_values=True) if pair[0] not in replaced]
    if expires is not None:
        pairs.append(("exp", str(int(time.time()) + expires)))
    path = parts.path or "/"
    signature = Signer([key.get_secret_value() for key in keys]).sign(path, pairs)
    click.echo(f"{signed_text(path, pairs).decode()}&sig={signature}")


def _policy() -> "SourcePolicy":
    from imgsvc.origin.own import LoopGuard  # noqa: PLC0415 - see serve
    from imgsvc.origin.policy import SourcePolicy  # noqa: PLC0415

    settings = _settings()
    guard = LoopGuard(demo=False)
    guard.listening(settings.server.host, settings.server.port)
    return SourcePolicy(settings.access, settings.origin, guard)


def _settings(given: Mapping[str, str] | None = None) -> Settings:
    """Read ``.env`` in the working directory, then the environment, then what the command line says; the last wins."""
    environ = {**_dotenv(Path(".env")), **os.environ}
    for name, nearest in unknown_names(environ):
        click.echo(f"imgsvc: {name} is not a setting{f'; did you mean {nearest}?' if nearest else ''}", err=True)
    try:
        if given:
            Settings.from_env(environ)  # a bad value is a fault even where the command line has another
        return Settings.from_env({**environ, **(given or {})})
    except SettingsError as error:
        _fail(error.faults)


def _dotenv(path: Path) -> dict[str, str]:
    try:
        return {name: value for name, value in dotenv_values(path).items() if value is not None}
    except (OSError, ValueError) as error:
        _fail([f"{path}: cannot be read: {error}"])


def _fail(faults: list[str]) -> NoReturn:
    for fault in faults:
        click.echo(f"imgsvc: {fault}", err=True)
    sys.exit(EXIT_SETTINGS)


def _announce(host: str, port: int, *, demo: bool) -> None:
    literal = f"[{host}]" if ":" in host else host
    click.echo(f"imgsvc {__version__} listening on http://{literal}:{port}")
    if demo:
        from imgsvc.web.handlers.demo import SHOWN, demo_url  # noqa: PLC0415 - only shown here

        origin = f"http://{literal}:{port}"
        click.echo(f"\nTo look at:\n  {origin}/demo/")
        for name, text, parameters in SHOWN[:3]:
            click.echo(f"  {origin}{demo_url(origin, name, parameters)}   {text}")
        click.echo(f"  {origin}/api/health")


def _writes_json(settings: Settings) -> bool:
    """Whether log lines are JSON: always, unless a person looks at a terminal."""
    if settings.server.log_format == "auto":
        return not sys.stderr.isatty()
    return settings.server.log_format == "json"


@contextmanager
def _logging(*, json_log: bool) -> Iterator["LineWriter"]:
    """Send all log lines to standard error, by way of a writer that waits for nobody, until the end of the block."""
    from imgsvc.web.logs import JsonFormatter, LineHandler, LineWriter, TextFormatter  # noqa: PLC0415 - see serve

    writer = LineWriter(sys.stderr)
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
