"""``imgsvc get``: fetch a picture, make of it what is asked for, and write it."""

import sys
from typing import TYPE_CHECKING, Any

import click
from click.decorators import pass_meta_key

from imgsvc.commands import READY, Ready, examples
from imgsvc.commands.output import write_facts, write_picture

if TYPE_CHECKING:
    from imgsvc.commands.get_wish import GetWish
    from imgsvc.commands.getting import Got
    from imgsvc.settings import Settings

FITS = ("inside", "cover", "contain", "fill", "outside")
FORMATS = ("auto", "webp", "avif", "png", "jpg", "gif", "original", "json")
MAX_SIDE_PX = 8192


@click.command(
    "get",
    short_help="Fetch a picture, resize and re-encode it.",
    epilog=examples(
        "get https://www.example.com/photo.jpg -o small.webp --width 640",
        "get www.example.com/photo.jpg -o square.jpg --width 80 --height 80 --fit cover --param g=attention",
        "get https://www.example.com/photo.jpg --format json -o -",
    ),
)
@click.argument("url", metavar="URL")
@click.option(
    "-o", "--output", metavar="FILE",
    help="File to write, by its extension .webp, .avif, .png, .jpg or .gif; - = standard output. "
    "Without it: that too, unless it is a terminal.",
)  # fmt: skip
@click.option("--width", type=click.IntRange(1, MAX_SIDE_PX), metavar="PX", help="Width of the box.")
@click.option("--height", type=click.IntRange(1, MAX_SIDE_PX), metavar="PX", help="Height of the box.")
@click.option("--fit", type=click.Choice(FITS), help="How the picture meets a box of both; inside unless said.")
@click.option(
    "--format", type=click.Choice(FORMATS),
    help="Format, whatever the extension; auto is the source's own, json is a description.",
)  # fmt: skip
@click.option("--quality", type=click.IntRange(1, 100), metavar="N", help="Quality of lossy formats.")
@click.option(
    "--param", "params", multiple=True, metavar="NAME=VALUE",
    help="Any parameter of /api/cache/images, such as blur=2 or bg=white; as often as needed.",
)  # fmt: skip
@click.option("--refresh", is_flag=True, help="Ask the source anew, whatever is kept.")
@click.option("--json", is_flag=True, help="Write what was done as JSON; the picture only where -o names a file.")
@pass_meta_key(READY)
def get(ready: Ready, /, **given: Any) -> None:
    """
    Fetch the picture at URL, make of it what is asked for, write it, and say on standard error what was done.

    URL is http(s), without a scheme https, or s3://KEY for a stored picture. Uses the service's settings and store, but
    needs no running service. Neither a signature nor a place in IMGSVC_ALLOWED_HOSTS is needed, and no rate limit
    counts; everything else that keeps the service from a URL holds.
    """
    from imgsvc.commands.get_wish import GetWish  # noqa: PLC0415 - see the package

    wish = GetWish(**given)
    wish.check(is_terminal=sys.stdout is not None and sys.stdout.isatty())
    got = _got(ready(), wish)
    if wish.json:
        write_facts(got.facts, got.data, wish.output)
    else:
        write_picture(got.data, wish.path, got.description)


def _got(settings: "Settings", wish: "GetWish") -> "Got":
    from imgsvc.commands import getting  # noqa: PLC0415 - loads libvips, for which the settings were made ready
    from imgsvc.commands.running import run  # noqa: PLC0415

    return run(getting.get(settings, wish), doing=f"Fetching {wish.url}", subject=wish.url, json=wish.json)
