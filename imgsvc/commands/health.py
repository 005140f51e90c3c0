"""``imgsvc health``: how a running service is; for probes of containers, so it loads as little as can be."""

import sys

import click
from click.decorators import pass_meta_key

from imgsvc.commands import ENVIRON, EXIT_FAILED, Environ, examples, fail, printable
from imgsvc.commands.naming import service_url
from imgsvc.commands.output import write_json

DEFAULT_HOST = "127.0.0.1"
DEFAULT_PORT = "8080"
"""As the settings have them; to load those costs five times what the question does."""

MAX_DIGITS = 20
"""More are not read: the interpreter refuses numbers of thousands."""


@click.command(
    "health",
    short_help="Ask the running service how it is.",
    epilog=examples("health", "health --live --timeout 2", "health --json"),
)
@click.option(
    "--server", callback=service_url, metavar="URL",
    help="The running service; otherwise where IMGSVC_HOST and IMGSVC_PORT say.",
)  # fmt: skip
@click.option("--live", is_flag=True, help="Only whether it answers at all.")
@click.option(
    "--timeout", type=click.FloatRange(0.1, 600), default=5.0, show_default=True, metavar="SECONDS",
    help="Longest wait for the whole answer.",
)  # fmt: skip
@click.option("--json", is_flag=True, help="Write status, reasons, server and the service's own answer as JSON.")
@pass_meta_key(ENVIRON)
def health(environ: Environ, /, server: str | None, timeout: float, *, live: bool, json: bool) -> None:
    """
    Ask the running service how it is, and say so in one line: for probes of containers.

    Exit code 0: healthy or degraded, or with --live alive; 1: unhealthy, or not reached. Where the service listens on
    0.0.0.0 or ::, it is asked at the loopback address.
    """
    from imgsvc.web.health_client import ask_health  # noqa: PLC0415 - see the package

    found = ask_health(server or _server(environ()), live=live, timeout_seconds=timeout)
    if json:
        write_json(found.facts())
    else:
        click.echo(printable(found.line()))
    sys.exit(0 if found.is_good else EXIT_FAILED)


def _server(environ: dict[str, str]) -> str:
    """Say where the service listens, by the two settings that tell it."""
    from imgsvc.web.service_client import server_url  # noqa: PLC0415 - see the package

    host = environ.get("IMGSVC_HOST", "").strip() or DEFAULT_HOST
    port = environ.get("IMGSVC_PORT", "").strip() or DEFAULT_PORT
    if not (port.isascii() and port.isdigit() and len(port) < MAX_DIGITS and 0 < int(port) < 65536):  # noqa: PLR2004 - a port
        fail([f"IMGSVC_PORT: {port[:MAX_DIGITS]!r} is no port to ask at; say which with --server"])
    return server_url(host, int(port))
