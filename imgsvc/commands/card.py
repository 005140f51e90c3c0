"""``imgsvc card``: draw the card of a page and write it to a file."""

from typing import TYPE_CHECKING, Any

import click
from click.decorators import pass_meta_key

from imgsvc.commands import READY, Ready, examples
from imgsvc.commands.output import write_facts, write_picture

if TYPE_CHECKING:
    from imgsvc.commands.card_drawing import DrawnCard
    from imgsvc.commands.card_wish import CardWish
    from imgsvc.settings import Settings

CARD_FORMATS = ("png", "webp", "avif", "jpg")
KINDS = ("og-card", "person", "company")


@click.command(
    "card",
    short_help="Draw the card of a page.",
    epilog=examples(
        "card https://example.com/about -o card.png",
        "card example.com --kind person --title 'Ada Lovelace' --subtitle Mathematician --format webp",
    ),
)
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
@click.option("--width", type=click.IntRange(1, 1200), metavar="PX", help="Width in px; 1200 unless a height is given.")
@click.option("--height", type=click.IntRange(1, 630), metavar="PX", help="Height in px; 630 unless a width is given.")
@click.option("--json", is_flag=True, help="Write what was drawn as JSON; the card only where -o names a file.")
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
    if wish.json:
        write_facts(drawn.facts, drawn.data, wish.output)
    else:
        write_picture(drawn.data, wish.path(drawn.host), drawn.description)


def _drawn(settings: "Settings", wish: "CardWish") -> "DrawnCard":
    from imgsvc.commands.card_drawing import draw  # noqa: PLC0415 - loads libvips, for which the settings were made ready
    from imgsvc.commands.running import run  # noqa: PLC0415

    return run(draw(settings, wish), doing=f"Reading {wish.url}", subject=wish.url, json=wish.json)
