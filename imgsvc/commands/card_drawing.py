"""A card for the command line: its page read, itself drawn, with everything opened and closed again."""

from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from imgsvc.app import Opened
from imgsvc.commands.card_wish import CardWish
from imgsvc.commands.finding import bytes_of, extension_of
from imgsvc.commands.opening import opened_service
from imgsvc.errors import ImgsvcError, InvalidRequest, Overloaded
from imgsvc.services.answers import Served
from imgsvc.services.opengraph.answers import ShareRequest
from imgsvc.services.opengraph.document import PageDocument
from imgsvc.settings import Settings
from imgsvc.web.error_map import code_of
from imgsvc.web.opengraph.share_params import ShareQuestion, parse_share_query


class DrawnCard(Struct, frozen=True):
    """
    A card to be written.

    Attributes:
        data: its bytes.
        host: of the page.
        description: one line for a person.
        facts: the same for programs.
    """

    data: bytes
    host: str
    description: str
    facts: dict[str, Any]


async def draw(settings: Settings, wish: CardWish) -> DrawnCard:
    """
    Open the service, read the page, draw its card, and close the service again with everything stored.

    Raises:
        SettingsError: the service cannot be opened.
        InvalidRequest: what is asked for makes no sense.
        ImgsvcError: there is no room for it.
    """
    question = parse_share_query(wish.query(), "")
    if not question.source.has_origin:
        raise InvalidRequest("A card is drawn of a page: name its http or https URL.", param="url")
    async with opened_service(settings) as opened:
        return await _draw(opened, question)


async def _draw(opened: Opened, question: ShareQuestion) -> DrawnCard:
    document, error = await _read(opened, question)
    asked = ShareRequest(
        source=question.source, spec=question.spec, kind=question.kind, title=question.title,
        subtitle=question.subtitle,
    )  # fmt: skip
    card = await (await opened.services.annexe.get()).cards.request(asked, document, error)
    served = await opened.services.images.get(replace(card, spec=question.spec))
    try:
        data = await bytes_of(served)
        facts = _facts(question, served, error, len(data))
        return DrawnCard(data, question.source.host, _described(facts), facts)
    finally:
        served.let_go()


async def _read(opened: Opened, question: ShareQuestion) -> tuple[PageDocument | None, ImgsvcError | None]:
    """Read the page, or say why it cannot be read."""
    try:
        known, _ = await (await opened.services.annexe.get()).pages.page(question.source, None)
    except (InvalidRequest, Overloaded):
        raise
    except ImgsvcError as error:
        return None, error
    return known.record, None


def _facts(question: ShareQuestion, served: Served, error: ImgsvcError | None, size_bytes: int) -> dict[str, Any]:
    meta = served.blob.meta
    return {
        "url": question.source.url,
        "host": question.source.host,
        "kind": question.kind,
        "format": extension_of(served),
        "width": meta.width or None,
        "height": meta.height or None,
        "bytes": size_bytes,
        "page_error": None if error is None else {"code": code_of(error), "detail": error.detail},
    }


def _described(facts: dict[str, Any]) -> str:
    """Say in a line what was drawn."""
    size = f"{facts['width']} x {facts['height']} " if facts["width"] else ""
    note = f" (the page could not be read: {facts['page_error']['detail']})" if facts["page_error"] else ""
    return f"{facts['host']}: {facts['kind']}, {size}{facts['format']}{note}"
