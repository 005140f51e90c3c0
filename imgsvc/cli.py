"""
The command line; the only reader of the environment.

``serve`` starts its interpreter twice (see :mod:`imgsvc.allocator`). So that the first start costs next to nothing,
this module loads little, and every function imports what it needs.
"""

import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlsplit

import click

from imgsvc import __version__
from imgsvc.allocator import (
    RESTARTED,
    AllocatorMissingError,
    allocator_environment,
    find_libraries,
    in_force,
    restart,
)
from imgsvc.commands import EXIT_FAILED, READY, fail
from imgsvc.commands.card import card
from imgsvc.commands.logo import logo
from imgsvc.commands.warm import warm

if TYPE_CHECKING:
    from imgsvc.origin.policy import SourcePolicy
    from imgsvc.settings import Settings
    from imgsvc.web.logs import LineWriter

Restart = Callable[[Mapping[str, str]], None]
"""Starts the program once more, with the environment it is given."""

EXIT_DENIED = 1

# libvips reads this once, when it is loaded: one thread a pipeline, because many pipelines run side by side.
_BEFORE_LIBVIPS = {"VIPS_CONCURRENCY": "1"}


def main() -> None:
    """Run the program; ends the process."""
    commands(obj=restart)


@click.group("imgsvc", invoke_without_command=True)
@click.version_option(__version__, prog_name="imgsvc")
@click.pass_context
def commands(context: click.Context) -> None:
    """Find, fetch, shrink, adapt, cache and serve pictures. Without a command: serve."""
    context.meta[READY] = partial(_ready, context.obj)
    if context.invoked_subcommand is None:
        context.invoke(serve)


@commands.command()
@click.option("--host", help="Address to listen on; wins over IMGSVC_HOST.")
@click.option("--port", type=click.IntRange(0, 65535), help="Port to listen on; wins over IMGSVC_PORT; 0 = a free one.")
@click.option("--demo", is_flag=True, help="Serve sample pictures under /demo/ and allow them as sources.")
@click.pass_obj
def serve(
    start_again: Restart | None = None, host: str | None = None, port: int | None = None, *, demo: bool = False
) -> None:
    """Serve until SIGTERM."""
    _prepare(start_again)
    import asyncio  # noqa: PLC0415 - after the second start: see the module
    import logging  # noqa: PLC0415

    from imgsvc.settings import SettingsError  # noqa: PLC0415

    given = {"IMGSVC_HOST": host, "IMGSVC_PORT": None if port is None else str(port)}
    settings = _settings({name: value for name, value in given.items() if value is not None})
    from imgsvc.app import CannotListenError  # noqa: PLC0415
    from imgsvc.app import serve as run  # noqa: PLC0415 - loads libvips, which _prepare prepared
    from imgsvc.web.tracing import is_wanted  # noqa: PLC0415

    json_log = _writes_json(settings)
    try:
        with _logging(json_log=json_log) as log:
            logging.getLogger("imgsvc").info("memory: %s", in_force(os.environ))
            announce = partial(_announce, demo=demo)
            traced = is_wanted(os.environ)
            asyncio.run(run(settings, demo=demo, log=log, json_log=json_log, announce=announce, traced=traced))
    except CannotListenError as error:
        fail([f"cannot listen on {settings.server.host}:{settings.server.port} (IMGSVC_HOST, IMGSVC_PORT): {error}"])
    except SettingsError as error:
        fail(error.faults)


@commands.command()
def config() -> None:
    """Print the settings in force, as NAME=value; secrets as ***."""
    for name, value in _settings().in_force():
        click.echo(f"{name}={value}")


@commands.command("check-url")
@click.argument("url")
def check_url(url: str) -> None:
    """Say whether URL may be fetched for anybody, and by which rule."""
    from imgsvc.errors import ImgsvcError  # noqa: PLC0415 - see the module
    from imgsvc.model.hosts import normalise_url  # noqa: PLC0415

    try:
        verdict = _policy().judge(normalise_url(url), signed=False)
    except ImgsvcError as error:
        click.echo(f"denied: {error.detail}")
        sys.exit(EXIT_DENIED)
    click.echo(f"{'allowed' if verdict.allowed else 'denied'}: {verdict.rule}")
    sys.exit(0 if verdict.allowed else EXIT_DENIED)


@commands.command()
@click.argument("target", metavar="PATH-OR-URL")
@click.option("--expires", type=click.IntRange(min=1), metavar="SECONDS", help="How long the signature shall hold.")
def sign(target: str, expires: int | None) -> None:
    """Print PATH-OR-URL's path with a signature by the first of IMGSVC_SIGNING_KEYS."""
    from imgsvc.origin.signature import Signer, signed_text  # noqa: PLC0415 - see the module

    keys = _settings().access.signing_keys
    if not keys:
        fail(["IMGSVC_SIGNING_KEYS: set at least one key to sign with"])
    parts = urlsplit(target)
    replaced = ("sig",) if expires is None else ("sig", "exp")
    pairs = [pair for pair in parse_qsl(parts.query, keep_blank_values=True) if pair[0] not in replaced]
    if expires is not None:
        pairs.append(("exp", str(int(time.time()) + expires)))
    path = parts.path or "/"
    signature = Signer([key.get_secret_value() for key in keys]).sign(path, pairs)
    click.echo(f"{signed_text(path, pairs).decode()}&sig={signature}")


