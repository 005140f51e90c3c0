"""``imgsvc purge``: have a running service forget."""

import click
from click.decorators import pass_meta_key

from imgsvc.commands import EXIT_FAILED, SETTINGS, Ready, examples, fail
from imgsvc.commands.naming import service_url
from imgsvc.commands.output import write_json


@click.command(
    "purge",
    short_help="Have the running service purge.",
    epilog=examples(
        "purge --url https://www.example.com/photo.jpg",
        "purge --domain '*.example.com' --tag spring --hard",
    ),
)
@click.option("--url", "urls", multiple=True, metavar="URL", help="A source's URL, or s3://KEY.")
@click.option(
    "--prefix", "prefixes", multiple=True, metavar="URL", help="What URLs begin with: https://HOST/ at least."
)
@click.option("--domain", "domains", multiple=True, metavar="HOST", help="A host, or *.SUFFIX for all below one.")
@click.option("--tag", "tags", multiple=True, metavar="WORD", help="A word that was given with tag=.")
@click.option("--hard", is_flag=True, help="Delete; without it, what is hit is stale.")
@click.option(
    "--server", callback=service_url, metavar="URL",
    help="The running service; otherwise where IMGSVC_HOST and IMGSVC_PORT say.",
)  # fmt: skip
@click.option("--json", is_flag=True, help="Write purged, mode and server as JSON.")
@pass_meta_key(SETTINGS)
def purge(read: Ready, /, server: str | None, *, hard: bool, json: bool, **named: tuple[str, ...]) -> None:
    """
    Have the running service purge what is named: each of --url, --prefix, --domain and --tag as often as needed.

    Needs IMGSVC_ADMIN_TOKEN, the running service's own.
    """
    from imgsvc.web.purge_client import NotPurgedError, ask_to_purge  # noqa: PLC0415 - see the package
    from imgsvc.web.service_client import server_url  # noqa: PLC0415

    if not any(named.values()):
        raise click.UsageError("say what: --url, --prefix, --domain or --tag, each as often as needed")
    settings = read().server
    if settings.admin_token is None:
        fail(["IMGSVC_ADMIN_TOKEN: set it to the running service's own"])
    if server is None and settings.port == 0:
        fail(["IMGSVC_PORT: 0 is any port; say which with --server"])
    url = server or server_url(settings.host, settings.port)
    try:
        purged = ask_to_purge(url, settings.admin_token.reveal(), {**named, "hard": hard})
    except NotPurgedError as error:
        fail([str(error)], EXIT_FAILED)
    if json:
        write_json({"purged": purged.count, "mode": purged.mode, "server": url})
    else:
        click.echo(f"purged {purged.count} ({purged.mode})")
