"""``imgsvc card``: draw the card of a page and write it to a file."""

import sys
from typing import TYPE_CHECKING, Any

import click
from click.decorators import pass_meta_key

from imgsvc.commands import EXIT_FAILED, EXIT_INTERRUPTED, EXIT_SETTINGS, READY, Ready, fail
from imgsvc.commands.output import write_picture

if TYPE_CHECKING:
    from imgsvc.commands.card_drawing import DrawnCard
    from imgsvc.commands.card_wish import CardWish
    from imgsvc.settings import Settings

CARD_FORMATS = ("png", "webp", "avif", "jpg")
KINDS = ("og-card", "person", "company")


@click.command("card", short_help="Draw the card of a page and write it to a file.")
@click.argument("url", metavar="URL")
@click.option(
    "-o", "--output", metavar="FILE",
    help="File to write, by its extension .png, .webp, .avif or .jpg; - = standard output. "
    "Without it: HOST-card.png in the working directory.",
)  # fmt: skip
@click.option("--format", type=click.Choice(CARD_FORMATS), help="Format to write, whatever the extension.")
@click.option(
    "--kind", type=click.Choice(KINDS), default=KINDS[0], show_default=True, help="What the card is about."
)  # fmt: skip
@click.option("--title", metavar="TEXT", default="", help="What stands on it in the place of the page's title.")
@click.option("--subtitle", metavar="TEXT", default="", help="What stands there in the place of its description.")
@click.option("--width", type=click.IntRange(1, 1200), help="Width in px; 1200 unless a height is given.")
@click.option("--height", type=click.IntRange(1, 630), help="Height in px; 630 unless a width is given.")
@pass_meta_key(READY)
def card(ready: Ready, /, **given: Any) -> None:
    """
    Read the page at URL, draw its card, and write that to a file, whether or not the page has a picture of its own.

    Uses the service's settings and store, but needs no running service. A page that cannot be read has a card too.
    Exit code 1: it cannot be drawn; 2: the settings or the command line make no sense.
    """
    from imgsvc.commands.card_wish import CardWish  # noqa: PLC0415 - see the package

    wish = CardWish(**given)
    wish.check()
    drawn = _drawn(ready(), wish)
    write_picture(drawn.data, wish.path(drawn.host), drawn.description)


def _drawn(settings: "Settings", wish: "CardWish") -> "DrawnCard":
    """Draw, with a line on the terminal that says so; every way in which that fails ends the process."""
    import asyncio  # noqa: PLC0415 - see the package

    from imgsvc.commands.card_drawing import draw  # noqa: PLC0415
    from imgsvc.commands.terminal import error_console, searching, warnings_on  # noqa: PLC0415
    from imgsvc.errors import ImgsvcError, InvalidRequest  # noqa: PLC0415
    from imgsvc.settings import SettingsError  # noqa: PLC0415

    console = error_console()
    try:
        with warnings_on(console), searching(console, f"Reading {wish.url}"):
            return asyncio.run(draw(settings, wish))
    except SettingsError as error:
        fail(error.faults)
    except ImgsvcError as error:
        fail([f"{wish.url}: {error.detail}"], EXIT_SETTINGS if isinstance(error, InvalidRequest) else EXIT_FAILED)
    except KeyboardInterrupt:
        sys.exit(EXIT_INTERRUPTED)