@commands.command()
@click.option("--url", "urls", multiple=True, help="A source's URL, or s3://KEY.")
@click.option("--prefix", "prefixes", multiple=True, help="What URLs begin with: https://HOST/ at least.")
@click.option("--domain", "domains", multiple=True, help="A host, or *.SUFFIX for all below one.")
@click.option("--tag", "tags", multiple=True, help="A word that was given with tag=.")
@click.option("--hard", is_flag=True, help="Delete; without it, what is hit is stale.")
@click.option("--server", metavar="URL", help="The running service; otherwise where IMGSVC_HOST and IMGSVC_PORT say.")
def purge(server: str | None, *, hard: bool, **named: tuple[str, ...]) -> None:
    """Have the running service purge; needs IMGSVC_ADMIN_TOKEN."""
    from imgsvc.web.purge_client import NotPurgedError, ask_to_purge, server_url  # noqa: PLC0415 - see the module

    if not any(named.values()):
        raise click.UsageError("say what: --url, --prefix, --domain or --tag, each as often as needed")
    settings = _settings().server
    if settings.admin_token is None:
        fail(["IMGSVC_ADMIN_TOKEN: set it to the running service's own"])
    if server is None and settings.port == 0:
        fail(["IMGSVC_PORT: 0 is any port; say which with --server"])
    url = server or server_url(settings.host, settings.port)
    try:
        click.echo(ask_to_purge(url, settings.admin_token.get_secret_value(), {**named, "hard": hard}))
    except NotPurgedError as error:
        click.echo(f"imgsvc: {error}", err=True)
        sys.exit(EXIT_DENIED)


@commands.group()
def store() -> None:
    """Look after the place where pictures are kept."""


@store.command("init")
@click.option(
    "--expire-days",
    type=click.IntRange(min=0),
    default=30,
    show_default=True,
    help="Days after which a bucket lets pictures go; 0 = never. A folder has its ceiling instead.",
)
def store_init(expire_days: int) -> None:
    """Make the folder or the bucket, with a bucket's life-cycle rules; safe to repeat."""
    import asyncio  # noqa: PLC0415 - see the module

    from imgsvc.errors import StoreError  # noqa: PLC0415
    from imgsvc.model.freshness import STALE_IF_ERROR_SECONDS  # noqa: PLC0415
    from imgsvc.store.preparing import prepare  # noqa: PLC0415

    settings = _settings()
    longest_seconds = settings.cache.max_ttl_seconds + STALE_IF_ERROR_SECONDS
    try:
        asyncio.run(prepare(settings.store, expire_days, longest_seconds, click.echo))
    except StoreError as error:
        click.echo(f"imgsvc: {error.detail}", err=True)
        sys.exit(EXIT_FAILED)


commands.add_command(card)
commands.add_command(logo)
commands.add_command(warm)


def _policy() -> "SourcePolicy":
    from imgsvc.origin.own import LoopGuard  # noqa: PLC0415 - see the module
    from imgsvc.origin.policy import SourcePolicy  # noqa: PLC0415

    settings = _settings()
    guard = LoopGuard(demo=False)
    guard.listening(settings.server.host, settings.server.port)
    return SourcePolicy(settings.access, settings.origin, guard)


def _prepare(start_again: Restart | None) -> None:
    """Set what is read once: by libvips when it is loaded, by an allocator before the interpreter runs."""
    for name, value in _BEFORE_LIBVIPS.items():
        os.environ.setdefault(name, value)
    choice = _environ().get("IMGSVC_ALLOCATOR", "").strip() or "auto"
    try:
        environment = allocator_environment(choice, os.environ, find_libraries())
    except AllocatorMissingError as error:
        fail([f"IMGSVC_ALLOCATOR: {error}"])
    process_id = str(os.getpid())  # stays the same
    if start_again is not None and environment is not None and os.environ.get(RESTARTED) != process_id:
        start_again({**environment, RESTARTED: process_id})


def _ready(start_again: Restart | None) -> "Settings":
    """Prepare for work with pictures, as ``serve`` does, and give the settings."""
    _prepare(start_again)
    return _settings()


def _environ() -> dict[str, str]:
    """Read ``.env`` in the working directory, then the environment, which wins."""
    return {**_dotenv(Path(".env")), **os.environ}


def _settings(given: Mapping[str, str] | None = None) -> "Settings":
    """Read the environment, then what the command line says, which wins."""
    from imgsvc.settings import Settings, SettingsError, unknown_names  # noqa: PLC0415 - see the module

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
        if not path.exists():  # most have none, and need not wait for what reads it
            return {}
        from dotenv import dotenv_values  # noqa: PLC0415 - see the module

        return {name: value for name, value in dotenv_values(path).items() if value is not None}
    except (OSError, ValueError) as error:
        fail([f"{path}: cannot be read: {error}"])


def _announce(host: str, port: int, *, demo: bool) -> None:
    literal = f"[{host}]" if ":" in host else host
    click.echo(f"imgsvc {__version__} listening on http://{literal}:{port}")
    if demo:
        from imgsvc.web.handlers.demo import SHOWN, demo_url  # noqa: PLC0415 - only shown here

        origin = f"http://{literal}:{port}"
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

    from imgsvc.web.logs import JsonFormatter, LineHandler, LineWriter, TextFormatter  # noqa: PLC0415 - see the module

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
