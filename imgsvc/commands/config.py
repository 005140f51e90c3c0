"""``imgsvc config``: what is in force."""

import click
from click.decorators import pass_meta_key

from imgsvc.commands import ENVIRON, SETTINGS, Environ, Ready, examples
from imgsvc.commands.output import write_json


@click.command(
    "config",
    short_help="Print the settings in force.",
    epilog=examples("config", "config --changed", "config --json"),
)
@click.option("--changed", is_flag=True, help="Only what the environment or .env sets.")
@click.option("--json", is_flag=True, help="Write NAME: {value, default, is_set} as JSON.")
@pass_meta_key(ENVIRON)
@pass_meta_key(SETTINGS)
def config(settings: Ready, environ: Environ, /, *, changed: bool, json: bool) -> None:
    """
    Print the settings in force as NAME=value, secrets as ***.

    They are read from the environment and from .env in the working directory; the environment wins.
    """
    from imgsvc.settings import Settings, defaults  # noqa: PLC0415 - see the package

    in_force = dict(settings().in_force())
    given = Settings.said(environ())
    names = [name for name in in_force if not changed or name in given]
    if json:
        shipped = defaults()
        write_json({n: {"value": in_force[n], "default": shipped[n], "is_set": n in given} for n in names})
        return
    for name in names:
        click.echo(f"{name}={in_force[name]}")
