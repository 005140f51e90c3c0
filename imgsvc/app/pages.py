"""Pages put together: what reads them and answers with what they say."""

import time
from collections.abc import Callable
from contextlib import AsyncExitStack

from msgspec import Struct

from imgsvc.app.ending import Ending
from imgsvc.app.parts import Parts
from imgsvc.cache.failures import RememberedFailures
from imgsvc.pressure.levels import Level
from imgsvc.pressure.monitor import FLUSH_APART_SECONDS
from imgsvc.services.documents import Documents
from imgsvc.services.fetches import FoundFetches
from imgsvc.services.opengraph.document import PageDocument, document_key
from imgsvc.services.opengraph.reading import PageData
from imgsvc.services.opengraph.service import KnownPage, PageService
from imgsvc.services.shelf import Shelf


class Pages(Struct, frozen=True):
    """The service."""

    pages: PageService


def make_pages(
    parts: Parts,
    fetches: FoundFetches,
    shelf: Shelf,
    failures: RememberedFailures,
    ending: Ending,
    stack: AsyncExitStack,
    *,
    clock: Callable[[], float] = time.time,
) -> Pages:
    """Make the service; *stack* ends what it does behind answers."""
    documents = Documents(
        shelf, parts.marks, key_of=document_key, parse=PageDocument.parse, known=KnownPage, clock=clock
    )  # fmt: skip
    parts.monitor.on_sample(Level.EMERGENCY, lambda _: documents.flush(), FLUSH_APART_SECONDS)
    pages = PageService(
        pages=PageData(fetches),
        documents=documents,
        failures=failures,
        flights=parts.flights,
        marks=parts.marks,
        may_run=parts.room_behind(ending),
        clock=clock,
    )
    stack.push_async_callback(pages.aclose)
    return Pages(pages)
