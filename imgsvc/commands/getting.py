"""A picture for the command line: fetched, made and described, with everything opened and closed again."""

import time
from typing import Any

from msgspec import Struct

from imgsvc.app import Opened
from imgsvc.commands.finding import bytes_of, extension_of
from imgsvc.commands.get_wish import GetWish
from imgsvc.commands.opening import opened_service
from imgsvc.model.source import Source
from imgsvc.services.answers import ImageRequest, Served
from imgsvc.services.refreshes import Refresh
from imgsvc.settings import Settings
from imgsvc.web.layout import Hints
from imgsvc.web.params import ImageQuestion, parse_image_query

_TAKES_ANYTHING = Hints(accept="*/*")

_REFRESHED: dict[Refresh | None, str] = {
    Refresh.FAILED: "its source could not be asked anew, so this is what was kept",
    Refresh.IGNORED: "it was not asked anew: that was done a short time ago (IMGSVC_REFRESH_COOLDOWN)",
}


class Got(Struct, frozen=True):
    """
    A picture to be written.

    Attributes:
        data: its bytes, or a description in JSON.
        description: one line for a person.
        facts: the same, and more, for programs.
    """

    data: bytes
    description: str
    facts: dict[str, Any]


async def get(settings: Settings, wish: GetWish) -> Got:
    """
    Open the service, get one picture, and close the service again with everything stored.

    Raises:
        SettingsError: the service cannot be opened.
        InvalidRequest: what is asked for makes no sense.
        ImgsvcError: what the source, the picture or the load of this process forbids.
    """
    question = parse_image_query(wish.query(), _TAKES_ANYTHING)
    async with opened_service(settings) as opened:
        return await _get(opened, question, refresh=wish.refresh)


async def _get(opened: Opened, question: ImageQuestion, *, refresh: bool) -> Got:
    services = opened.services
    services.access.check_for_operator(question.source)
    refreshed = await services.refreshes.refresh(question.source) if refresh else None
    began = time.perf_counter()
    served = await services.images.get(ImageRequest(question.source, question.spec))
    try:
        data = await bytes_of(served)
        facts = _facts(question, served, len(data), time.perf_counter() - began)
    finally:
        served.let_go()
    description = _described(question.source, facts)
    if refreshed in _REFRESHED:
        description += f"; {_REFRESHED[refreshed]}"
    return Got(data, description, facts | {"refresh": refreshed})


def _facts(question: ImageQuestion, served: Served, size_bytes: int, seconds: float) -> dict[str, Any]:
    meta = served.blob.meta
    timing = {} if served.trace is None else served.trace.seconds
    return {
        "url": question.source.url,
        "format": extension_of(served).removeprefix("application/"),
        "media_type": meta.media_type,
        "width": meta.width or None,
        "height": meta.height or None,
        "bytes": size_bytes,
        "tier": served.tier,
        "hit": served.hit,
        "stale": served.stale,
        "degraded": meta.degraded or None,
        "etag": served.blob.etag or None,
        "seconds": round(seconds, 4),
        "timing_seconds": {name: round(spent, 4) for name, spent in timing.items()},
    }


def _described(source: Source, facts: dict[str, Any]) -> str:
    """Say in a line what was got: such as ``a.test: 640 x 426 webp, 20,480 bytes, from origin in 0.21 s``."""
    size = f"{facts['width']} x {facts['height']} " if facts["width"] else ""
    notes = [*(["stale"] if facts["stale"] else []), *([f"without {facts['degraded']}"] if facts["degraded"] else [])]
    came = f"from {facts['tier']} in {facts['seconds']:.2f} s"
    parts = (f"{size}{facts['format']}", f"{facts['bytes']:,} bytes", came, *notes)
    return f"{source.host or source.url}: {', '.join(parts)}"
