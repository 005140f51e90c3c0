"""Making ready what a store needs, before the first start: ``imgsvc store init``."""

import asyncio
import os
from collections.abc import Callable

from imgsvc.errors import StoreError
from imgsvc.settings import StoreSettings
from imgsvc.store.ceiling import Tally
from imgsvc.store.folder import Folder

Say = Callable[[str], object]


async def prepare(settings: StoreSettings, expire_days: int, longest_seconds: int, say: Say) -> None:
    """
    Make the folder or the bucket that the settings name; safe to repeat.

    Args:
        settings: where things are kept.
        expire_days: after so many days a bucket lets pictures go; 0 is never. A folder has its ceiling instead.
        longest_seconds: the longest lifetime of anything.
        say: given each line of what was done.

    Raises:
        StoreError: what failed, in one line.
    """
    if settings.s3_bucket is None:
        await asyncio.to_thread(prepare_folder, settings, say)
        return
    from imgsvc.store.s3_lifecycle import prepare_bucket  # noqa: PLC0415 - only one backend is ever loaded

    await prepare_bucket(settings, expire_days, longest_seconds, say)


def prepare_folder(settings: StoreSettings, say: Say) -> None:
    """Make the folder, write to it, and say how much it may hold; blocking."""
    root = settings.directory
    try:
        root = root.absolute()  # which the working directory, if that is asked for, may be too gone to say
        folder = Folder(root)
        folder.probe()
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno else type(error).__name__
        raise StoreError(f"folder {root}: cannot be written to: {reason}") from error
    tally = Tally(settings.max_bytes)
    found = found_bytes = 0
    for seen in folder.survey():
        found, found_bytes = found + 1, found_bytes + seen.size_bytes
    tally.counted(found_bytes, found, *folder.space())
    say(f"folder {root}: there, and can be written to")
    said = "10 GiB or half of the disk's room, the smaller" if settings.max_bytes is None else "IMGSVC_STORE_MAX_BYTES"
    say(f"ceiling: {tally.ceiling_bytes} bytes ({said})")
    say(f"taken: {tally.used_bytes} bytes, by {tally.entries} objects")
