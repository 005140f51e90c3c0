"""``imgsvc store``: the place where pictures are kept, looked after."""

from typing import TYPE_CHECKING

import click
from click.decorators import pass_meta_key

from imgsvc.commands import EXIT_FAILED, EXIT_INTERRUPTED, SETTINGS, Ready, examples, fail
from imgsvc.commands.output import write_json

if TYPE_CHECKING:
    from imgsvc.settings import Settings


@click.group("store", short_help="Look after the place where pictures are kept.")
def store() -> None:
    """Look after the place where pictures are kept."""


@store.command(
    "init",
    short_help="Make the folder or the bucket.",
    epilog=examples("store init", "store init --expire-days 90 --json"),
)
@click.option(
    "--expire-days", type=click.IntRange(min=0), default=30, show_default=True, metavar="DAYS",
    help="Days after which a bucket lets pictures go; 0 = never. A folder has its ceiling instead.",
)  # fmt: skip
@click.option("--json", is_flag=True, help="Write store and steps as JSON.")
@pass_meta_key(SETTINGS)
def store_init(settings: Ready, /, expire_days: int, *, json: bool) -> None:
    """Make the folder or the bucket, with a bucket's life-cycle rules, and say what was done; safe to repeat."""
    steps: list[str] = []
    read = settings()
    _prepare(read, expire_days, steps, is_quiet=json)
    if json:
        write_json({"store": "folder" if read.store.s3_bucket is None else "bucket", "steps": steps})


def _prepare(settings: "Settings", expire_days: int, steps: list[str], *, is_quiet: bool) -> None:
    """Do it, and say or note each step as it is done."""
    import asyncio  # noqa: PLC0415 - see the package

    from imgsvc.commands.terminal import error_console, searching  # noqa: PLC0415
    from imgsvc.errors import StoreError  # noqa: PLC0415
    from imgsvc.model.freshness import STALE_IF_ERROR_SECONDS  # noqa: PLC0415
    from imgsvc.store.preparing import prepare  # noqa: PLC0415

    longest_seconds = settings.cache.max_ttl_seconds + STALE_IF_ERROR_SECONDS
    try:
        with searching(error_console(), "Preparing the store"):
            asyncio.run(prepare(settings.store, expire_days, longest_seconds, steps.append if is_quiet else click.echo))
    except StoreError as error:
        fail([error.detail], EXIT_FAILED)
    except KeyboardInterrupt:
        fail(["interrupted; it is safe to repeat"], EXIT_INTERRUPTED)
