"""``imgsvc logo``: find a logo, write it to a file, say why it is the one."""

from typing import TYPE_CHECKING, Any

import click
from click.decorators import pass_meta_key

from imgsvc.commands import EXIT_FAILED, READY, Ready, examples, fail
from imgsvc.commands.output import write_json, write_picture

if TYPE_CHECKING:
    from imgsvc.commands.finding import Drawn, Found
    from imgsvc.commands.wish import LogoWish
    from imgsvc.services.logos.explaining import Explanation
    from imgsvc.settings import Settings

FORMATS = ("png", "webp", "avif", "jpg", "svg")


@click.command(
    "logo",
    short_help="Find a logo, or say why it is the one.",
    epilog=examples(
        "logo example.com --theme dark -o logo.webp",
        "logo example.com --explain",
        "logo 'Example Inc' --company --fallback monogram --size 64",
    ),
)
@click.argument("subject", metavar="DOMAIN")
@click.option("--company", is_flag=True, help="DOMAIN is a company's name.")
@click.option(
    "-o", "--output", metavar="FILE",
    help="File to write, by its extension .png, .webp, .avif, .jpg or .svg; - = standard output. "
    "Without it: DOMAIN.png in the working directory, unless only the search is asked for.",
)  # fmt: skip
@click.option("--format", type=click.Choice(FORMATS), help="Format to write, whatever the extension.")
@click.option(
    "--size", type=click.IntRange(16, 1024), default=256, show_default=True, metavar="PX",
    help="Side in px of the square that the logo fits in.",
)  # fmt: skip
@click.option("--theme", type=click.Choice(("light", "dark")), help="Adapt it to a light or a dark page.")
@click.option("--bg", metavar="COLOUR", help="The page's exact colour: hex or a CSS name.")
@click.option("--explain", is_flag=True, help="Show all candidates in a table, the best first.")
@click.option("--json", is_flag=True, help="Write all candidates as JSON to standard output.")
@click.option("--refresh", is_flag=True, help="Look for it anew, whatever is known.")
@click.option(
    "--fallback", type=click.Choice(("404", "monogram")), default="404", show_default=True,
    help="Where there is no logo: end with exit code 1, or write a letter.",
)  # fmt: skip
@pass_meta_key(READY)
def logo(ready: Ready, /, **given: Any) -> None:
    """
    Find the logo of DOMAIN (a host, a URL or an e-mail address) and write it to a file.

    Uses the service's settings and store, but needs no running service. Exit code 1: there is no logo, or something
    failed; 2: the settings or the command line make no sense.
    """
    from imgsvc.commands.wish import LogoWish  # noqa: PLC0415 - see the package

    wish = LogoWish(**given)
    wish.check()
    found = _found(ready(), wish)
    if found.explained is not None:
        _show(wish, found.explained)
    if found.drawn is not None:
        _write(wish, found.drawn)
    if found.has_none:
        fail([f"no logo found for {wish.subject}"], EXIT_FAILED)


def _found(settings: "Settings", wish: "LogoWish") -> "Found":
    from imgsvc.commands.finding import find  # noqa: PLC0415 - loads libvips, for which the settings were made ready
    from imgsvc.commands.running import run  # noqa: PLC0415

    doing = f"Looking for the logo of {wish.subject}"
    return run(find(settings, wish), doing=doing, subject=wish.subject, json=wish.json)


def _show(wish: "LogoWish", explained: "Explanation") -> None:
    if wish.json:
        write_json(explained)
        return
    from imgsvc.commands.terminal import show_candidates  # noqa: PLC0415 - see the package

    show_candidates(explained)


def _write(wish: "LogoWish", drawn: "Drawn") -> None:
    """Write a logo, unless its bytes are not what was asked for."""
    if wish.format_name == "svg" and drawn.extension != "svg":
        fail([f"the logo of {wish.subject} is {drawn.extension}, not svg: write another format"], EXIT_FAILED)
    write_picture(drawn.data, None if wish.is_piped else wish.path(drawn.domain), drawn.description)
