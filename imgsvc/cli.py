"""
The command line.

``serve`` starts its interpreter twice (see :mod:`imgsvc.allocator`), as a rule before this module is loaded. Still it
loads little, and every function imports what it needs: no command waits for what another needs.
"""

from functools import partial

import click

from imgsvc import __version__
from imgsvc.allocator import Restart, restart
from imgsvc.commands import ENVIRON, READY, SETTINGS, environment, examples, serving
from imgsvc.commands.program import EXIT_CODES, Program
from imgsvc.commands.streams import hold_standard_streams


def main() -> None:
    """Run the program; ends the process."""
    hold_standard_streams()
    commands(prog_name="imgsvc", obj=restart)


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
    context.meta.update(
        {
            READY: partial(environment.ready, context.obj),
            SETTINGS: environment.read_settings,
            ENVIRON: environment.environ,
        }
    )
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
    given = {"IMGSVC_HOST": host, "IMGSVC_PORT": None if port is None else str(port)}
    serving.run(again, {name: value for name, value in given.items() if value is not None}, demo=demo)
